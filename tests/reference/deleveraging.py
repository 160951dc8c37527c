"""What nobody takes over is closed against those who hold the other side, the highest rank first, none below zero."""

from dataclasses import dataclass

from risk.core.deleveraging import rank_ppb, rank_scaled
from tests.reference import money, scopes
from tests.reference.cancels import wholly_cancelled
from tests.reference.cases import Case
from tests.reference.settling import Books
from tests.reference.world import Account, Instrument, World
from trading.core import terms
from trading.engine.events import AnyEvent

MOST_COUNTERPARTS = 100


@dataclass
class Placed:
    account: Account
    lots: int
    rank_scaled: int


@dataclass
class Close:
    account: Account
    lots: int
    price_ticks: int
    rank_ppb: int


def deleverage(world: World, case: Case) -> list[AnyEvent]:
    books = Books(world, case.instrument)
    closes = closes_of(
        world, case.instrument, lots=case.position.lots, bankruptcy_price_ticks=case.bankruptcy_price_ticks
    )
    stated: list[AnyEvent] = [case.stepped(terms.STEP_DELEVERAGE, sum(one.lots for one in closes))]
    realised_units = 0
    for place, one in enumerate(closes, 1):
        orders = world.orders_of(one.account.account_id, case.instrument.instrument_id)
        orders.sort(key=lambda order: order.order_id)
        stated += [wholly_cancelled(order, terms.CANCEL_DELEVERAGING) for order in orders]
        stated += books.settle(one.account)
        assigned = books.assign(
            case, one.account, lots=one.lots, price_ticks=one.price_ticks, place=place, rank_ppb=one.rank_ppb
        )
        stated.append(assigned)
        stated += books.margin_after_assignment(one.account, assigned.counterparty_realised_pnl_units)
        realised_units += assigned.realised_pnl_units
    return [*stated, *case.kept_in_position(realised_units)]


def closes_of(world: World, instrument: Instrument, *, lots: int, bankruptcy_price_ticks: int) -> list[Close]:
    """Who closes how many of these signed lots in one record, and at which price."""
    side = 1 if lots > 0 else -1
    queue = queue_of(world, instrument, side)
    cost_units = instrument.value(side * (bankruptcy_price_ticks - instrument.mark_price_ticks), 1)
    closes, left = [], abs(lots)
    for one in queue:
        closed = min(left, one.lots)
        if cost_units > 0:
            closed = min(closed, bearable_units(world, one.account, instrument) // cost_units)
        if closed:
            closes.append(Close(one.account, closed, bankruptcy_price_ticks, rank_ppb(one.rank_scaled)))
            left -= closed
    return (closes or at_own_prices(world, instrument, queue, lots))[:MOST_COUNTERPARTS]


def at_own_prices(world: World, instrument: Instrument, queue: list[Placed], lots: int) -> list[Close]:
    """Each gives what it has, and no more."""
    closes, left = [], abs(lots)
    for one in queue:
        closed = min(left, one.lots)
        if closed:
            given_ticks = bearable_units(world, one.account, instrument) // (closed * instrument.terms.value_units)
            price_ticks = instrument.mark_price_ticks + (given_ticks if lots > 0 else -given_ticks)
            closes.append(Close(one.account, closed, price_ticks, rank_ppb(one.rank_scaled)))
            left -= closed
    return closes


def bearable_units(world: World, account: Account, instrument: Instrument) -> int:
    """What the close of a position may cost it: its own equity, funding paid."""
    position = account.position(instrument.instrument_id)
    if not position.is_isolated:
        return max(0, money.cross_equity(world.instruments, account))
    return max(0, money.isolated_equity(instrument, position))


def queue_of(world: World, instrument: Instrument, side: int) -> list[Placed]:
    """Who holds the side opposite to this one; the insurance fund last."""
    queue = [
        Placed(account, abs(lots), rank_of(world, account, instrument))
        for account in world.accounts
        for lots in [account.position(instrument.instrument_id).lots]
        if lots * side < 0
    ]
    return sorted(queue, key=lambda one: (one.account is world.fund, -one.rank_scaled, one.account.account_id))


def rank_of(world: World, account: Account, instrument: Instrument) -> int:
    position = account.position(instrument.instrument_id)
    scope = scopes.scope_of(account, instrument)
    share_units = scopes.equity(world, account, scope) * money.maintenance(instrument, position.lots)
    return rank_scaled(
        lots=position.lots,
        entry_value_units=position.entry_value_units,
        equity_units=share_units // scopes.maintenance(world, account, scope),
        lot_value_units=instrument.value_at_mark(1),
    )
