"""The outcome of a command that was sent before, read back from the journal."""

from exchange.contract.errors import ApiError
from trading.engine.answers import order_view, state_as_placed
from trading.engine.commands import AmendOrder, CancelOrder, PlaceOrder
from trading.engine.events import OrderAmended, OrderCancelled, OrderPlaced, OrderRepeated, Record, TradeExecuted
from trading.engine.replies import OrderView, Outcome
from trading.models import Instrument, Order
from trading.models.journal import record_at


def first_outcome(*, command_id: bytes, sequence: int) -> Outcome:
    """What was answered to the command at `sequence`, the best prices (0) left out.

    A placed order is shown as it was after its record; one that was amended, cancelled or placed before, as readers
    know it now. Raises ApiError `read_behind` when they do not know it yet.
    """
    record = record_at(sequence=sequence)
    assert record is not None, "a reply is sent after its COMMIT"
    return Outcome(command_id, sequence, record.time_ns, record.events, _order(record), 0, 0)


def _order(record: Record) -> OrderView | None:
    if not isinstance(record.command, PlaceOrder | AmendOrder | CancelOrder):
        return None
    for event in record.events:
        if isinstance(event, OrderPlaced):
            has_fills = any(isinstance(other, TradeExecuted) for other in record.events)
            value_units = _value_units(event.instrument_id) if has_fills else 0
            return order_view(state_as_placed(event, record, value_units=value_units), record)
        if isinstance(event, OrderAmended | OrderCancelled | OrderRepeated):
            return _as_read(event.order_id)
    return None


def _as_read(order_id: int) -> OrderView:
    row = Order.objects.filter(order_id=order_id).first()
    if row is None:
        raise ApiError("read_behind")
    return OrderView(
        row.order_id,
        row.account_id,
        row.instrument_id,
        row.client_order_id,
        row.side,
        row.order_type,
        row.quantity_lots,
        row.price_ticks,
        row.time_in_force,
        row.self_trade_prevention,
        row.post_only,
        row.reduce_only,
        row.trigger_price_ticks,
        row.trigger_by,
        row.status,
        row.cancel_reason,
        row.reject_code,
        row.filled_lots,
        row.filled_tick_lots * _value_units(row.instrument_id),
        row.cancelled_lots,
        row.created_at_ns,
        row.updated_at_ns,
        row.sequence,
        row.expires_at_ns,
        row.trailing_distance_ticks,
        row.trailing_rate_ppb,
        row.activation_price_ticks,
        row.display_lots,
        row.parent_order_id,
        row.group_id,
        row.is_quote,
    )


def _value_units(instrument_id: int) -> int:
    value_units = Instrument.objects.filter(instrument_id=instrument_id).values_list("value_units", flat=True).first()
    if value_units is None:
        raise ApiError("read_behind")
    return value_units
