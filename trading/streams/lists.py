"""Channels of things that happen: trades and candles of a market; orders, fills, positions and money of an account."""

from typing import Any, Final

import msgspec

from trading.api import market_presenting, presenting, risk_presenting
from trading.projections.candles import CandleRow
from trading.projections.changes import HeardChange
from trading.projections.liquidations import StepRow
from trading.projections.orders import OrderRow
from trading.selectors.accounts import FillView, LedgerLine, PositionLine
from trading.selectors.market import TradeView
from trading.streams import shown
from trading.streams.markets import Markets
from trading.streams.stream import ListStream, Read

_trades: Final = msgspec.msgpack.Decoder(list[TradeView])
_candles: Final = msgspec.msgpack.Decoder(list[CandleRow])
_orders: Final = msgspec.msgpack.Decoder(list[OrderRow])
_fills: Final = msgspec.msgpack.Decoder(list[FillView])
_positions: Final = msgspec.msgpack.Decoder(list[PositionLine])
_steps: Final = msgspec.msgpack.Decoder(list[StepRow])
_lines: Final = msgspec.msgpack.Decoder(list[LedgerLine])


class ScaledStream(ListStream):
    def __init__(self, channel: str, owner_id: int, read: Read, markets: Markets) -> None:
        super().__init__(channel, owner_id, read)
        self.markets = markets


class TradesStream(ScaledStream):
    projection = "trades"

    def present(self, change: HeardChange, *, after: int) -> list[Any]:
        scale = self.markets.scale_by_id(change.owner_id)
        rows = _trades.decode(change.rows)
        return [market_presenting.trade(row, scale=scale) for row in rows if row.sequence > after]


class CandlesStream(ScaledStream):
    """The candles of one interval that a trade changed: of the running one, its state so far."""

    projection = "candles"

    def __init__(self, channel: str, owner_id: int, read: Read, markets: Markets, *, interval_s: int) -> None:
        super().__init__(channel, owner_id, read, markets)
        self._interval_s = interval_s

    def present(self, change: HeardChange, *, after: int) -> list[Any]:
        scale = self.markets.scale_by_id(change.owner_id)
        rows = _candles.decode(change.rows)
        return [
            market_presenting.candle(row, scale=scale)
            for row in rows
            if row.interval_s == self._interval_s and row.sequence > after
        ]


class OrdersStream(ScaledStream):
    """Whole orders. All of them are shown, also again: one that became the first of a group keeps its sequence."""

    projection = "orders"

    def present(self, change: HeardChange, *, after: int) -> list[Any]:
        rows = sorted(_orders.decode(change.rows), key=lambda row: row.sequence)
        return [shown.order_of(row, scale=self.markets.scale_by_id(row.instrument_id)) for row in rows]


class FillsStream(ScaledStream):
    projection = "fills"

    def present(self, change: HeardChange, *, after: int) -> list[Any]:
        return [
            presenting.fill(row, scale=self.markets.scale_by_id(row.instrument_id))
            for row in _fills.decode(change.rows)
            if row.sequence > after
        ]


class PositionsStream(ScaledStream):
    projection = "positions"

    def present(self, change: HeardChange, *, after: int) -> list[Any]:
        return [
            shown.held_position(row, scale=self.markets.scale_by_id(row.instrument_id))
            for row in _positions.decode(change.rows)
            if row.sequence > after
        ]


class AccountStream(ScaledStream):
    """Every change of the account's collateral, with the balance after it."""

    projection = "ledger"

    def present(self, change: HeardChange, *, after: int) -> list[Any]:
        return [
            presenting.ledger_entry(row, scale_by_id=self.markets.scale_by_id)
            for row in _lines.decode(change.rows)
            if row.sequence > after
        ]


class LiquidationsStream(ScaledStream):
    """What was closed of whomever: the rows say nothing of whose it was."""

    projection = "liquidations"

    def present(self, change: HeardChange, *, after: int) -> list[Any]:
        return [
            risk_presenting.public_liquidation(row, scale=self.markets.scale_by_id(row.instrument_id))
            for row in _steps.decode(change.rows)
            if row.sequence > after
        ]
