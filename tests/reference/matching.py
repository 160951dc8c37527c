"""Execution: what an order that becomes active now would do, computed without changing anything."""

from dataclasses import dataclass, field

import msgspec

from tests.reference import money, windows
from tests.reference.settling import Books
from tests.reference.world import Account, Instrument, Order, World
from trading.core import terms
from trading.engine.events import AnyEvent, OrderCancelled

MOST_STEPS = 1_000


class Refused(Exception):
    """Carries the code of the first check that failed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def require(condition: bool, code: str) -> None:
    if not condition:
        raise Refused(code)


@dataclass
class Step:
    """One thing a walk does to a maker: a fill, or with a reason the cancellation of all it still has.

    `hidden_lots` are those of what is cancelled.
    """

    maker: Order
    lots: int
    reason: int = 0
    replenished_lots: int = 0
    hidden_lots: int = 0


@dataclass
class Shown:
    """A maker as a walk meets it, perhaps not for the first time."""

    maker: Order
    lots: int
    hidden_lots: int

    def replenished(self) -> "Shown":
        lots = min(self.maker.content.display_lots, self.hidden_lots)
        return Shown(self.maker, lots, self.hidden_lots - lots)


@dataclass
class Walk:
    steps: list[Step] = field(default_factory=list)
    filled_lots: int = 0
    stopped: bool = False
    cut_short: bool = False
    groups: dict[int, int] = field(default_factory=dict)
    costs: dict[int, int] = field(default_factory=dict)  # of accounts, by their fills so far


@dataclass
class Execution:
    resting_lots: int
    cut_lots: int
    open_loss_units: int
    following: list[AnyEvent]
    filled_lots: int = 0


def crosses(side: int, limit_ticks: int, maker_ticks: int) -> bool:
    return side * (limit_ticks - maker_ticks) >= 0


def opposite_orders(world: World, instrument: Instrument, side: int) -> list[Order]:
    """The other side of the book, best price first, oldest first within a price."""
    book = [one for one in world.orders if one.instrument_id == instrument.instrument_id and one.resting_lots]
    return sorted((one for one in book if one.side == -side), key=lambda one: (side * one.price_ticks, one.arrival))


def would_take(world: World, instrument: Instrument, *, side: int, price_ticks: int) -> bool:
    return any(crosses(side, price_ticks, maker.price_ticks) for maker in opposite_orders(world, instrument, side))


def walk(world: World, instrument: Instrument, order: Order, *, limit_ticks: int, lots: int) -> Walk:
    done = Walk()
    user_id = world.account(order.account_id).user_id
    positions = {one.account_id: one.position(instrument.instrument_id).lots for one in world.accounts}
    queue = [
        Shown(one, one.resting_lots - one.hidden_lots, one.hidden_lots)
        for one in opposite_orders(world, instrument, order.side)
    ]
    while queue:
        met = queue.pop(0)
        maker, left = met.maker, lots - done.filled_lots
        if left == 0 or not crosses(order.side, limit_ticks, maker.price_ticks):
            break
        if len(done.steps) >= MOST_STEPS:
            done.cut_short = True
            break
        if world.account(maker.account_id).user_id == user_id:
            prevention = order.content.self_trade_prevention
            if prevention in (terms.EXPIRE_MAKER, terms.EXPIRE_BOTH):
                done.steps.append(all_of(met, terms.CANCEL_SELF_TRADE))
            if prevention in (terms.EXPIRE_TAKER, terms.EXPIRE_BOTH):
                done.stopped = True
                break
            continue
        if maker.group_id and done.groups.get(maker.group_id, maker.order_id) != maker.order_id:
            done.steps.append(all_of(met, terms.CANCEL_GROUP))
            continue
        reducible = maker.resting_lots
        if maker.reduce_only:
            reducible = max(0, -maker.side * positions[maker.account_id])
        fill = min(left, met.lots, reducible)
        cost_units = cost_of(instrument, maker, fill)
        spent_units = done.costs.get(maker.account_id, 0) + cost_units
        held_lots = world.account(maker.account_id).position(instrument.instrument_id).lots
        changed_lots = abs(positions[maker.account_id] - held_lots) + fill
        if cost_units and spent_units > available_units(world, instrument, maker, changed_lots):
            done.steps.append(all_of(met, terms.CANCEL_MARGIN))
            continue
        if fill:
            done.costs[maker.account_id] = spent_units
            replenished_lots = 0
            if fill == met.lots and met.hidden_lots:
                again = met.replenished()
                replenished_lots = again.lots
                stand_behind(queue, again)
            done.steps.append(Step(maker, fill, replenished_lots=replenished_lots))
            done.filled_lots += fill
            done.groups[maker.group_id] = maker.order_id
            positions[maker.account_id] += maker.side * fill
        if maker.reduce_only and fill == reducible < maker.resting_lots:
            done.steps.append(Step(maker, maker.resting_lots - fill, terms.CANCEL_REDUCE_ONLY))
    return done


def all_of(met: Shown, reason: int) -> Step:
    """Shown or hidden, the maker's open lots are cancelled."""
    return Step(met.maker, met.lots + met.hidden_lots, reason, hidden_lots=met.hidden_lots)


def cost_of(instrument: Instrument, maker: Order, lots: int) -> int:
    """What a fill of lots loses its maker at the mark."""
    return instrument.value(max(0, maker.side * (maker.price_ticks - instrument.mark_price_ticks)), lots)


def available_units(world: World, instrument: Instrument, maker: Order, changed_lots: int) -> int:
    """What fills that change the position of the maker's account by so many lots may cost it at the most."""
    account = world.account(maker.account_id)
    cross_units = money.cross_equity(world.instruments, account)
    units = max(0, cross_units)
    position = account.position(instrument.instrument_id)
    if not position.is_isolated:
        return units
    own_units = money.isolated_equity(instrument, position)
    if maker.side * position.lots >= 0:
        return units + max(0, own_units)
    if changed_lots > abs(position.lots):
        return max(0, cross_units + own_units)
    return max(0, units + own_units * changed_lots // abs(position.lots))


def stand_behind(queue: list[Shown], again: Shown) -> None:
    """Behind all others at its price, before those of the next one."""
    ahead = 0
    while ahead < len(queue) and queue[ahead].maker.price_ticks == again.maker.price_ticks:
        ahead += 1
    queue.insert(ahead, again)


def hidden_at_rest(order: Order, resting_lots: int) -> int:
    """Of an order that comes to rest or is requeued."""
    shown = order.content.display_lots or resting_lots
    return resting_lots - min(shown, resting_lots)


def price_limit(instrument: Instrument, order: Order) -> int:
    """The price an order is matched at: its own within the band, or for market kinds the protection price."""
    mark, parameters = instrument.mark_price_ticks, instrument.parameters
    if not order.is_market:
        check_band(instrument, order.price_ticks)
        return order.price_ticks
    if order.side == terms.BUY:
        return mark * (money.PPB + parameters.protection_ppb) // money.PPB
    return money.ceiling(mark * (money.PPB - parameters.protection_ppb), money.PPB)


def check_band(instrument: Instrument, price_ticks: int) -> None:
    mark = instrument.mark_price_ticks
    within = abs(price_ticks - mark) * money.PPB <= windows.band_ppb(instrument) * mark
    require(within, "price_outside_band")


def reduce_only_room(world: World, account: Account, instrument: Instrument, order: Order) -> int:
    lots = account.position(instrument.instrument_id).lots
    if lots * order.side >= 0:
        return 0
    others = world.resting_reduce_only(account.account_id, instrument.instrument_id)
    return abs(lots) - sum(one.resting_lots for one in others if one.order_id != order.order_id)


def execute(
    world: World, account: Account, instrument: Instrument, order: Order, *, lots: int, first_number: int, amended: bool
) -> Execution:
    """Rule 9, a to h: `order` (not in the world yet, or a changed copy) becomes active with `lots`.

    `first_number` is the number its first trade gets. Raises Refused.
    """
    limit_ticks = price_limit(instrument, order)
    if not order.reduce_only:
        priced_at = instrument.mark_price_ticks if order.is_market else limit_ticks
        require(instrument.value(priced_at, lots) >= instrument.parameters.minimum_notional_units, "notional_too_small")
    cut = 0
    if order.reduce_only:
        room = reduce_only_room(world, account, instrument, order)
        require(room > 0 and not (amended and lots > room), "would_not_reduce")
        cut = max(0, lots - room)
    if order.content.post_only or instrument.state == terms.INSTRUMENT_POST_ONLY:
        taking = would_take(world, instrument, side=order.side, price_ticks=limit_ticks)
        require(not taking, "would_take" if order.content.post_only else "post_only_mode")
    walked = walk(world, instrument, order, limit_ticks=limit_ticks, lots=lots - cut)
    if order.content.time_in_force == terms.FOK:
        require(walked.filled_lots == lots, "not_fillable")
    left = lots - cut - walked.filled_lots
    may_rest = order.content.time_in_force in (terms.GTC, terms.GTD) and not order.is_market
    may_rest = may_rest and not walked.stopped and not walked.cut_short
    resting = left if may_rest else 0
    loss = 0 if order.reduce_only else money.open_loss(instrument, order.side, limit_ticks, lots=resting)
    books = Books(world, instrument, first_number=first_number)
    following = trades(books, order, walked)
    kept = [
        one
        for one in world.orders_of(account.account_id, instrument.instrument_id)
        if one.order_id != order.order_id and all(one is not step.maker for step in walked.steps)
    ]
    rest = [money.Resting(order.side, resting, loss, order.reduce_only)] if resting else []
    resting_after = money.resting_of(kept) + rest
    check_position_limit(world, account, instrument, money.Holding(books.position(account), resting_after))
    check_margin(world, books.primed(account), instrument, resting_after)
    following += [*books.margins_of_makers(account), *books.margin_after_trades(account)]
    if left and not resting:
        following.append(cancelled(order, left, rest_reason(order, walked), price_ticks=limit_ticks, rested=False))
    return Execution(resting, cut, loss, following, walked.filled_lots)


def check_position_limit(world: World, account: Account, instrument: Instrument, after: money.Holding) -> None:
    value_after = instrument.value_at_mark(after.largest_lots())
    value_before = instrument.value_at_mark(money.holding(world, account, instrument).largest_lots())
    require(value_after <= instrument.parameters.position_limit_units or value_after <= value_before, "position_limit")


def check_margin(world: World, after: Account, instrument: Instrument, resting: list[money.Resting]) -> None:
    """Of the account as it would be, with these orders in the instrument's book."""
    before = world.account(after.account_id)
    primed, unprimed = money.margin(world, after, resting=(instrument, resting)), money.margin(world, before)
    require(primed.equity_units >= min(0, unprimed.equity_units), "insufficient_margin")
    require(primed.lacking_units <= max(0, unprimed.lacking_units), "insufficient_margin")


def rest_reason(order: Order, walked: Walk) -> int:
    if walked.stopped:
        return terms.CANCEL_SELF_TRADE
    return terms.CANCEL_PROTECTION if order.is_market or walked.cut_short else terms.CANCEL_IOC


def cancelled(order: Order, lots: int, reason: int, *, price_ticks: int, rested: bool) -> OrderCancelled:
    return OrderCancelled(
        order_id=order.order_id,
        account_id=order.account_id,
        instrument_id=order.instrument_id,
        side=order.side,
        price_ticks=price_ticks,
        cancelled_lots=lots,
        rested=rested,
        reason=reason,
        hidden_lots=order.hidden_lots if rested else 0,
    )


def trades(books: Books, order: Order, walked: Walk, taker_fee_ppb: int | None = None) -> list[AnyEvent]:
    """The events of a walk, which `books` keep account of. The taker's fee is the instrument's unless given."""
    stated: list[AnyEvent] = []
    for step in walked.steps:
        maker = step.maker
        if step.reason:
            gone = cancelled(maker, step.lots, step.reason, price_ticks=maker.price_ticks, rested=True)
            stated.append(msgspec.structs.replace(gone, hidden_lots=step.hidden_lots))
        else:
            stated += books.trade(
                maker, order, lots=step.lots, replenished_lots=step.replenished_lots, taker_fee_ppb=taker_fee_ppb
            )
    return stated
