"""Candles of every interval, by the time of the engine."""

from collections.abc import Iterator
from typing import Any

import msgspec

from trading.engine import events as e
from trading.engine.events import Record
from trading.models import Candle
from trading.models.market import INTERVALS_S, SECOND_NS
from trading.projections.owners import MARKET
from trading.projections.projection import Handler, Projection
from trading.projections.tables import Table


class CandleRow(msgspec.Struct, array_like=True, gc=False):
    """The columns of `Candle`, in its order."""

    instrument_id: int
    interval_s: int
    start_ns: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    volume_lots: int
    turnover_tick_lots: int
    trade_count: int
    sequence: int


class Candles(Projection):
    """The engine's time never goes back, so only an instrument's newest candle of each interval can change."""

    name = "candles"
    owner = MARKET
    tables = (Table(Candle),)

    def __init__(self) -> None:
        self._newest: dict[tuple[int, int], CandleRow] = {}
        self._changed: dict[tuple[int, int, int], CandleRow] = {}

    def handlers(self) -> dict[type, Handler]:
        return {e.TradeExecuted: self._trade}

    def load(self, cursor: Any) -> None:
        table = self.tables[0]
        newest = f"SELECT instrument_id, interval_s, max(start_ns) FROM {table.name} GROUP BY 1, 2"
        rows = table.read(cursor, where=f"(instrument_id, interval_s, start_ns) IN ({newest})")
        self._newest = {row[:2]: CandleRow(*row) for row in rows}

    def changes(self) -> Iterator[tuple[int, int, CandleRow]]:
        for row in self._changed.values():
            yield row.instrument_id, row.sequence, row

    def write(self, cursor: Any) -> None:
        self.tables[0].upsert(cursor, [msgspec.structs.astuple(row) for row in self._changed.values()])
        self._changed.clear()

    def _trade(self, record: Record, event: e.TradeExecuted) -> None:
        price, lots = event.price_ticks, event.quantity_lots
        for interval_s in INTERVALS_S.values():
            row = self._running(event.instrument_id, interval_s, record.time_ns, price)
            row.high_ticks = max(row.high_ticks, price)
            row.low_ticks = min(row.low_ticks, price)
            row.close_ticks = price
            row.volume_lots += lots
            row.turnover_tick_lots += price * lots
            row.trade_count += 1
            row.sequence = record.sequence

    def _running(self, instrument_id: int, interval_s: int, time_ns: int, price_ticks: int) -> CandleRow:
        """The candle a trade of this time belongs to."""
        start_ns = time_ns - time_ns % (interval_s * SECOND_NS)
        row = self._newest.get((instrument_id, interval_s))
        if row is None or row.start_ns != start_ns:
            prices = (price_ticks,) * 4
            row = CandleRow(instrument_id, interval_s, start_ns, *prices, 0, 0, 0, 0)
            self._newest[instrument_id, interval_s] = row
        self._changed[instrument_id, interval_s, start_ns] = row
        return row
