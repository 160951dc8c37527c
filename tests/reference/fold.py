"""What each event changes."""

from tests.reference.fold_risk import fold_risk, hold
from tests.reference.following import (
    ALL_SOURCES,
    follow,
    queue_after_trade,
    queue_sizing,
    queue_triggers,
    queue_trim,
    see_last_price,
)
from tests.reference.money import released_loss
from tests.reference.world import Account, ClosedOrder, Instrument, Order, Protection, Schedule, World
from trading.engine import commands, events
from trading.engine.events import AnyEvent


def fold(world: World, event: AnyEvent) -> None:
    """Changes the world by one event of the record with the world's sequence and time."""
    match event:
        case events.AccountOpened():
            if world.account(event.account_id) is None:
                world.accounts.append(Account(event.account_id, event.user_id))
        case events.AccountStateChanged():
            world.account(event.account_id).state = event.state
        case events.AccountLimitsChanged():
            world.account(event.account_id).maximum_open_orders = event.maximum_open_orders
        case events.CollateralTransferred():
            world.account(event.account_id).collateral_units = event.balance_units
        case events.CancelAfterSet():
            world.account(event.account_id).cancel_after_ns = event.deadline_ns
        case events.LeverageChanged():
            world.account(event.account_id).leverages[event.instrument_id] = event.leverage
        case events.OrderPlaced():
            fold_placed(world, event)
        case events.TradeExecuted():
            fold_trade(world, event)
        case events.OrderReduced():
            order = touched(world, event.order_id)
            leave_book(order, event.cancelled_lots)
            order.cancelled_lots += event.cancelled_lots
        case events.OrderCancelled() | events.OrderRejected():
            order = touched(world, event.order_id)
            order.cancelled_lots += event.cancelled_lots
            close_if_done(world, order)
            if not order.filled_lots:
                queue_sizing(world, order)
            elif order.has_placed_attached:
                queue_trim(world, world.account(order.account_id), world.instrument(order.instrument_id))
        case events.OrderAmended():
            fold_amended(world, event)
        case events.OrderTriggered():
            order = touched(world, event.order_id)
            order.untriggered = False
            order.cancelled_lots += event.cut_lots
            enter_book(world, order, event.resting_lots, event.open_loss_units)
        case events.MarketMakerProtectionSet() | events.MarketMakerProtectionFired():
            fold_protection(world, event)
        case _:
            fold_instrument(world, event)


def fold_instrument(world: World, event: AnyEvent) -> None:
    match event:
        case events.InstrumentListed():
            listed = Instrument(event.terms, event.parameters, event.parameters.version)
            listed.exchange_state = world.exchange_state
            world.instruments.append(listed)
            world.instruments.sort(key=lambda one: one.instrument_id)
        case events.ParametersScheduled():
            world.schedules.append(Schedule(event.effective_at_ns, event.instrument_id, event.parameters))
            note_version(world, event.instrument_id, event.parameters.version)
        case events.ParametersChanged():
            world.instrument(event.instrument_id).parameters = event.parameters
            note_version(world, event.instrument_id, event.parameters.version)
        case _:
            fold_risk(world, event)


def fold_protection(world: World, event: events.MarketMakerProtectionSet | events.MarketMakerProtectionFired) -> None:
    protection = world.protection(event.account_id, event.instrument_id)
    if isinstance(event, events.MarketMakerProtectionFired):
        protection.fills = []
        protection.has_fired = True
        protection.frozen_until_ns = event.frozen_until_ns
        return
    world.protections = [one for one in world.protections if one is not protection]
    world.protections.append(
        Protection(
            account_id=event.account_id,
            instrument_id=event.instrument_id,
            window_ns=event.window_ns,
            quantity_lots=event.quantity_lots,
            delta_lots=event.delta_lots,
            freeze_ns=event.freeze_ns,
        )
    )


def note_version(world: World, instrument_id: int, version: int) -> None:
    instrument = world.instrument(instrument_id)
    instrument.newest_version = max(instrument.newest_version, version)


def touched(world: World, order_id: int) -> Order:
    order = world.order(order_id)
    order.changed_sequence = world.sequence
    return order


def enter_book(world: World, order: Order, resting_lots: int, open_loss_units: int) -> None:
    world.arrivals += 1
    order.arrival = world.arrivals
    order.resting_lots = resting_lots
    order.open_loss_units = open_loss_units


def leave_book(order: Order, lots: int) -> None:
    order.open_loss_units -= released_loss(
        open_loss_units=order.open_loss_units, lots=lots, open_lots=order.resting_lots
    )
    order.resting_lots -= lots


def close_if_done(world: World, order: Order) -> None:
    if order.open_lots:
        return
    world.orders = [one for one in world.orders if one is not order]
    if order.content.client_order_id:
        world.closed.append(ClosedOrder(order, world.time_ns))


def fold_placed(world: World, event: events.OrderPlaced) -> None:
    content = commands.PlaceSpecialOrder(
        command_id=b"",
        valid_until_ns=0,
        account_id=event.account_id,
        instrument_id=event.instrument_id,
        client_order_id=event.client_order_id,
        side=event.side,
        order_type=event.order_type,
        quantity_lots=event.quantity_lots,
        price_ticks=event.price_ticks,
        time_in_force=event.time_in_force,
        self_trade_prevention=event.self_trade_prevention,
        post_only=event.post_only,
        reduce_only=event.reduce_only,
        trigger_price_ticks=event.trigger_price_ticks,
        trigger_by=event.trigger_by,
        expires_at_ns=event.expires_at_ns,
        trailing_distance_ticks=event.trailing_distance_ticks,
        trailing_rate_ppb=event.trailing_rate_ppb,
        activation_price_ticks=event.activation_price_ticks,
        display_lots=event.display_lots,
        group_id=event.group_id,
        attached=event.attached,
    )
    order = Order(
        order_id=event.order_id,
        content=content,
        quantity_lots=event.quantity_lots,
        price_ticks=event.price_ticks,
        untriggered=event.trigger_by != 0,
        cancelled_lots=event.cut_lots,
        changed_sequence=world.sequence,
        hidden_lots=event.hidden_lots,
        group_id=event.group_id,
        parent_order_id=event.parent_order_id,
        is_asleep=event.is_asleep,
        is_quote=event.is_quote,
    )
    world.last_number = event.order_id // 64
    world.orders.append(order)
    relate(world, order)
    if order.untriggered:
        instrument = world.instrument(event.instrument_id)
        follow(world, instrument, event.trigger_by, only=order)
        queue_triggers(world, instrument, ALL_SOURCES)
    else:
        enter_book(world, order, event.resting_lots, event.open_loss_units)


def relate(world: World, order: Order) -> None:
    """A parent learns that it has attached orders; the order that gives a group its id is in it."""
    named = world.order(order.parent_order_id or order.group_id)
    if named is None:
        return
    if order.parent_order_id:
        named.has_placed_attached = True
    else:
        named.group_id = order.group_id


def fold_amended(world: World, event: events.OrderAmended) -> None:
    order = touched(world, event.order_id)
    order.quantity_lots = event.quantity_lots
    order.price_ticks = event.price_ticks
    order.hidden_lots = event.hidden_lots
    if event.untriggered:
        instrument = world.instrument(event.instrument_id)
        if event.wakes:
            order.is_asleep = False
            follow(world, instrument, order.content.trigger_by, only=order)
        queue_triggers(world, instrument, ALL_SOURCES)
    elif event.requeued:
        enter_book(world, order, event.resting_lots, event.open_loss_units)
    else:
        order.resting_lots = event.resting_lots
        order.open_loss_units = event.open_loss_units


def fold_trade(world: World, event: events.TradeExecuted) -> None:
    instrument = world.instrument(event.instrument_id)
    world.last_number = event.trade_id // 64
    maker_order, taker_order = touched(world, event.maker_order_id), touched(world, event.taker_order_id)
    leave_book(maker_order, event.quantity_lots)
    if event.replenished_lots:
        maker_order.hidden_lots -= event.replenished_lots
        world.arrivals += 1
        maker_order.arrival = world.arrivals
    for order in (maker_order, taker_order):
        order.filled_lots += event.quantity_lots
        close_if_done(world, order)
    maker, taker = world.account(event.maker_account_id), world.account(event.taker_account_id)
    maker.collateral_units += event.maker_realised_pnl_units - event.maker_fee_units
    taker.collateral_units += event.taker_realised_pnl_units - event.taker_fee_units
    world.fee_units += event.maker_fee_units + event.taker_fee_units
    hold(maker, instrument, event.maker_position_lots, event.maker_entry_value_units)
    hold(taker, instrument, event.taker_position_lots, event.taker_entry_value_units)
    queue_after_trade(world, instrument, maker_order, taker_order, lots=event.quantity_lots)
    instrument.last_price_ticks = event.price_ticks
    if world.traded is None:
        world.traded = instrument
        see_last_price(world, instrument)


def forget_schedule(world: World, instrument_id: int, version: int) -> None:
    world.schedules = [
        one for one in world.schedules if (one.instrument_id, one.parameters.version) != (instrument_id, version)
    ]


def forget_queued(world: World, order_id: int) -> None:
    """A stop whose trigger came to nothing may be queued again."""
    order = world.order(order_id)
    if order is not None:
        order.queued = False


def rotate_command_ids(world: World, generation_ns: int) -> None:
    if world.time_ns - world.generation_start_ns >= generation_ns:
        world.previous_ids, world.current_ids = world.current_ids, []
        world.generation_start_ns = world.time_ns
