"""A liquidation, one step a record: cancel orders, reduce by the book, hand over to the fund, deleverage."""

from risk.core import insurance_fund, waterfall
from tests.reference import money, scopes
from tests.reference.cancels import wholly_cancelled
from tests.reference.cases import Case
from tests.reference.deleveraging import deleverage
from tests.reference.funding import settled
from tests.reference.immediate import immediate_order
from tests.reference.settling import Books
from tests.reference.world import Liquidation, World
from trading.core import terms
from trading.engine import commands, events
from trading.engine.events import AnyEvent


def liquidate(world: World, command: commands.Liquidate) -> list[AnyEvent]:
    account, scope = world.account(command.account_id), command.instrument_id
    liquidation = world.liquidation(account.account_id, scope)
    held = scopes.held(world, account, scope)
    equity_units = scopes.equity(world, account, scope)
    maintenance_units = scopes.maintenance(world, account, scope)
    if not held:
        return [*left_with_nothing(world, liquidation, equity_units), ended(liquidation, equity_units, 0)]
    if not scopes.are_ready(world, account, scope):
        return []
    unsettled = [settled(account, one) for one, position in held if money.is_unsettled(one, position)]
    if unsettled:
        return unsettled
    if equity_units >= maintenance_units:
        return [ended(liquidation, equity_units, maintenance_units)]
    instrument, position = worst_position(held)
    price_ticks = scopes.bankruptcy_price_ticks(world, account, scope, instrument, equity_units)
    case = Case(liquidation, account, equity_units, maintenance_units, instrument, position, price_ticks)
    if account is world.fund:
        return deleverage(world, case)
    return cancel_orders(world, case) or reduce(world, case) or take_over(world, case) or deleverage(world, case)


def ended(liquidation: Liquidation, equity_units: int, maintenance_units: int) -> AnyEvent:
    return events.LiquidationEnded(
        liquidation_id=liquidation.liquidation_id,
        account_id=liquidation.account_id,
        instrument_id=liquidation.scope,
        equity_units=equity_units,
        maintenance_units=maintenance_units,
    )


def left_with_nothing(world: World, liquidation: Liquidation, equity_units: int) -> list[AnyEvent]:
    """The fund pays what it can of a deficit; what is then an isolated position's own goes back."""
    account_id, scope = liquidation.account_id, liquidation.scope
    covered_units = max(0, min(-equity_units, money.fund_free_units(world)))
    stated: list[AnyEvent] = []
    if covered_units:
        stated.append(events.DeficitCovered(liquidation.liquidation_id, account_id, scope, covered_units))
    if scope and equity_units + covered_units:
        stated.append(events.IsolatedMarginChanged(account_id, scope, 0))
    return stated


def worst_position(held: list[scopes.Held]) -> scopes.Held:
    """That with the greatest maintenance, of equal ones that of the lowest instrument id."""
    return max(held, key=lambda one: (money.maintenance(one[0], one[1].lots), -one[0].instrument_id))


def cancel_orders(world: World, case: Case) -> list[AnyEvent]:
    account = case.account
    orders = [
        order
        for instrument in world.instruments
        for order in world.orders_of(account.account_id, instrument.instrument_id)
        if scopes.is_in(account, instrument, case.scope) or (case.scope == 0 and not order.reduce_only)
    ]
    if not orders:
        return []
    stepped = events.LiquidationStepped(
        liquidation_id=case.liquidation.liquidation_id,
        account_id=account.account_id,
        instrument_id=case.scope,
        step=terms.STEP_CANCEL,
        lots=0,
        equity_units=case.equity_units,
        maintenance_units=case.maintenance_units,
        mark_price_ticks=0,
        bankruptcy_price_ticks=0,
        limit_price_ticks=0,
        order_id=0,
    )
    orders.sort(key=lambda one: one.order_id)
    return [stepped, *(wholly_cancelled(one, terms.CANCEL_LIQUIDATION) for one in orders)]


def reduce(world: World, case: Case) -> list[AnyEvent]:
    account, instrument = case.account, case.instrument
    lots = min(lots_to_reduce(case), instrument.parameters.maximum_order_lots)
    limit_ticks = scopes.limit_price_ticks(
        instrument, lots=case.position.lots, bankruptcy_price_ticks=case.bankruptcy_price_ticks
    )
    if limit_ticks <= 0:
        return []
    books = Books(world, instrument, first_number=world.last_number + 2)
    stated = immediate_order(books, account, side=-case.side, lots=lots, limit_ticks=limit_ticks)
    if not stated:
        return []
    traded = [one for one in stated if isinstance(one, events.TradeExecuted)]
    fee_units = waterfall.liquidation_fee_units(
        closed_value_units=sum(instrument.value(one.price_ticks, one.quantity_lots) for one in traded),
        equity_units=equity_after(world, case, books, traded),
        fee_ppb=instrument.risk.liquidation_fee_ppb,
    )
    step = case.stepped(terms.STEP_REDUCE, lots, limit_price_ticks=limit_ticks, order_id=stated[0].order_id)
    stated = [step, *stated]
    if fee_units > 0:
        stated.append(
            events.LiquidationFeeCharged(
                case.liquidation.liquidation_id, account.account_id, instrument.instrument_id, fee_units
            )
        )
    return stated + case.kept_in_position(sum(one.taker_realised_pnl_units for one in traded) - fee_units)


def lots_to_reduce(case: Case) -> int:
    risk, instrument = case.instrument.risk, case.instrument
    rules = waterfall.LiquidationRules(
        reduce_by=waterfall.REDUCE_BY_SHARE if risk.liquidation_share_ppb else waterfall.REDUCE_BY_TIER,
        share_ppb=risk.liquidation_share_ppb,
        buffer_ppb=risk.liquidation_buffer_ppb,
        fee_ppb=risk.liquidation_fee_ppb,
        band_ppb=risk.liquidation_band_ppb,
    )
    return waterfall.lots_to_close(
        lots=case.position.lots,
        lot_value_units=instrument.value_at_mark(1),
        brackets=instrument.parameters.brackets,
        equity_units=case.equity_units,
        other_maintenance_units=case.maintenance_units - money.maintenance(instrument, case.position.lots),
        rules=rules,
    )


def equity_after(world: World, case: Case, books: Books, traded: list[events.TradeExecuted]) -> int:
    """The scope's equity after the trades; an isolated position's P&L is its own."""
    after = books.account(case.account)
    equity_units = scopes.equity(world, after, case.scope)
    if case.scope:
        equity_units += sum(one.taker_realised_pnl_units for one in traded)
    return equity_units


def take_over(world: World, case: Case) -> list[AnyEvent]:
    instrument, fund = case.instrument, world.fund
    lots = insurance_fund.takeover_lots(
        lots=case.position.lots,
        bankruptcy_price_ticks=case.bankruptcy_price_ticks,
        mark_price_ticks=instrument.mark_price_ticks,
        value_units=instrument.terms.value_units,
        free_units=money.fund_free_units(world),
        held_lots=fund.position(instrument.instrument_id).lots,
        margin_ppb=instrument.risk.fund_margin_ppb,
        limit_units=instrument.risk.fund_limit_units,
    )
    if lots == 0:
        return []
    books = Books(world, instrument)
    stated = [*books.settle(fund), case.stepped(terms.STEP_TAKEOVER, lots)]
    assigned = books.assign(case, fund, lots=lots, price_ticks=case.bankruptcy_price_ticks, place=0, rank_ppb=0)
    return [*stated, assigned, *case.kept_in_position(assigned.realised_pnl_units)]
