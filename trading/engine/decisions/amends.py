"""Changing an open order: a smaller total keeps its place, everything else is a new order under the old id."""

from __future__ import annotations

from trading.core.accounts import Account
from trading.core.markets import Instrument
from trading.core.orders import NOT_SPECIAL, Order, lots_to_hide, release_open_loss
from trading.core.positions import Position
from trading.core.terms import (
    ACCOUNT_CANCEL_ONLY,
    CANCEL_USER,
    INSTRUMENT_CANCEL_ONLY,
    LARGEST_ICEBERG,
    MARKET_TYPES,
)
from trading.engine.commands import AmendOrder
from trading.engine.decisions.cancels import cancelled
from trading.engine.events import AnyEvent, OrderAmended
from trading.engine.execution import Execution
from trading.engine.refusal import refuse
from trading.engine.state import State


def amend_order(state: State, command: AmendOrder) -> list[AnyEvent]:
    account = state.accounts.get(command.account_id)
    if account is None:
        return refuse(command, "account_not_found")
    order = account.orders.get(command.order_id)
    if order is None:
        return refuse(command, "order_not_found")
    special = order.special or NOT_SPECIAL
    if special.is_quote or (special.parent_order_id and command.quantity_lots):
        return refuse(command, "invalid_parameter")
    if command.expected_sequence and command.expected_sequence != order.sequence:
        return refuse(command, "idempotency_conflict")
    instrument = order.position.instrument
    code = _value_refusal(command, order, instrument) or _state_refusal(account, order.position)
    if code:
        return refuse(command, code)
    quantity_lots = command.quantity_lots or order.quantity_lots
    price_ticks = command.price_ticks or order.price_ticks
    open_lots = order.open_lots + quantity_lots - order.quantity_lots
    if open_lots <= 0:
        return [cancelled(order, CANCEL_USER)]
    if special.is_untriggered or (price_ticks == order.price_ticks and open_lots <= order.open_lots):
        return [amended_in_place(order, quantity_lots, open_lots, price_ticks)]
    return _requeue(state, command, order, quantity_lots, price_ticks, open_lots)


def _value_refusal(command: AmendOrder, order: Order, instrument: Instrument) -> str:
    quantity_lots, price_ticks = command.quantity_lots, command.price_ticks
    if quantity_lots == 0 and price_ticks == 0:
        return "invalid_parameter"
    if quantity_lots < 0 or quantity_lots > instrument.maximum_order_lots:
        return "invalid_quantity"
    if quantity_lots and quantity_lots < order.filled_lots:
        return "invalid_quantity"
    display_lots = order.special.display_lots if order.special is not None else 0
    if display_lots and quantity_lots > LARGEST_ICEBERG * display_lots:
        return "invalid_quantity"
    if price_ticks < 0 or price_ticks > instrument.maximum_price_ticks:
        return "invalid_price"
    return "invalid_price" if price_ticks and order.order_type in MARKET_TYPES else ""


def _state_refusal(account: Account, position: Position) -> str:
    instrument = position.instrument
    if account.state >= ACCOUNT_CANCEL_ONLY or account.is_being_liquidated(position):
        return "account_restricted"
    if instrument.state >= INSTRUMENT_CANCEL_ONLY or instrument.mark_price_ticks == 0:
        return "instrument_halted"
    return ""


def _requeue(
    state: State, command: AmendOrder, order: Order, quantity_lots: int, price_ticks: int, open_lots: int
) -> list[AnyEvent]:
    """Match the order anew as if it came in now, with its old reservation gone."""
    account = order.position.account
    if account.may_not_place(order.reduce_only):
        return refuse(command, "account_restricted")
    execution = Execution(order.position, order, open_lots, price_ticks, order)
    code = execution.plan()
    if code:
        return refuse(command, code)
    resting_lots = execution.resting_lots
    display_lots = order.special.display_lots if order.special is not None else 0
    hidden_lots = lots_to_hide(display_lots, resting_lots)
    events: list[AnyEvent] = [
        _amended(order, quantity_lots, price_ticks, resting_lots, execution.open_loss_units, hidden_lots, requeued=True)
    ]
    execution.state_events(state, order.order_id, 0, events)
    return events


def amended_in_place(
    order: Order, quantity_lots: int, open_lots: int, price_ticks: int = 0, wakes: bool = False
) -> OrderAmended:
    """The order keeps its place: at most as many open lots as before, or any number while it waits for its trigger."""
    special = order.special or NOT_SPECIAL
    kept_units = hidden_lots = 0
    if not special.is_untriggered:
        lost_lots = order.open_lots - open_lots
        kept_units = order.open_loss_units - release_open_loss(order, lost_lots)
        hidden_lots = max(0, special.hidden_lots - lost_lots)
    price_ticks = price_ticks or order.price_ticks
    return _amended(order, quantity_lots, price_ticks, open_lots, kept_units, hidden_lots, requeued=False, wakes=wakes)


def _amended(
    order: Order,
    quantity_lots: int,
    price_ticks: int,
    resting_lots: int,
    open_loss_units: int,
    hidden_lots: int,
    requeued: bool,
    wakes: bool = False,
) -> OrderAmended:
    position, special = order.position, order.special or NOT_SPECIAL
    return OrderAmended(
        order.order_id,
        position.account.account_id,
        position.instrument.instrument_id,
        order.side,
        quantity_lots,
        price_ticks,
        order.price_ticks,
        order.open_lots,
        resting_lots,
        open_loss_units,
        requeued,
        special.is_untriggered,
        special.hidden_lots,
        hidden_lots,
        wakes,
    )
