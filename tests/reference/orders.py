"""Decisions on orders: place, amend, trigger, trim. Each returns events or raises Refused."""

from dataclasses import replace

from tests.reference import checks
from tests.reference.cancels import user_cancelled, wholly_cancelled
from tests.reference.checks import CLOSED_STATES, MOTIONLESS
from tests.reference.matching import Execution, Refused, execute, hidden_at_rest, require
from tests.reference.money import released_loss
from tests.reference.world import Account, Instrument, Order, World
from trading.core import terms
from trading.engine import commands, events
from trading.engine.events import AnyEvent


def place(world: World, command: commands.PlaceOrder, time_ns: int) -> list[AnyEvent]:
    account, instrument = world.account(command.account_id), world.instrument(command.instrument_id)
    require(account is not None, "account_not_found")
    require(instrument is not None, "instrument_not_found")
    known = world.open_with_client_id(account.account_id, command.client_order_id) or world.closed_with_client_id(
        account.account_id, command.client_order_id, time_ns
    )
    if command.client_order_id and known:
        require(checks.content_of(known.content) == checks.content_of(command), "duplicate_client_order_id")
        return [events.OrderRepeated(account.account_id, known.order_id)]
    checks.check_shape(command, time_ns)
    checks.check_group(world, command)
    checks.check_numbers(command, instrument)
    require(account.state not in MOTIONLESS, "account_restricted")
    require(account.state != terms.ACCOUNT_REDUCE_ONLY or command.reduce_only, "account_restricted")
    require(not world.is_covered(account, instrument.instrument_id), "account_restricted")
    require(instrument.state not in CLOSED_STATES and instrument.mark_price_ticks > 0, "instrument_halted")
    if instrument.state == terms.INSTRUMENT_POST_ONLY:
        require(checks.is_resting_limit(command), "post_only_mode")
    wanted = len(world.orders_of(account.account_id, instrument.instrument_id)) + len(command.attached)
    require(wanted < checks.open_orders_limit(account, instrument), "too_many_open_orders")
    number = world.last_number + 1
    order = Order(
        order_id=world.identifier(number),
        content=command,
        quantity_lots=command.quantity_lots,
        price_ticks=command.price_ticks,
        untriggered=command.order_type in checks.TRIGGERED_TYPES,
    )
    if order.untriggered:
        done = Execution(command.quantity_lots, 0, 0, [])
    else:
        done = execute(
            world, account, instrument, order, lots=order.quantity_lots, first_number=number + 1, amended=False
        )
    trades = [one for one in done.following if isinstance(one, events.TradeExecuted)]
    attached = attached_placed(world, order, done, first_number=number + 1 + len(trades))
    return [placed(order, done), *done.following, *attached]


def attached_placed(world: World, order: Order, done: Execution, *, first_number: int) -> list[AnyEvent]:
    """The orders it brings, asleep without a fill; none when it has come to nothing."""
    if not (done.resting_lots or done.filled_lots):
        return []
    lots = done.filled_lots or order.quantity_lots
    stated: list[AnyEvent] = []
    for number, one in enumerate(order.content.attached, first_number):
        content = attached_content(order, one, lots)
        attached = Order(
            order_id=world.identifier(number),
            content=content,
            quantity_lots=lots,
            price_ticks=one.price_ticks,
            untriggered=True,
            parent_order_id=order.order_id,
            is_asleep=done.filled_lots == 0,
        )
        stated.append(placed(attached, Execution(lots, 0, 0, [])))
    return stated


def attached_content(order: Order, one: commands.AttachedOrder, lots: int) -> commands.PlaceOrder:
    return commands.PlaceSpecialOrder(
        command_id=b"",
        valid_until_ns=0,
        account_id=order.account_id,
        instrument_id=order.instrument_id,
        client_order_id="",
        side=-order.side,
        order_type=one.order_type,
        quantity_lots=lots,
        price_ticks=one.price_ticks,
        time_in_force=terms.GTC if one.order_type in checks.PRICED_TYPES else terms.IOC,
        self_trade_prevention=order.content.self_trade_prevention,
        reduce_only=True,
        trigger_price_ticks=one.trigger_price_ticks,
        trigger_by=one.trigger_by,
        trailing_distance_ticks=one.trailing_distance_ticks,
        trailing_rate_ppb=one.trailing_rate_ppb,
        activation_price_ticks=one.activation_price_ticks,
        group_id=order.order_id,
    )


def placed(order: Order, done: Execution) -> events.OrderPlaced:
    content = order.content
    common = {
        "order_id": order.order_id,
        "account_id": content.account_id,
        "instrument_id": content.instrument_id,
        "client_order_id": content.client_order_id,
        "side": content.side,
        "order_type": content.order_type,
        "quantity_lots": content.quantity_lots,
        "price_ticks": content.price_ticks,
        "time_in_force": content.time_in_force,
        "self_trade_prevention": content.self_trade_prevention,
        "post_only": content.post_only,
        "reduce_only": content.reduce_only,
        "trigger_price_ticks": content.trigger_price_ticks,
        "trigger_by": content.trigger_by,
        "resting_lots": done.resting_lots,
        "cut_lots": done.cut_lots,
        "open_loss_units": done.open_loss_units,
    }
    if not isinstance(content, commands.PlaceSpecialOrder):
        return events.OrderPlaced(**common)
    return events.SpecialOrderPlaced(
        **common,
        expires_at_ns=content.expires_at_ns,
        trailing_distance_ticks=content.trailing_distance_ticks,
        trailing_rate_ppb=content.trailing_rate_ppb,
        activation_price_ticks=content.activation_price_ticks,
        display_lots=content.display_lots,
        hidden_lots=hidden_at_rest(order, done.resting_lots),
        parent_order_id=order.parent_order_id,
        group_id=content.group_id,
        is_asleep=order.is_asleep,
        is_quote=order.is_quote,
        attached=content.attached,
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
        require(not world.is_covered(account, instrument.instrument_id), "account_restricted")
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
            stated.append(wholly_cancelled(order, terms.CANCEL_REDUCE_ONLY))
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
    misplaced = world.misplaced_attached(command.account_id, command.instrument_id)
    return stated + [wholly_cancelled(order, terms.CANCEL_REDUCE_ONLY) for order in misplaced]


def amend(world: World, command: commands.AmendOrder) -> list[AnyEvent]:
    account = world.account(command.account_id)
    require(account is not None, "account_not_found")
    order = world.order(command.order_id)
    require(order is not None and order.account_id == account.account_id, "order_not_found")
    require(not order.is_quote and not (order.parent_order_id and command.quantity_lots), "invalid_parameter")
    require(command.expected_sequence in (0, order.changed_sequence), "idempotency_conflict")
    instrument = world.instrument(order.instrument_id)
    checks.check_amendment(command, order, instrument)
    require(account.state not in MOTIONLESS, "account_restricted")
    require(not world.is_covered(account, instrument.instrument_id), "account_restricted")
    require(instrument.state not in CLOSED_STATES and instrument.mark_price_ticks > 0, "instrument_halted")
    total = command.quantity_lots or order.quantity_lots
    price_ticks = command.price_ticks or order.price_ticks
    new_open = total - order.filled_lots - order.cancelled_lots
    if new_open <= 0:
        return [user_cancelled(order)]
    changed = replace(order, quantity_lots=total, price_ticks=price_ticks)
    if order.untriggered:
        return [amended(order, changed, Execution(new_open, 0, 0, []), requeued=False, hidden_lots=0)]
    if price_ticks == order.price_ticks and new_open <= order.open_lots:
        return [amended_in_place(order, new_open)]
    return requeue(world, account, instrument, order, changed)


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
    hidden_lots = hidden_at_rest(order, done.resting_lots)
    return [amended(order, changed, done, requeued=True, hidden_lots=hidden_lots), *done.following]


def amended_in_place(order: Order, open_lots: int) -> events.OrderAmended:
    """A resting order goes down to `open_lots`; an iceberg loses hidden ones first."""
    lost = order.open_lots - open_lots
    released = released_loss(open_loss_units=order.open_loss_units, lots=lost, open_lots=order.open_lots)
    kept = Execution(open_lots, 0, order.open_loss_units - released, [])
    changed = replace(order, quantity_lots=order.quantity_lots - lost)
    return amended(order, changed, kept, requeued=False, hidden_lots=max(0, order.hidden_lots - lost))


def amended(
    before: Order, after: Order, done: Execution, *, requeued: bool, hidden_lots: int, wakes: bool = False
) -> events.OrderAmended:
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
        previous_hidden_lots=before.hidden_lots,
        hidden_lots=hidden_lots,
        wakes=wakes,
    )
