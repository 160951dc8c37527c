"""What nobody takes over is closed against those who hold the other side, the highest rank first."""

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


def deleverage(world: World, case: Case) -> list[AnyEvent]:
    books = Books(world, case.instrument)
    left, realised_units = abs(case.position.lots), 0
    stated: list[AnyEvent] = []
    for place, one in enumerate(queue_of(world, case.instrument, case.side)[:MOST_COUNTERPARTS], 1):
        lots = min(left, one.lots)
        if lots == 0:
            break
        orders = world.orders_of(one.account.account_id, case.instrument.instrument_id)
        orders.sort(key=lambda order: order.order_id)
        stated += [wholly_cancelled(order, terms.CANCEL_DELEVERAGING) for order in orders]
        stated += books.settle(one.account)
        assigned = books.assign(case, one.account, lots=lots, place=place, rank_ppb=rank_ppb(one.rank_scaled))
        stated += [assigned, *books.margin_after_trades(one.account)]
        left -= lots
        realised_units += assigned.realised_pnl_units
    stepped = case.stepped(terms.STEP_DELEVERAGE, abs(case.position.lots) - left)
    return [stepped, *stated, *case.kept_in_position(realised_units)]


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
