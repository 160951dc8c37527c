"""What each event changes, and which internal commands follow from it."""

from tests.reference.money import released_loss
from tests.reference.world import Account, ClosedOrder, Instrument, Order, Position, Schedule, Waiting, World
from trading.core import terms
from trading.engine import commands, events
from trading.engine.events import AnyEvent

BOTH_SOURCES = (terms.TRIGGER_BY_MARK, terms.TRIGGER_BY_LAST)


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
        case events.OrderAmended():
            fold_amended(world, event)
        case events.OrderTriggered():
            order = touched(world, event.order_id)
            order.untriggered = False
            order.cancelled_lots += event.cut_lots
            enter_book(world, order, event.resting_lots, event.open_loss_units)
        case _:
            fold_instrument(world, event)


def fold_instrument(world: World, event: AnyEvent) -> None:
    match event:
        case events.InstrumentListed():
            world.instruments.append(Instrument(event.terms, event.parameters, event.parameters.version))
            world.instruments.sort(key=lambda one: one.instrument_id)
        case events.ParametersScheduled():
            world.schedules.append(Schedule(event.effective_at_ns, event.instrument_id, event.parameters))
            note_version(world, event.instrument_id, event.parameters.version)
        case events.ParametersChanged():
            world.instrument(event.instrument_id).parameters = event.parameters
            note_version(world, event.instrument_id, event.parameters.version)
        case events.InstrumentStateChanged():
            instrument = world.instrument(event.instrument_id)
            instrument.state = event.state
            queue_triggers(world, instrument, BOTH_SOURCES)
        case events.MarkPriceUpdated():
            instrument = world.instrument(event.instrument_id)
            instrument.mark_price_ticks = event.mark_price_ticks
            queue_triggers(world, instrument, BOTH_SOURCES)


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
    content = commands.PlaceOrder(
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
    )
    order = Order(
        order_id=event.order_id,
        content=content,
        quantity_lots=event.quantity_lots,
        price_ticks=event.price_ticks,
        untriggered=event.trigger_by != 0,
        cancelled_lots=event.cut_lots,
        changed_sequence=world.sequence,
    )
    world.last_number = event.order_id // 64
    world.orders.append(order)
    if order.untriggered:
        queue_triggers(world, world.instrument(event.instrument_id), BOTH_SOURCES)
    else:
        enter_book(world, order, event.resting_lots, event.open_loss_units)


def fold_amended(world: World, event: events.OrderAmended) -> None:
    order = touched(world, event.order_id)
    order.quantity_lots = event.quantity_lots
    order.price_ticks = event.price_ticks
    if event.untriggered:
        queue_triggers(world, world.instrument(event.instrument_id), BOTH_SOURCES)
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
    for order in (maker_order, taker_order):
        order.filled_lots += event.quantity_lots
        close_if_done(world, order)
    maker, taker = world.account(event.maker_account_id), world.account(event.taker_account_id)
    maker.collateral_units += event.maker_realised_pnl_units - event.maker_fee_units
    taker.collateral_units += event.taker_realised_pnl_units - event.taker_fee_units
    world.fee_units += event.maker_fee_units + event.taker_fee_units
    maker.positions[event.instrument_id] = Position(event.maker_position_lots, event.maker_entry_value_units)
    taker.positions[event.instrument_id] = Position(event.taker_position_lots, event.taker_entry_value_units)
    for account in (maker, taker):
        queue_trim(world, account, instrument)
    instrument.last_price_ticks = event.price_ticks
    queue_triggers(world, instrument, (terms.TRIGGER_BY_LAST,))


def queue_trim(world: World, account: Account, instrument: Instrument) -> None:
    orders = world.resting_reduce_only(account.account_id, instrument.instrument_id)
    lots = account.position(instrument.instrument_id).lots
    exceeding = sum(one.resting_lots for one in orders) > abs(lots)
    if orders and (exceeding or any(one.side * lots >= 0 for one in orders)):
        command = commands.TrimReduceOnly(b"", 0, account.account_id, instrument.instrument_id)
        world.waiting.append(Waiting(world.sequence, command))


def queue_triggers(world: World, instrument: Instrument, sources: tuple[int, ...]) -> None:
    if instrument.state != terms.INSTRUMENT_NORMAL:
        return
    for source in sources:
        is_mark = source == terms.TRIGGER_BY_MARK
        price = instrument.mark_price_ticks if is_mark else instrument.last_price_ticks
        stops = [
            one
            for one in world.orders
            if one.untriggered and one.instrument_id == instrument.instrument_id and one.content.trigger_by == source
        ]
        due = [one for one in stops if price and one.direction * (price - one.content.trigger_price_ticks) >= 0]
        due.sort(key=lambda one: (-one.direction, one.direction * one.content.trigger_price_ticks, one.order_id))
        for order in due:
            if not order.queued:
                order.queued = True
                world.waiting.append(Waiting(world.sequence, commands.TriggerOrder(b"", 0, order.order_id)))


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
