"""Cancelling orders, and cutting reduce-only orders that outgrew their position."""

from __future__ import annotations

from typing import Final

from trading.core.orders import Order
from trading.core.positions import NO_SPECIAL_ORDERS
from trading.core.terms import (
    ACCOUNT_FROZEN,
    CANCEL_DEAD_MAN,
    CANCEL_EXPIRED,
    CANCEL_REDUCE_ONLY,
    CANCEL_USER,
    INSTRUMENT_HALTED,
    INSURANCE_FUND,
)
from trading.engine.client_orders import known_client_order
from trading.engine.commands import (
    CancelAfter,
    CancelAllOrders,
    CancelOrder,
    ExpireOrder,
    FireCancelAfter,
    TrimReduceOnly,
)
from trading.engine.events import AnyEvent, CancelAfterSet, OrderCancelled, OrderReduced
from trading.engine.refusal import refuse
from trading.engine.state import State

LONGEST_CANCEL_AFTER_NS: Final = 24 * 3600 * 1_000_000_000


def cancel_order(state: State, command: CancelOrder) -> list[AnyEvent]:
    account = state.accounts.get(command.account_id)
    if account is None:
        return refuse(command, "account_not_found")
    if account.state == ACCOUNT_FROZEN:
        return refuse(command, "account_restricted")
    order_id = command.order_id
    if order_id == 0:
        known = known_client_order(account, command.client_order_id, state.time_ns)
        if known is None:
            return refuse(command, "order_not_found")
        order_id = known[1]
    order = account.orders.get(order_id)
    if order is None:
        return refuse(command, "order_not_found" if command.order_id else "order_already_closed")
    if order.position.instrument.state == INSTRUMENT_HALTED:
        return refuse(command, "instrument_halted")
    return [cancelled(order, CANCEL_USER)]


def cancel_all_orders(state: State, command: CancelAllOrders) -> list[AnyEvent]:
    account = state.accounts.get(command.account_id)
    if account is None:
        return refuse(command, "account_not_found")
    if account.state == ACCOUNT_FROZEN:
        return refuse(command, "account_restricted")
    instrument_id = command.instrument_id
    if instrument_id:
        instrument = state.instruments.get(instrument_id)
        if instrument is None:
            return refuse(command, "instrument_not_found")
        if instrument.state == INSTRUMENT_HALTED:
            return refuse(command, "instrument_halted")
    return [
        cancelled(order, CANCEL_USER)
        for _, order in sorted(account.orders.items())
        if (not instrument_id or order.position.instrument.instrument_id == instrument_id)
        and order.position.instrument.state != INSTRUMENT_HALTED
    ]


def cancel_after(state: State, command: CancelAfter) -> list[AnyEvent]:
    """Arm, renew or switch off the dead man's switch."""
    if command.account_id not in state.accounts or command.account_id == INSURANCE_FUND:
        return refuse(command, "account_not_found")
    if not 0 <= command.timeout_ns <= LONGEST_CANCEL_AFTER_NS:
        return refuse(command, "invalid_parameter")
    deadline_ns = state.time_ns + command.timeout_ns if command.timeout_ns else 0
    return [CancelAfterSet(command.account_id, deadline_ns)]


def fire_cancel_after(state: State, command: FireCancelAfter) -> list[AnyEvent]:
    """Every order goes, in halted instruments too: nobody is there to watch them when the halt ends."""
    events: list[AnyEvent] = [CancelAfterSet(command.account_id, 0)]
    for _, order in sorted(state.accounts[command.account_id].orders.items()):
        events.append(cancelled(order, CANCEL_DEAD_MAN))
    return events


def expire_order(state: State, command: ExpireOrder) -> list[AnyEvent]:
    return [cancelled(state.accounts[command.account_id].orders[command.order_id], CANCEL_EXPIRED)]


def trim_reduce_only(state: State, command: TrimReduceOnly) -> list[AnyEvent]:
    """Newest first, cut resting reduce-only orders until the rest no more than close the position."""
    position = state.accounts[command.account_id].positions[command.instrument_id]
    special = position.special or NO_SPECIAL_ORDERS
    closing_lots = special.reduce_sell_lots if position.lots > 0 else special.reduce_buy_lots
    excess_lots = closing_lots - abs(position.lots)
    events: list[AnyEvent] = []
    for order in reversed(special.reduce_only.values()):
        if position.lots * order.side >= 0:
            events.append(cancelled(order, CANCEL_REDUCE_ONLY))
        elif excess_lots >= order.open_lots:
            excess_lots -= order.open_lots
            events.append(cancelled(order, CANCEL_REDUCE_ONLY))
        elif excess_lots > 0:
            events.append(_reduced(order, excess_lots))
            excess_lots = 0
    events += [cancelled(order, CANCEL_REDUCE_ONLY) for order in position.outlived_attached()]
    return events


def cancelled(order: Order, reason: int) -> OrderCancelled:
    """The event that closes an open order with all it has left."""
    position, special = order.position, order.special
    return OrderCancelled(
        order.order_id,
        position.account.account_id,
        position.instrument.instrument_id,
        order.side,
        order.price_ticks,
        order.open_lots,
        special is None or not special.is_untriggered,
        reason,
        special.hidden_lots if special is not None else 0,
    )


def _reduced(order: Order, lots: int) -> OrderReduced:
    position = order.position
    return OrderReduced(
        order.order_id,
        position.account.account_id,
        position.instrument.instrument_id,
        order.side,
        order.price_ticks,
        lots,
        CANCEL_REDUCE_ONLY,
    )
