"""Depth: the lots that each price shows. What icebergs hide is not in it."""

from collections.abc import Iterator
from typing import Any

from trading.core.terms import TRIGGERED_TYPES
from trading.engine import events as e
from trading.engine.events import Record
from trading.models import DepthLevel
from trading.projections.owners import MARKET
from trading.projections.projection import Handler, Projection
from trading.projections.tables import Table

Key = tuple[int, int, int]


class Depth(Projection):
    name = "depth"
    owner = MARKET
    tables = (Table(DepthLevel),)

    def __init__(self) -> None:
        self._lots: dict[Key, int] = {}
        self._changed: dict[Key, int] = {}

    def handlers(self) -> dict[type, Handler]:
        return {
            e.OrderPlaced: self._place,
            e.SpecialOrderPlaced: self._place,
            e.OrderTriggered: self._trigger,
            e.OrderAmended: self._amend,
            e.TradeExecuted: self._trade,
            e.OrderReduced: self._reduce,
            e.OrderCancelled: self._cancel,
        }

    def load(self, cursor: Any) -> None:
        self._lots = {row[:3]: row[3] for row in self.tables[0].read(cursor)}

    def changes(self) -> Iterator[tuple[int, int, tuple[int, int, int]]]:
        """Rows are (side, price_ticks, quantity_lots), 0 lots for a level that is gone."""
        for (instrument_id, side, price_ticks), sequence in self._changed.items():
            yield instrument_id, sequence, (side, price_ticks, self._lots[instrument_id, side, price_ticks])

    def write(self, cursor: Any) -> None:
        """Levels that became empty are gone; one that came and went between two writes never had a row."""
        table, lots = self.tables[0], self._lots
        table.delete(cursor, [key for key in self._changed if not lots[key]])
        table.upsert(cursor, [(*key, lots[key], sequence) for key, sequence in self._changed.items() if lots[key]])
        for key in self._changed:
            if not lots[key]:
                del lots[key]
        self._changed.clear()

    def _place(self, record: Record, event: e.OrderPlaced) -> None:
        waits = event.order_type in TRIGGERED_TYPES
        if event.resting_lots and not waits:
            shown = event.resting_lots - event.hidden_lots
            self._add(record, event.instrument_id, event.side, event.price_ticks, shown)

    def _trigger(self, record: Record, event: e.OrderTriggered) -> None:
        if event.resting_lots:
            self._add(record, event.instrument_id, event.side, event.price_ticks, event.resting_lots)

    def _amend(self, record: Record, event: e.OrderAmended) -> None:
        if event.untriggered:
            return
        left = event.previous_hidden_lots - event.previous_resting_lots
        self._add(record, event.instrument_id, event.side, event.previous_price_ticks, left)
        if event.resting_lots:
            shown = event.resting_lots - event.hidden_lots
            self._add(record, event.instrument_id, event.side, event.price_ticks, shown)

    def _trade(self, record: Record, event: e.TradeExecuted) -> None:
        shown = event.replenished_lots - event.quantity_lots
        self._add(record, event.instrument_id, -event.taker_side, event.price_ticks, shown)

    def _reduce(self, record: Record, event: e.OrderReduced) -> None:
        self._add(record, event.instrument_id, event.side, event.price_ticks, -event.cancelled_lots)

    def _cancel(self, record: Record, event: e.OrderCancelled) -> None:
        if event.rested:
            shown = event.hidden_lots - event.cancelled_lots
            self._add(record, event.instrument_id, event.side, event.price_ticks, shown)

    def _add(self, record: Record, instrument_id: int, side: int, price_ticks: int, lots: int) -> None:
        key = (instrument_id, side, price_ticks)
        self._lots[key] = self._lots.get(key, 0) + lots
        self._changed[key] = record.sequence
