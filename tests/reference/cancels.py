"""Decisions that take orders away: for their users, for the dead man's switch, at their expiry."""

from tests.reference.matching import cancelled, require
from tests.reference.world import DAY_NS, Order, World
from trading.core import terms
from trading.engine import commands, events
from trading.engine.events import AnyEvent


def user_cancelled(order: Order) -> events.OrderCancelled:
    return wholly_cancelled(order, terms.CANCEL_USER)


def wholly_cancelled(order: Order, reason: int) -> events.OrderCancelled:
    return cancelled(
        order,
        order.open_lots,
        reason,
        price_ticks=order.price_ticks,
        rested=not order.untriggered,
    )


def cancel(world: World, command: commands.CancelOrder, time_ns: int) -> list[AnyEvent]:
    account = world.account(command.account_id)
    require(account is not None, "account_not_found")
    require(account.state != terms.ACCOUNT_FROZEN, "account_restricted")
    if command.order_id != 0:
        order = world.order(command.order_id)
        require(order is not None and order.account_id == account.account_id, "order_not_found")
    else:
        order = world.open_with_client_id(account.account_id, command.client_order_id)
        if order is None and command.client_order_id:
            closed = world.closed_with_client_id(account.account_id, command.client_order_id, time_ns)
            require(closed is None, "order_already_closed")
        require(order is not None, "order_not_found")
    require(world.instrument(order.instrument_id).state != terms.INSTRUMENT_HALTED, "instrument_halted")
    return [user_cancelled(order)]


def cancel_all(world: World, command: commands.CancelAllOrders) -> list[AnyEvent]:
    account = world.account(command.account_id)
    require(account is not None, "account_not_found")
    require(account.state != terms.ACCOUNT_FROZEN, "account_restricted")
    instruments = world.instruments
    if command.instrument_id != 0:
        instrument = world.instrument(command.instrument_id)
        require(instrument is not None, "instrument_not_found")
        require(instrument.state != terms.INSTRUMENT_HALTED, "instrument_halted")
        instruments = [instrument]
    found = [
        order
        for instrument in instruments
        if instrument.state != terms.INSTRUMENT_HALTED
        for order in world.orders_of(account.account_id, instrument.instrument_id)
    ]
    return [user_cancelled(order) for order in sorted(found, key=lambda one: one.order_id)]


def cancel_after(world: World, command: commands.CancelAfter, time_ns: int) -> list[AnyEvent]:
    require(world.customer(command.account_id) is not None, "account_not_found")
    require(0 <= command.timeout_ns <= DAY_NS, "invalid_parameter")
    return [events.CancelAfterSet(command.account_id, time_ns + command.timeout_ns if command.timeout_ns else 0)]


def fire_cancel_after(world: World, command: commands.FireCancelAfter) -> list[AnyEvent]:
    found = [one for one in world.orders if one.account_id == command.account_id]
    found.sort(key=lambda one: one.order_id)
    return [
        events.CancelAfterSet(command.account_id, 0),
        *(wholly_cancelled(one, terms.CANCEL_DEAD_MAN) for one in found),
    ]


def expire(world: World, command: commands.ExpireOrder) -> list[AnyEvent]:
    return [wholly_cancelled(world.order(command.order_id), terms.CANCEL_EXPIRED)]
