"""Orders: one row an order, from its placing to its end."""

from collections.abc import Iterator
from typing import Any

import msgspec

from trading.core.terms import (
    CANCEL_REDUCE_ONLY,
    ORDER_CANCELLED,
    ORDER_FILLED,
    ORDER_NEW,
    ORDER_PARTIALLY_FILLED,
    ORDER_REJECTED,
    ORDER_UNTRIGGERED,
    TRIGGERED_TYPES,
)
from trading.engine import events as e
from trading.engine.events import Record
from trading.models import Order
from trading.projections.owners import ACCOUNT
from trading.projections.projection import Handler, Projection
from trading.projections.tables import Table


class OrderRow(msgspec.Struct, array_like=True, gc=False):
    """The columns of `Order`, in its order."""

    order_id: int
    account_id: int
    instrument_id: int
    client_order_id: str
    side: int
    order_type: int
    time_in_force: int
    self_trade_prevention: int
    post_only: bool
    reduce_only: bool
    trigger_by: int
    trigger_price_ticks: int
    created_at_ns: int
    created_sequence: int
    quantity_lots: int
    price_ticks: int
    open_lots: int
    filled_lots: int
    cancelled_lots: int
    filled_tick_lots: int
    status: int
    cancel_reason: int
    reject_code: str
    updated_at_ns: int
    sequence: int
    expires_at_ns: int
    trailing_distance_ticks: int
    trailing_rate_ppb: int
    activation_price_ticks: int
    display_lots: int
    hidden_lots: int
    parent_order_id: int
    group_id: int
    is_quote: bool

    def settle(self) -> None:
        """Set the status of an active order from its lots; one that lost lots is never `filled`."""
        if self.open_lots:
            self.status = ORDER_PARTIALLY_FILLED if self.filled_lots else ORDER_NEW
        else:
            self.status = ORDER_CANCELLED if self.cancelled_lots else ORDER_FILLED


class Orders(Projection):
    name = "orders"
    owner = ACCOUNT
    tables = (Table(Order),)

    def __init__(self) -> None:
        self._open: dict[int, OrderRow] = {}
        self._placed: dict[int, OrderRow] = {}
        self._changed: dict[int, OrderRow] = {}

    def handlers(self) -> dict[type, Handler]:
        return {
            e.OrderPlaced: self._place,
            e.SpecialOrderPlaced: self._place,
            e.TradeExecuted: self._trade,
            e.OrderReduced: self._reduce,
            e.OrderCancelled: self._reduce,
            e.OrderAmended: self._amend,
            e.OrderTriggered: self._trigger,
            e.OrderRejected: self._reject,
        }

    def load(self, cursor: Any) -> None:
        rows = self.tables[0].read(cursor, where=f"status <= {ORDER_PARTIALLY_FILLED}")
        self._open = {row[0]: OrderRow(*row) for row in rows}

    def changes(self) -> Iterator[tuple[int, int, OrderRow]]:
        for row in (*self._placed.values(), *self._changed.values()):
            yield row.account_id, row.sequence, row

    def write(self, cursor: Any) -> None:
        columns = msgspec.structs.astuple
        self.tables[0].append(cursor, [columns(row) for row in self._placed.values()])
        self.tables[0].upsert(cursor, [columns(row) for row in self._changed.values()])
        self._placed.clear()
        self._changed.clear()

    def _place(self, record: Record, event: e.OrderPlaced) -> None:
        waits = event.order_type in TRIGGERED_TYPES
        self._open[event.order_id] = self._placed[event.order_id] = OrderRow(
            event.order_id,
            event.account_id,
            event.instrument_id,
            event.client_order_id,
            event.side,
            event.order_type,
            event.time_in_force,
            event.self_trade_prevention,
            event.post_only,
            event.reduce_only,
            event.trigger_by,
            event.trigger_price_ticks,
            record.time_ns,
            record.sequence,
            event.quantity_lots,
            event.price_ticks,
            event.quantity_lots - event.cut_lots,
            0,
            event.cut_lots,
            0,
            ORDER_UNTRIGGERED if waits else ORDER_NEW,
            CANCEL_REDUCE_ONLY if event.cut_lots else 0,
            "",
            record.time_ns,
            record.sequence,
            event.expires_at_ns,
            event.trailing_distance_ticks,
            event.trailing_rate_ppb,
            event.activation_price_ticks,
            event.display_lots,
            event.hidden_lots,
            event.parent_order_id,
            event.group_id,
            event.is_quote,
        )
        if event.group_id and not event.parent_order_id:
            self._join_group(event.group_id)

    def _join_group(self, leader_id: int) -> None:
        """The order of that id is in the group now; for the engine that is no change of it, so its sequence stays."""
        leader = self._open[leader_id]
        leader.group_id = leader_id
        self._note(leader)

    def _trade(self, record: Record, event: e.TradeExecuted) -> None:
        lots, tick_lots = event.quantity_lots, event.price_ticks * event.quantity_lots
        for order_id in (event.maker_order_id, event.taker_order_id):
            row = self._change(order_id, record)
            row.open_lots -= lots
            row.filled_lots += lots
            row.filled_tick_lots += tick_lots
            if order_id == event.maker_order_id:
                row.hidden_lots -= event.replenished_lots
            self._settle(row)

    def _reduce(self, record: Record, event: e.OrderReduced | e.OrderCancelled) -> None:
        row = self._change(event.order_id, record)
        row.open_lots -= event.cancelled_lots
        row.cancelled_lots += event.cancelled_lots
        row.cancel_reason = event.reason
        self._settle(row)

    def _amend(self, record: Record, event: e.OrderAmended) -> None:
        row = self._change(event.order_id, record)
        row.quantity_lots = event.quantity_lots
        row.price_ticks = event.price_ticks
        row.open_lots = event.quantity_lots - row.filled_lots - row.cancelled_lots
        row.hidden_lots = event.hidden_lots

    def _trigger(self, record: Record, event: e.OrderTriggered) -> None:
        row = self._change(event.order_id, record)
        if event.cut_lots:
            row.open_lots -= event.cut_lots
            row.cancelled_lots += event.cut_lots
            row.cancel_reason = CANCEL_REDUCE_ONLY
        self._settle(row)

    def _reject(self, record: Record, event: e.OrderRejected) -> None:
        row = self._change(event.order_id, record)
        row.open_lots -= event.cancelled_lots
        row.cancelled_lots += event.cancelled_lots
        row.status = ORDER_REJECTED
        row.reject_code = event.code
        del self._open[event.order_id]

    def _change(self, order_id: int, record: Record) -> OrderRow:
        row = self._open[order_id]
        row.sequence = record.sequence
        row.updated_at_ns = record.time_ns
        self._note(row)
        return row

    def _note(self, row: OrderRow) -> None:
        if row.order_id not in self._placed:
            self._changed[row.order_id] = row

    def _settle(self, row: OrderRow) -> None:
        row.settle()
        if not row.open_lots:
            row.hidden_lots = 0
            del self._open[row.order_id]
