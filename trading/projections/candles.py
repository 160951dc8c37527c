"""One-minute candles, by the time of the engine."""

from typing import Any

import msgspec

from trading.engine import events as e
from trading.engine.events import Record
from trading.models import Candle
from trading.models.market import MINUTE_NS
from trading.projections.projection import Handler, Projection
from trading.projections.tables import Table


class CandleRow(msgspec.Struct, gc=False):
    """The columns of `Candle`, in its order."""

    instrument_id: int
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
    """The engine's time never goes back, so only an instrument's newest candle can change."""

    name = "candles"
    tables = (Table(Candle),)

    def __init__(self) -> None:
        self._newest: dict[int, CandleRow] = {}
        self._changed: dict[tuple[int, int], CandleRow] = {}

    def handlers(self) -> dict[type, Handler]:
        return {e.TradeExecuted: self._trade}

    def load(self, cursor: Any) -> None:
        table = self.tables[0]
        newest = f"(instrument_id, start_ns) IN (SELECT instrument_id, max(start_ns) FROM {table.name} GROUP BY 1)"
        self._newest = {row[0]: CandleRow(*row) for row in table.read(cursor, where=newest)}

    def write(self, cursor: Any) -> None:
        self.tables[0].upsert(cursor, [msgspec.structs.astuple(row) for row in self._changed.values()])
        self._changed.clear()

    def _trade(self, record: Record, event: e.TradeExecuted) -> None:
        instrument_id, price = event.instrument_id, event.price_ticks
        start_ns = record.time_ns - record.time_ns % MINUTE_NS
        row = self._newest.get(instrument_id)
        if row is None or row.start_ns != start_ns:
            row = CandleRow(instrument_id, start_ns, price, price, price, price, 0, 0, 0, 0)
            self._newest[instrument_id] = row
        row.high_ticks = max(row.high_ticks, price)
        row.low_ticks = min(row.low_ticks, price)
        row.close_ticks = price
        row.volume_lots += event.quantity_lots
        row.turnover_tick_lots += price * event.quantity_lots
        row.trade_count += 1
        row.sequence = record.sequence
        self._changed[instrument_id, start_ns] = row
