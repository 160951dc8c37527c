"""Which internal commands follow from an event, and what trailing stops see of a price."""

from tests.reference.world import Account, Instrument, Order, QuoteFill, Waiting, World
from trading.core import terms
from trading.engine import commands
from trading.engine.commands import InternalCommand

ALL_SOURCES = (terms.TRIGGER_BY_MARK, terms.TRIGGER_BY_LAST, terms.TRIGGER_BY_INDEX)
PATIENT = (commands.TriggerOrder, commands.SettleFunding, commands.Liquidate, commands.UnwindFund)


def queue(world: World, command: InternalCommand) -> None:
    is_patient = isinstance(command, PATIENT)
    is_patient = is_patient or (isinstance(command, commands.CancelGroup) and not command.is_filled)
    (world.waiting if is_patient else world.urgent).append(Waiting(world.sequence, command))


def queue_once(world: World, command: InternalCommand) -> None:
    if all(one.command != command for one in world.waiting):
        queue(world, command)


def queue_after_trade(world: World, instrument: Instrument, maker: Order, taker: Order, *, lots: int) -> None:
    """All but the triggers. Both orders have their `lots` already, both accounts their new positions."""
    for order in (maker, taker):
        queue_trim(world, world.account(order.account_id), instrument)
    for order in (maker, taker):
        queue_sizing(world, order)
        if order.filled_lots == lots and not order.parent_order_id:
            queue_group(world, order, is_filled=True)
    if maker.is_quote:
        count_quote_fill(world, maker, lots)


def queue_trim(world: World, account: Account, instrument: Instrument) -> None:
    orders = world.resting_reduce_only(account.account_id, instrument.instrument_id)
    lots = account.position(instrument.instrument_id).lots
    exceeding = sum(one.resting_lots for one in orders) > abs(lots)
    misplaced = any(one.side * lots >= 0 for one in orders)
    if exceeding or misplaced or world.misplaced_attached(account.account_id, instrument.instrument_id):
        queue(world, commands.TrimReduceOnly(b"", 0, account.account_id, instrument.instrument_id))


def queue_sizing(world: World, order: Order) -> None:
    if order.has_placed_attached:
        queue(world, commands.SizeAttached(b"", 0, order.account_id, order.order_id, order.filled_lots))


def queue_group(world: World, order: Order, *, is_filled: bool) -> None:
    if order.group_id:
        queue(world, commands.CancelGroup(b"", 0, order.account_id, order.group_id, order.order_id, is_filled))


def count_quote_fill(world: World, quote: Order, lots: int) -> None:
    protection = world.protection(quote.account_id, quote.instrument_id)
    if protection is None or not protection.is_watching(world.time_ns):
        return
    protection.fills.append(QuoteFill(world.time_ns, quote.side * lots))
    protection.fills = [one for one in protection.fills if one.time_ns > world.time_ns - protection.window_ns]
    total = sum(abs(one.signed_lots) for one in protection.fills)
    delta = abs(sum(one.signed_lots for one in protection.fills))
    if 0 < protection.quantity_lots <= total or 0 < protection.delta_lots <= delta:
        queue(world, commands.FireMarketMakerProtection(b"", 0, quote.account_id, quote.instrument_id))


def follow(world: World, instrument: Instrument, source: int, only: Order | None = None) -> None:
    price = instrument.price_of(source)
    for one in [only] if only else world.orders:
        trails = one.untriggered and not one.is_asleep and one.content.order_type == terms.TRAILING_STOP
        if price and trails and one.instrument_id == instrument.instrument_id and one.content.trigger_by == source:
            one.follow(price)


def see_last_price(world: World, instrument: Instrument) -> None:
    follow(world, instrument, terms.TRIGGER_BY_LAST)
    queue_triggers(world, instrument, (terms.TRIGGER_BY_LAST,))


def queue_triggers(world: World, instrument: Instrument, sources: tuple[int, ...]) -> None:
    if instrument.state != terms.INSTRUMENT_NORMAL:
        return
    for source in sources:
        price = instrument.price_of(source)
        watching = [
            one
            for one in world.orders
            if one.untriggered and one.instrument_id == instrument.instrument_id and one.content.trigger_by == source
        ]
        due = [one for one in watching if price and one.trigger_ticks and not one.is_asleep]
        due = [one for one in due if one.direction * (price - one.trigger_ticks) >= 0]
        due.sort(key=lambda one: (-one.direction, one.direction * one.trigger_ticks, one.order_id))
        for order in due:
            if not order.queued:
                order.queued = True
                queue_group(world, order, is_filled=False)
                queue(world, commands.TriggerOrder(b"", 0, order.order_id))
