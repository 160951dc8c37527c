"""The invariants of funding, liquidation, the insurance fund and deleveraging, as questions to records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.reference import deleveraging, money, scopes
from tests.reference.world import Account, Liquidation, World
from tests.simulation.risk_view import sides_of_assignment
from tests.simulation.view import View
from trading.core import terms
from trading.core.terms import INSURANCE_FUND
from trading.engine import commands, events
from trading.engine.events import AnyEvent, Record

PPB = 10**9
Scope = tuple[int, int]  # an account; its isolated position's instrument, or 0


@dataclass
class Before:
    """What the checks of a whole record compare with: cross collateral of all, who held nothing, and of the fund and
    those whom others' commands meet the equity of each scope."""

    collateral: dict[int, int]
    cross: dict[int, int]
    bystanders: list[int]
    equities: dict[Scope, int]


def world_of(view: View) -> World:
    """The view as the reference engine's functions want it."""
    world = World(domain=1, sequence=view.sequence, time_ns=view.time_ns)
    world.accounts = list(view.accounts.values())
    world.instruments = [view.instruments[instrument_id] for instrument_id in sorted(view.instruments)]
    world.liquidations = [
        Liquidation(liquidation_id, account_id, scope)
        for (account_id, scope), liquidation_id in view.liquidations.items()
    ]
    return world


def look_before(view: View, record: Record) -> Before:
    accounts, met = view.accounts.values(), {INSURANCE_FUND, *passive_accounts(record)}
    return Before(
        collateral={one.account_id: one.collateral_units for one in accounts},
        cross={one.account_id: money.cross_collateral(one) for one in accounts},
        bystanders=[one.account_id for one in accounts if not any(held.lots for held in one.positions.values())],
        equities={
            (one.account_id, scope): equity_of(view, one, scope)
            for one in accounts
            if one.account_id in met
            for scope in (0, *(instrument_id for instrument_id, held in one.positions.items() if held.is_isolated))
        },
    )


def passive_accounts(record: Record) -> Iterator[int]:
    for event in record.events:
        match event:
            case events.TradeExecuted():
                yield event.maker_account_id
            case events.PositionAssigned():
                yield event.counterparty_id


def equity_of(view: View, account: Account, scope: int) -> int:
    """Of an isolated position or of the cross margin, funding that is owed paid."""
    if scope == 0:
        return money.cross_equity(view.instruments.values(), account)
    return money.isolated_equity(view.instruments[scope], account.position(scope))


# Before an event is folded


def check_risk_event(view: View, event: AnyEvent) -> None:
    match event:
        case events.FundingApplied():
            check_period(view, event)
        case events.FundingSettled():
            check_charge(view, event)
        case events.LiquidationStarted() | events.LiquidationStepped():
            check_below_maintenance(view, event)
        case events.PositionAssigned():
            check_assignment(view, event)
        case events.DeficitCovered():
            check_deficit(view, event)
        case events.LiquidationFeeCharged():
            assert event.fee_units > 0, "a fee that is none"
        case events.OrderPlaced():
            assert not view.covers(event.account_id, event.instrument_id) or by_liquidation(view, event.account_id), (
                "an order of an account in liquidation"
            )


def by_liquidation(view: View, account_id: int) -> bool:
    command = view.command
    return isinstance(command, commands.Liquidate) and command.account_id == account_id


def check_period(view: View, event: events.FundingApplied) -> None:
    """I15: once per period, when it is over; I22: not while halted."""
    instrument = view.instruments[event.instrument_id]
    assert instrument.last_period_ns < event.period_ns <= view.time_ns, "I15: a period again, or before its end"
    assert event.period_ns % instrument.risk.funding_interval_ns == 0, "I15: no period of the instrument"
    assert abs(event.rate_ppb) <= instrument.risk.funding_cap_ppb, "a funding rate beyond its cap"
    assert instrument.state != terms.INSTRUMENT_HALTED, "I22: funding while halted"


def check_charge(view: View, event: events.FundingSettled) -> None:
    """I6: what lots owe by the funding index, rounded up."""
    instrument, position = view.instruments[event.instrument_id], view.position(event.account_id, event.instrument_id)
    assert money.is_unsettled(instrument, position), "I6: settled twice"
    assert event.charge_units == money.owed_funding(instrument, position), "I6: not what was owed"


def check_below_maintenance(view: View, event: events.LiquidationStarted | events.LiquidationStepped) -> None:
    """Nobody at maintenance or above is liquidated; I22: none while halted, stale or without a mark."""
    command, world, account = view.command, world_of(view), view.accounts[event.account_id]
    scope = command.instrument_id if isinstance(command, commands.Liquidate) else event.instrument_id
    equity_units, maintenance_units = scopes.equity(world, account, scope), scopes.maintenance(world, account, scope)
    assert (event.equity_units, event.maintenance_units) == (equity_units, maintenance_units), "wrong numbers"
    assert equity_units < maintenance_units, "liquidated at maintenance or above"
    assert scopes.are_ready(world, account, scope), "I22: liquidated while halted or on a stale price"
    if isinstance(event, events.LiquidationStepped):
        if event.step == terms.STEP_REDUCE:
            check_limit(view, event)
        if event.step == terms.STEP_DELEVERAGE:
            check_fund_spent(view, world, event)


def check_limit(view: View, event: events.LiquidationStepped) -> None:
    """However thin the book: no liquidation sells below, or buys above, the bankruptcy price or the band."""
    instrument, side = view.instruments[event.instrument_id], 1 if event.lots > 0 else -1
    assert side * (event.limit_price_ticks - event.bankruptcy_price_ticks) >= 0, "an order beyond bankruptcy"
    away_ticks = side * (instrument.mark_price_ticks - event.limit_price_ticks)
    within = away_ticks * PPB <= instrument.risk.liquidation_band_ppb * instrument.mark_price_ticks
    assert within, "an order beyond the liquidation band"


def check_fund_spent(view: View, world: World, event: events.LiquidationStepped) -> None:
    """I19: deleveraged is only what the fund cannot bear, to a lot; it takes no more than the deficit, to a tick."""
    instrument, account = view.instruments[event.instrument_id], view.accounts[event.account_id]
    position, value_units = account.position(event.instrument_id), instrument.terms.value_units
    side = 1 if position.lots > 0 else -1
    lost_ticks = side * (event.bankruptcy_price_ticks - instrument.mark_price_ticks)
    if account is not world.fund:
        free_units = money.cross_equity(world.instruments, world.fund)
        free_units -= money.fund_requirement(world.instruments, world.fund)
        margin_units = money.ceiling(instrument.value_at_mark(1) * instrument.risk.fund_margin_ppb, PPB)
        held_after = abs(world.fund.position(event.instrument_id).lots + side)
        over_limit = instrument.value_at_mark(held_after) > instrument.risk.fund_limit_units
        assert over_limit or lost_ticks * value_units + margin_units > free_units, "I19: the fund could bear a lot"
    share_units = event.equity_units * money.maintenance(instrument, position.lots)
    deficit_units = -(share_units // event.maintenance_units)
    taken_units = lost_ticks * abs(position.lots) * value_units
    is_lowest = event.bankruptcy_price_ticks == 1
    assert is_lowest or taken_units <= deficit_units + abs(position.lots) * value_units, "I19: beyond the deficit"


def check_assignment(view: View, event: events.PositionAssigned) -> None:
    """I5: both sides as by a fill at the price; I18: who is deleveraged holds at least that on the other side."""
    instrument = view.instruments[event.instrument_id]
    assert instrument.is_ready(view.time_ns), "I22: lots assigned while halted or on a stale price"
    for side, stated in zip((event.side, -event.side), sides_of_assignment(event), strict=True):
        account_id, lots, entry_value_units, gain_units = stated
        filled = money.fill_position(
            view.position(account_id, event.instrument_id),
            instrument=instrument,
            side=side,
            price_ticks=event.price_ticks,
            quantity_lots=event.quantity_lots,
        )
        after = (filled.position.lots, filled.position.entry_value_units, filled.realised_pnl_units)
        assert after == (lots, entry_value_units, gain_units), "I5: wrong position or P&L after an assignment"
    position = view.position(event.counterparty_id, event.instrument_id)
    assert not money.is_unsettled(instrument, position), "an unsettled position is assigned lots"
    if event.place:
        assert position.lots * event.side > 0, "I18: deleveraged without a position on the other side"
        assert abs(position.lots) >= event.quantity_lots, "I18: deleveraged by more than it held"


def check_deficit(view: View, event: events.DeficitCovered) -> None:
    """I20: the fund pays for what is lost for good, and with money that nothing else needs."""
    world, account = world_of(view), view.accounts[event.account_id]
    assert not scopes.held(world, account, event.instrument_id), "covered while lots are left"
    deficit_units = -scopes.equity(world, account, event.instrument_id)
    assert 0 < event.amount_units <= deficit_units, f"I20: {event.amount_units} for a deficit of {deficit_units}"
    assert event.amount_units <= money.fund_free_units(world), "I20: covered beyond what the fund can spare"


# Queue of deleveraging


def expected_queue(view: View, event: events.LiquidationStepped) -> list[deleveraging.Close]:
    """Who is to be closed by this step."""
    position = view.position(event.account_id, event.instrument_id)
    closes = deleveraging.closes_of(
        world_of(view),
        view.instruments[event.instrument_id],
        lots=position.lots,
        bankruptcy_price_ticks=event.bankruptcy_price_ticks,
    )
    met = [one for count, one in enumerate(closes) if sum(before.lots for before in closes[:count]) < abs(event.lots)]
    assert sum(one.lots for one in met) == abs(event.lots) > 0, "I19: somebody closes more or less than it can"
    return met


# After a whole record


def check_risk_record(view: View, record: Record, before: Before) -> None:
    check_dust(view)
    check_margin_is_of_positions(view)
    check_bystanders(view, record, before)
    check_isolated_loss(view, record, before)
    check_nobody_ruined(view, record, before)
    check_fund(view, record, before)
    if any(isinstance(event, events.MarkPriceUpdated) for event in record.events):
        check_all_in_liquidation(view)
    if any(isinstance(event, events.LiquidationFeeCharged) for event in record.events):
        equity_units = scopes.equity(world_of(view), *scope_of(view, record.command))
        assert equity_units >= 0, "a fee beyond the equity"


def scope_of(view: View, command: commands.Liquidate) -> tuple[Account, int]:
    return view.accounts[command.account_id], command.instrument_id


def check_dust(view: View) -> None:
    """I6: the pool and all that is owed to it are the dust of the settlements so far, less than a unit of each."""
    owed_scaled = sum(
        position.lots * (instrument.funding_index - position.funding_index)
        for account in view.accounts.values()
        for instrument_id, position in account.positions.items()
        for instrument in [view.instruments[instrument_id]]
        if position.lots
    )
    dust_scaled = view.funding_pool_units * PPB + owed_scaled
    assert 0 <= dust_scaled <= view.settlements * PPB, f"I6: dust of {dust_scaled} after {view.settlements}"


def check_margin_is_of_positions(view: View) -> None:
    """What a closed isolated position leaves is its account's again, once no liquidation works on it."""
    for account in view.accounts.values():
        for instrument_id, position in account.positions.items():
            is_over = position.lots == 0 and (account.account_id, instrument_id) not in view.liquidations
            assert not (is_over and position.isolated_units), f"{position} of account {account.account_id}"


def check_bystanders(view: View, record: Record, before: Before) -> None:
    """I18: who holds nothing and trades nothing loses nothing."""
    active = {INSURANCE_FUND}
    for event in record.events:
        match event:
            case events.TradeExecuted():
                active |= {event.maker_account_id, event.taker_account_id}
            case events.CollateralTransferred() | events.DeficitCovered():
                active.add(event.account_id)
    for account_id in before.bystanders:
        kept = view.accounts[account_id].collateral_units == before.collateral[account_id]
        assert kept or account_id in active, f"I18: account {account_id} shares a loss without a position"


def check_isolated_loss(view: View, record: Record, before: Before) -> None:
    """An isolated position's liquidation takes nothing from the cross margin while lots are left."""
    command = record.command
    if not isinstance(command, commands.Liquidate) or command.instrument_id == 0:
        return
    account = view.accounts[command.account_id]
    if isinstance(record.events[-1] if record.events else None, events.LiquidationEnded):
        return
    assert money.cross_collateral(account) == before.cross[account.account_id], "an isolated loss left its position"


def check_nobody_ruined(view: View, record: Record, before: Before) -> None:
    """Nobody comes below zero by being deleveraged, nor, but for fees, by an order of his in the book."""
    fees_units: dict[int, int] = {}
    for event in record.events:
        match event:
            case events.PositionAssigned() if event.place:
                check_deleveraged(view, event, before)
            case events.TradeExecuted():
                fees_units.setdefault(event.maker_account_id, 0)
                fees_units[event.maker_account_id] += max(0, event.maker_fee_units)
                instrument_id = event.instrument_id
    for account_id, paid_units in fees_units.items():
        check_maker(view, account_id, instrument_id, before, paid_units)


def check_deleveraged(view: View, event: events.PositionAssigned, before: Before) -> None:
    """I18: what an isolated position loses is its own, but for what it lacked when it ended."""
    account = view.accounts[event.counterparty_id]
    scope = event.instrument_id if account.position(event.instrument_id).is_isolated else 0
    left_units, had_units = equity_of(view, account, scope), before.equities[account.account_id, scope]
    assert left_units >= min(0, had_units), f"deleveraged from {had_units} to {left_units}"
    if scope:
        kept_units = equity_of(view, account, 0) - before.equities[account.account_id, 0]
        assert kept_units >= min(0, had_units), "I18: an isolated counterpart pays from its cross margin"


def check_maker(view: View, account_id: int, instrument_id: int, before: Before, fees_units: int) -> None:
    """Of each of its scopes, but for the fees; what an isolated position lacked falls on cross when it is closed."""
    account = view.accounts[account_id]
    scopes_met = (0, instrument_id) if account.position(instrument_id).is_isolated else (0,)
    lacking_units = {scope: min(0, before.equities[account_id, scope]) for scope in scopes_met}
    for scope in scopes_met:
        left_units = equity_of(view, account, scope)
        least_units = (lacking_units[scope] if scope else sum(lacking_units.values())) - fees_units
        assert left_units >= least_units, f"I8: its own orders leave account {account_id} {left_units} in {scope}"


def check_fund(view: View, record: Record, before: Before) -> None:
    """I20: nothing but a price or a funding rate takes the fund below zero."""
    if any(isinstance(event, events.MarkPriceUpdated | events.FundingApplied) for event in record.events):
        return
    equity_units, had_units = equity_of(view, view.accounts[INSURANCE_FUND], 0), before.equities[INSURANCE_FUND, 0]
    assert equity_units >= min(0, had_units), f"I20: the fund had {had_units} and has {equity_units}"


def check_all_in_liquidation(view: View) -> None:
    """I9: after a price everybody below maintenance whose instruments are ready is in liquidation."""
    world = world_of(view)
    missed = [
        (account.account_id, scope)
        for account in world.accounts
        for scope in sorted({scopes.scope_of(account, one) for one in world.instruments})
        if scopes.is_liquidatable(world, account, scope)
    ]
    assert not missed, f"I9: not in liquidation: {missed}"
