"""Trades as the public sees them, and fills: their two sides with role, fee and realised profit."""

from collections.abc import Iterator
from typing import Any

from trading.engine import events as e
from trading.engine.events import Record
from trading.models import Fill, Trade
from trading.projections.owners import ACCOUNT, MARKET
from trading.projections.projection import Handler, Projection
from trading.projections.tables import Table

Row = tuple[int, ...]


class Trades(Projection):
    name = "trades"
    owner = MARKET
    tables = (Table(Trade),)

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def handlers(self) -> dict[type, Handler]:
        return {e.TradeExecuted: self._trade}

    def changes(self) -> Iterator[tuple[int, int, Row]]:
        for row in self._rows:
            yield row[1], row[-1], row

    def write(self, cursor: Any) -> None:
        self.tables[0].append(cursor, self._rows)
        self._rows = []

    def _trade(self, record: Record, event: e.TradeExecuted) -> None:
        self._rows.append(
            (
                event.trade_id,
                event.instrument_id,
                event.price_ticks,
                event.quantity_lots,
                event.taker_side,
                record.time_ns,
                record.sequence,
            )
        )


class Fills(Projection):
    name = "fills"
    owner = ACCOUNT
    tables = (Table(Fill),)

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def handlers(self) -> dict[type, Handler]:
        return {e.TradeExecuted: self._trade}

    def changes(self) -> Iterator[tuple[int, int, Row]]:
        for row in self._rows:
            yield row[3], row[-1], row

    def write(self, cursor: Any) -> None:
        self.tables[0].append(cursor, self._rows)
        self._rows = []

    def _trade(self, record: Record, event: e.TradeExecuted) -> None:
        trade_id, instrument_id = event.trade_id, event.instrument_id
        price_ticks, quantity_lots = event.price_ticks, event.quantity_lots
        self._rows.append(
            (
                2 * trade_id,
                trade_id,
                event.maker_order_id,
                event.maker_account_id,
                instrument_id,
                -event.taker_side,
                False,
                price_ticks,
                quantity_lots,
                event.maker_fee_units,
                event.maker_realised_pnl_units,
                record.time_ns,
                record.sequence,
            )
        )
        self._rows.append(
            (
                2 * trade_id + 1,
                trade_id,
                event.taker_order_id,
                event.taker_account_id,
                instrument_id,
                event.taker_side,
                True,
                price_ticks,
                quantity_lots,
                event.taker_fee_units,
                event.taker_realised_pnl_units,
                record.time_ns,
                record.sequence,
            )
        )
