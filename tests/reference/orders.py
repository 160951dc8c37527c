"""Decisions on orders: place, amend, cancel, trigger, trim. Each returns events or raises Refused."""

from dataclasses import replace

from tests.reference.matching import Execution, Refused, cancelled, execute, require
from tests.reference.money import released_loss
from tests.reference.world import Account, Instrument, Order, World
from trading.core import terms
from trading.engine import commands, events
from trading.engine.events import AnyEvent

TRIGGERED_TYPES = (terms.STOP, terms.STOP_LIMIT, terms.TAKE_PROFIT, terms.TAKE_PROFIT_LIMIT)
PRICED_TYPES = (terms.LIMIT, terms.STOP_LIMIT, terms.TAKE_PROFIT_LIMIT)
RESTING_TIMES = (terms.GTC, terms.GTD)
DAY_NS = 24 * 3600 * 10**9
MOTIONLESS = (terms.ACCOUNT_CANCEL_ONLY, terms.ACCOUNT_FROZEN)
CLOSED_STATES = (terms.INSTRUMENT_CANCEL_ONLY, terms.INSTRUMENT_HALTED)


def place(world: World, command: commands.PlaceOrder, time_ns: int) -> list[AnyEvent]:
    account, instrument = world.account(command.account_id), world.instrument(command.instrument_id)
    require(account is not None, "account_not_found")
    require(instrument is not None, "instrument_not_found")
    known = world.open_with_client_id(account.account_id, command.client_order_id) or world.closed_with_client_id(
        account.account_id, command.client_order_id, time_ns
    )
    if command.client_order_id and known:
        require(content_of(known.content) == content_of(command), "duplicate_client_order_id")
        return [events.OrderRepeated(account.account_id, known.order_id)]
    check_shape(command, time_ns)
    check_numbers(command, instrument)
    require(account.state not in MOTIONLESS, "account_restricted")
    require(account.state != terms.ACCOUNT_REDUCE_ONLY or command.reduce_only, "account_restricted")
    require(instrument.state not in CLOSED_STATES and instrument.mark_price_ticks > 0, "instrument_halted")
    if instrument.state == terms.INSTRUMENT_POST_ONLY:
        require(
            command.order_type == terms.LIMIT and command.time_in_force in RESTING_TIMES,
            "post_only_mode",
        )
    limit = account.maximum_open_orders or instrument.parameters.maximum_open_orders
    require(len(world.orders_of(account.account_id, instrument.instrument_id)) < limit, "too_many_open_orders")
    number = world.last_number + 1
    order = Order(
        order_id=world.identifier(number),
        content=command,
        quantity_lots=command.quantity_lots,
        price_ticks=command.price_ticks,
        untriggered=command.order_type in TRIGGERED_TYPES,
    )
    if order.untriggered:
        return [placed(order, Execution(command.quantity_lots, 0, 0, []))]
    done = execute(world, account, instrument, order, lots=order.quantity_lots, first_number=number + 1, amended=False)
    return [placed(order, done), *done.following]


def content_of(command: commands.PlaceOrder) -> tuple:
    return (
        command.instrument_id,
        command.side,
        command.order_type,
        command.quantity_lots,
        command.price_ticks,
        command.time_in_force,
        command.self_trade_prevention,
        command.post_only,
        command.reduce_only,
        command.trigger_price_ticks,
        command.trigger_by,
        command.expires_at_ns,
    )


def check_shape(command: commands.PlaceOrder, time_ns: int) -> None:
    triggered = command.order_type in TRIGGERED_TYPES
    immediate = command.time_in_force in (terms.IOC, terms.FOK)
    right = [
        command.side in (terms.BUY, terms.SELL),
        command.order_type in (terms.MARKET, terms.STOP, terms.TAKE_PROFIT, *PRICED_TYPES),
        command.time_in_force in (terms.IOC, terms.FOK, *RESTING_TIMES),
        command.self_trade_prevention in (terms.EXPIRE_MAKER, terms.EXPIRE_TAKER, terms.EXPIRE_BOTH),
        len(command.client_order_id) <= 36,
        immediate or command.order_type in PRICED_TYPES,
        not command.post_only or (command.order_type == terms.LIMIT and command.time_in_force in RESTING_TIMES),
        triggered == (command.trigger_price_ticks != 0),
        command.trigger_by in ((terms.TRIGGER_BY_MARK, terms.TRIGGER_BY_LAST) if triggered else (0,)),
        command.expires_at_ns > time_ns if command.time_in_force == terms.GTD else command.expires_at_ns == 0,
    ]
    require(all(right), "invalid_parameter")


def check_numbers(command: commands.PlaceOrder, instrument: Instrument) -> None:
    highest = instrument.parameters.maximum_price_ticks
    require(1 <= command.quantity_lots <= instrument.parameters.maximum_order_lots, "invalid_quantity")
    if command.order_type in PRICED_TYPES:
        require(1 <= command.price_ticks <= highest, "invalid_price")
    else:
        require(command.price_ticks == 0, "invalid_price")
    if command.order_type in TRIGGERED_TYPES:
        require(1 <= command.trigger_price_ticks <= highest, "invalid_price")


def placed(order: Order, done: Execution) -> events.OrderPlaced:
    content = order.content
    return events.OrderPlaced(
        order_id=order.order_id,
        account_id=content.account_id,
        instrument_id=content.instrument_id,
        client_order_id=content.client_order_id,
        side=content.side,
        order_type=content.order_type,
        quantity_lots=content.quantity_lots,
        price_ticks=content.price_ticks,
        time_in_force=content.time_in_force,
        self_trade_prevention=content.self_trade_prevention,
        post_only=content.post_only,
        reduce_only=content.reduce_only,
        trigger_price_ticks=content.trigger_price_ticks,
        trigger_by=content.trigger_by,
        resting_lots=done.resting_lots,
        cut_lots=done.cut_lots,
        open_loss_units=done.open_loss_units,
        expires_at_ns=content.expires_at_ns,
    )


def trigger(world: World, command: commands.TriggerOrder) -> list[AnyEvent]:
    order = world.order(command.order_id)
    if order is None:
        return []
    account, instrument = world.account(order.account_id), world.instrument(order.instrument_id)
    if instrument.state != terms.INSTRUMENT_NORMAL:
        return []
    try:
        require(account.state not in MOTIONLESS, "account_restricted")
        require(account.state != terms.ACCOUNT_REDUCE_ONLY or order.reduce_only, "account_restricted")
        done = execute(
            world,
            account,
            instrument,
            order,
            lots=order.open_lots,
            first_number=world.last_number + 1,
            amended=False,
        )
    except Refused as refusal:
        return [
            events.OrderRejected(order.order_id, order.account_id, order.instrument_id, order.open_lots, refusal.code)
        ]
    head = events.OrderTriggered(
        order_id=order.order_id,
        account_id=order.account_id,
        instrument_id=order.instrument_id,
        side=order.side,
        price_ticks=order.price_ticks,
        resting_lots=done.resting_lots,
        cut_lots=done.cut_lots,
        open_loss_units=done.open_loss_units,
    )
    return [head, *done.following]


def trim(world: World, command: commands.TrimReduceOnly) -> list[AnyEvent]:
    lots = world.account(command.account_id).position(command.instrument_id).lots
    orders = world.resting_reduce_only(command.account_id, command.instrument_id)
    excess = sum(one.resting_lots for one in orders if one.side * lots < 0) - abs(lots)
    stated: list[AnyEvent] = []
    for order in sorted(orders, key=lambda one: -one.arrival):
        surplus = order.resting_lots
        if order.side * lots < 0:
            surplus = max(0, min(order.resting_lots, excess))
            excess -= surplus
        if surplus == order.resting_lots:
            stated.append(
                cancelled(order, surplus, terms.CANCEL_REDUCE_ONLY, price_ticks=order.price_ticks, rested=True)
            )
        elif surplus:
            stated.append(
                events.OrderReduced(
                    order_id=order.order_id,
                    account_id=order.account_id,
                    instrument_id=order.instrument_id,
                    side=order.side,
                    price_ticks=order.price_ticks,
                    cancelled_lots=surplus,
                    reason=terms.CANCEL_REDUCE_ONLY,
                )
            )
    return stated


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
    require(world.account(command.account_id) is not None, "account_not_found")
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


def amend(world: World, command: commands.AmendOrder) -> list[AnyEvent]:
    account = world.account(command.account_id)
    require(account is not None, "account_not_found")
    order = world.order(command.order_id)
    require(order is not None and order.account_id == account.account_id, "order_not_found")
    require(command.expected_sequence in (0, order.changed_sequence), "idempotency_conflict")
    instrument = world.instrument(order.instrument_id)
    check_amendment(command, order, instrument)
    require(account.state not in MOTIONLESS, "account_restricted")
    require(instrument.state not in CLOSED_STATES and instrument.mark_price_ticks > 0, "instrument_halted")
    total = command.quantity_lots or order.quantity_lots
    price_ticks = command.price_ticks or order.price_ticks
    new_open = total - order.filled_lots - order.cancelled_lots
    if new_open <= 0:
        return [user_cancelled(order)]
    changed = replace(order, quantity_lots=total, price_ticks=price_ticks)
    if order.untriggered:
        return [amended(order, changed, Execution(new_open, 0, 0, []), requeued=False)]
    if price_ticks == order.price_ticks and new_open <= order.open_lots:
        released = released_loss(
            open_loss_units=order.open_loss_units, lots=order.open_lots - new_open, open_lots=order.open_lots
        )
        kept = Execution(new_open, 0, order.open_loss_units - released, [])
        return [amended(order, changed, kept, requeued=False)]
    return requeue(world, account, instrument, order, changed)


def check_amendment(command: commands.AmendOrder, order: Order, instrument: Instrument) -> None:
    require(command.quantity_lots != 0 or command.price_ticks != 0, "invalid_parameter")
    require(0 <= command.quantity_lots <= instrument.parameters.maximum_order_lots, "invalid_quantity")
    require(command.quantity_lots == 0 or command.quantity_lots >= order.filled_lots, "invalid_quantity")
    require(0 <= command.price_ticks <= instrument.parameters.maximum_price_ticks, "invalid_price")
    require(command.price_ticks == 0 or not order.is_market, "invalid_price")


def requeue(world: World, account: Account, instrument: Instrument, order: Order, changed: Order) -> list[AnyEvent]:
    require(account.state != terms.ACCOUNT_REDUCE_ONLY or order.reduce_only, "account_restricted")
    done = execute(
        world,
        account,
        instrument,
        changed,
        lots=changed.open_lots,
        first_number=world.last_number + 1,
        amended=True,
    )
    return [amended(order, changed, done, requeued=True), *done.following]


def amended(before: Order, after: Order, done: Execution, *, requeued: bool) -> events.OrderAmended:
    return events.OrderAmended(
        order_id=before.order_id,
        account_id=before.account_id,
        instrument_id=before.instrument_id,
        side=before.side,
        quantity_lots=after.quantity_lots,
        price_ticks=after.price_ticks,
        previous_price_ticks=before.price_ticks,
        previous_resting_lots=before.open_lots,
        resting_lots=done.resting_lots,
        open_loss_units=done.open_loss_units,
        requeued=requeued,
        untriggered=before.untriggered,
    )
