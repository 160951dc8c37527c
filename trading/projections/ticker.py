"""The ticker's own numbers: last trade, mark and index price, open interest, last funding.

Best prices and statistics are read elsewhere.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from trading.engine import events as e
from trading.engine.events import Record
from trading.models import Ticker
from trading.projections.owners import MARKET
from trading.projections.projection import Handler, Projection
from trading.projections.tables import Table


class TickerRow(msgspec.Struct, array_like=True, gc=False):
    """The columns of `Ticker`, in its order."""

    instrument_id: int
    last_price_ticks: int = 0
    last_quantity_lots: int = 0
    last_trade_at_ns: int = 0
    mark_price_ticks: int = 0
    open_interest_lots: int = 0
    sequence: int = 0
    index_price_ticks: int = 0
    funding_rate_ppb: int = 0
    funded_period_ns: int = 0


class Tickers(Projection):
    name = "ticker"
    owner = MARKET
    tables = (Table(Ticker),)

    def __init__(self) -> None:
        self._rows: dict[int, TickerRow] = {}
        self._changed: dict[int, TickerRow] = {}

    def handlers(self) -> dict[type, Handler]:
        return {
            e.InstrumentListed: self._list,
            e.MarkPriceUpdated: self._update_mark,
            e.TradeExecuted: self._trade,
            e.PositionAssigned: self._assign,
            e.FundingApplied: self._fund,
        }

    def load(self, cursor: Any) -> None:
        self._rows = {row[0]: TickerRow(*row) for row in self.tables[0].read(cursor)}

    def changes(self) -> Iterator[tuple[int, int, TickerRow]]:
        for row in self._changed.values():
            yield row.instrument_id, row.sequence, row

    def write(self, cursor: Any) -> None:
        self.tables[0].upsert(cursor, [msgspec.structs.astuple(row) for row in self._changed.values()])
        self._changed.clear()

    def _list(self, record: Record, event: e.InstrumentListed) -> None:
        instrument_id = event.terms.instrument_id
        self._rows[instrument_id] = TickerRow(instrument_id)
        self._change(instrument_id, record)

    def _update_mark(self, record: Record, event: e.MarkPriceUpdated) -> None:
        row = self._change(event.instrument_id, record)
        row.mark_price_ticks = event.mark_price_ticks
        row.index_price_ticks = event.index_price_ticks or row.index_price_ticks

    def _trade(self, record: Record, event: e.TradeExecuted) -> None:
        row = self._change(event.instrument_id, record)
        row.last_price_ticks = event.price_ticks
        row.last_quantity_lots = event.quantity_lots
        row.last_trade_at_ns = record.time_ns
        bought = event.taker_side * event.quantity_lots
        row.open_interest_lots += _longs_added(event.taker_position_lots, event.maker_position_lots, bought)

    def _assign(self, record: Record, event: e.PositionAssigned) -> None:
        row, bought = self._change(event.instrument_id, record), event.side * event.quantity_lots
        row.open_interest_lots += _longs_added(event.position_lots, event.counterparty_position_lots, bought)

    def _fund(self, record: Record, event: e.FundingApplied) -> None:
        row = self._change(event.instrument_id, record)
        row.funding_rate_ppb = event.rate_ppb
        row.funded_period_ns = event.period_ns

    def _change(self, instrument_id: int, record: Record) -> TickerRow:
        row = self._changed[instrument_id] = self._rows[instrument_id]
        row.sequence = record.sequence
        return row


def _longs_added(buyer_lots: int, seller_lots: int, bought: int) -> int:
    """By how much the sum of long positions grew; both as they are after one bought these (signed) of the other."""
    return max(buyer_lots, 0) - max(buyer_lots - bought, 0) + max(seller_lots, 0) - max(seller_lots + bought, 0)
