"""The waterfall, one step a command: cancel orders, reduce, take over, deleverage; and the fund's unwinding (F16, F17).

Rules: docs/risk-rules.md. Every step looks anew at equity and maintenance margin, and states the numbers it acts on.
"""

from __future__ import annotations

from typing import NamedTuple

from risk.core.insurance_fund import takeover_lots
from risk.core.waterfall import (
    REDUCE_BY_SHARE,
    REDUCE_BY_TIER,
    LiquidationRules,
    cross_bankruptcy_price_ticks,
    liquidation_fee_units,
    liquidation_limit_price_ticks,
    lots_to_close,
)
from trading.core.accounts import Account
from trading.core.orders import Order
from trading.core.positions import Position
from trading.core.terms import (
    BUY,
    CANCEL_LIQUIDATION,
    EXPIRE_MAKER,
    INSURANCE_FUND,
    IOC,
    LIMIT,
    SELL,
    STEP_CANCEL,
    STEP_DELEVERAGE,
    STEP_REDUCE,
    STEP_TAKEOVER,
)
from trading.engine.commands import Liquidate, PlaceOrder, UnwindFund
from trading.engine.decisions.cancels import cancelled
from trading.engine.decisions.deleveraging import assigned, deleverage
from trading.engine.events import AnyEvent, SpecialOrderPlaced, TradeExecuted
from trading.engine.execution import Execution
from trading.engine.funding import funding_settled
from trading.engine.requirements import cross_equity_units, fund_margin_units
from trading.engine.risk_events import (
    DeficitCovered,
    IsolatedMarginChanged,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationStepped,
)
from trading.engine.scopes import CROSS, held_in, margin_of
from trading.engine.state import State


class Step(NamedTuple):
    """The numbers a step is decided on: of the scope, and of the position it is about."""

    liquidation_id: int
    account: Account
    scope: int
    position: Position
    equity_units: int
    maintenance_units: int
    other_maintenance_units: int
    bankruptcy_price_ticks: int


def liquidate(state: State, command: Liquidate) -> list[AnyEvent]:
    """The next step of a liquidation; no event when it has to wait."""
    account, scope = state.accounts[command.account_id], command.instrument_id
    assert account.liquidations is not None
    liquidation_id = account.liquidations[scope]
    held = held_in(account, scope)
    equity, maintenances = margin_of(account, scope, held)
    maintenance = sum(maintenances)
    end = LiquidationEnded(liquidation_id, account.account_id, scope, equity, maintenance)
    if not held:
        return [*_settled_account(state, end), end]
    if not all(position.instrument.is_ready(state.time_ns) for position in held):
        return []
    if any(position.is_unsettled() for position in held):
        return [funding_settled(position) for position in held if position.is_unsettled()]
    if equity >= maintenance:
        return [end]
    is_fund = account.account_id == INSURANCE_FUND
    cancels = [] if is_fund else _cancels(account, scope)
    if cancels:
        numbers = (0, equity, maintenance, 0, 0, 0, 0)
        return [LiquidationStepped(liquidation_id, account.account_id, scope, STEP_CANCEL, *numbers), *cancels]
    largest = max(maintenances)
    position = held[maintenances.index(largest)]
    bankruptcy_price = _bankruptcy_price_ticks(position, equity, held, maintenances)
    step = Step(liquidation_id, account, scope, position, equity, maintenance, maintenance - largest, bankruptcy_price)
    if is_fund:
        return _deleverage(state, step)
    return _reduce(state, step) or _take_over(state, step) or _deleverage(state, step)


def _settled_account(state: State, end: LiquidationEnded) -> list[AnyEvent]:
    """What is left of a scope that holds nothing any more: the fund covers a deficit, other money is cross."""
    events: list[AnyEvent] = []
    covered_units = min(max(0, -end.equity_units), max(0, _free_units(state.accounts[INSURANCE_FUND])))
    if covered_units:
        events.append(DeficitCovered(end.liquidation_id, end.account_id, end.instrument_id, covered_units))
    if end.instrument_id != CROSS and end.equity_units + covered_units:
        events.append(IsolatedMarginChanged(end.account_id, end.instrument_id, 0))
    return events


def _free_units(fund: Account) -> int:
    """The insurance fund's equity less what its own positions must hold."""
    return cross_equity_units(fund) - fund_margin_units(fund)


def unwind_fund(state: State, command: UnwindFund) -> list[AnyEvent]:
    """Close against the book what the fund holds, within the band and no worse than its own bankruptcy price."""
    fund = state.accounts[INSURANCE_FUND]
    position = fund.positions[command.instrument_id]
    if position.lots == 0 or not position.instrument.is_ready(state.time_ns) or fund.is_being_liquidated(position):
        return []
    held = held_in(fund, CROSS)
    _, maintenances = margin_of(fund, CROSS, held)
    equity_units = cross_equity_units(fund)
    limit = _limit_price_ticks(position, _bankruptcy_price_ticks(position, equity_units, held, maintenances))
    execution = _against_the_book(position, abs(position.lots), limit) if limit else None
    return _order_events(state, execution) if execution is not None else []


def _bankruptcy_price_ticks(position: Position, equity: int, held: list[Position], maintenances: list[int]) -> int:
    """Of one position of a scope with this equity, at least 1 and at most twice the mark.

    So whatever a scope has lost elsewhere, who takes a position on or is closed against it loses at most its value.
    """
    price = cross_bankruptcy_price_ticks(
        lots=position.lots,
        mark_price_ticks=position.instrument.mark_price_ticks,
        value_units=position.instrument.value_units,
        equity_units=equity,
        maintenance_units=maintenances[held.index(position)],
        all_maintenance_units=sum(maintenances),
    )
    return min(max(1, price), 2 * position.instrument.mark_price_ticks)


def _limit_price_ticks(position: Position, bankruptcy_price_ticks: int) -> int:
    """No worse than bankruptcy, within the band; 0: no order may close the position."""
    instrument = position.instrument
    limit = liquidation_limit_price_ticks(
        lots=position.lots,
        bankruptcy_price_ticks=bankruptcy_price_ticks,
        mark_price_ticks=instrument.mark_price_ticks,
        band_ppb=instrument.parameters.risk.liquidation_band_ppb,
    )
    return min(limit, instrument.maximum_price_ticks)


def _cancels(account: Account, scope: int) -> list[AnyEvent]:
    """All open orders whose fills the scope would pay for, by id."""
    return [
        cancelled(order, CANCEL_LIQUIDATION) for _, order in sorted(account.orders.items()) if _burdens(order, scope)
    ]


def _burdens(order: Order, scope: int) -> bool:
    """Margin for an isolated position's growth comes from the cross positions' equity."""
    if order.position.isolated_units is None:
        return scope == CROSS
    return order.position.instrument.instrument_id == scope or (scope == CROSS and not order.reduce_only)


def _reduce(state: State, step: Step) -> list[AnyEvent]:
    """One round against the book, no worse than the bankruptcy price; nothing when nobody is there."""
    position, account = step.position, step.account
    instrument = position.instrument
    risk = instrument.parameters.risk
    rules = LiquidationRules(
        REDUCE_BY_SHARE if risk.liquidation_share_ppb else REDUCE_BY_TIER,
        risk.liquidation_share_ppb,
        risk.liquidation_buffer_ppb,
        risk.liquidation_fee_ppb,
        risk.liquidation_band_ppb,
    )
    lots = lots_to_close(
        lots=position.lots,
        lot_value_units=instrument.lot_value_units,
        brackets=instrument.brackets,
        equity_units=step.equity_units,
        other_maintenance_units=step.other_maintenance_units,
        rules=rules,
    )
    limit = _limit_price_ticks(position, step.bankruptcy_price_ticks)
    execution = _against_the_book(position, lots, limit) if limit else None
    if execution is None:
        return []
    events: list[AnyEvent] = [_stepped(step, STEP_REDUCE, execution.lots, limit, state.next_id(1))]
    trades = _order_events(state, execution)
    events += trades
    realised_units = sum(trade.taker_realised_pnl_units for trade in trades if isinstance(trade, TradeExecuted))
    gain_units = position_side(position) * (
        execution.filled_value_units - execution.filled_lots * instrument.lot_value_units
    )
    fee_units = liquidation_fee_units(
        closed_value_units=execution.filled_value_units,
        equity_units=step.equity_units + gain_units,
        fee_ppb=risk.liquidation_fee_ppb,
    )
    if fee_units:
        events.append(
            LiquidationFeeCharged(step.liquidation_id, account.account_id, instrument.instrument_id, fee_units)
        )
    events += _keep_isolated(step, realised_units - fee_units)
    return events


def _take_over(state: State, step: Step) -> list[AnyEvent]:
    """The insurance fund takes as many lots at the bankruptcy price as it can afford and may hold."""
    position, fund = step.position, state.accounts[INSURANCE_FUND]
    instrument = position.instrument
    risk = instrument.parameters.risk
    held = fund.positions.get(instrument.instrument_id) or Position(fund, instrument)
    lots = takeover_lots(
        lots=position.lots,
        bankruptcy_price_ticks=step.bankruptcy_price_ticks,
        mark_price_ticks=instrument.mark_price_ticks,
        value_units=instrument.value_units,
        free_units=_free_units(fund),
        held_lots=held.lots,
        margin_ppb=risk.fund_margin_ppb,
        limit_units=risk.fund_limit_units,
    )
    if lots == 0:
        return []
    events: list[AnyEvent] = [funding_settled(held)] if held.is_unsettled() else []
    events.append(_stepped(step, STEP_TAKEOVER, lots))
    assignment = assigned(
        step.liquidation_id,
        position,
        (position.lots, position.entry_value_units),
        held,
        lots,
        step.bankruptcy_price_ticks,
    )
    events.append(assignment)
    events += _keep_isolated(step, assignment.realised_pnl_units)
    return events


def _deleverage(state: State, step: Step) -> list[AnyEvent]:
    """Close against those who hold the other side, by rank, at the bankruptcy price."""
    lots, realised_units, closes = deleverage(state, step.liquidation_id, step.position, step.bankruptcy_price_ticks)
    return [_stepped(step, STEP_DELEVERAGE, lots), *closes, *_keep_isolated(step, realised_units)]


def position_side(position: Position) -> int:
    return BUY if position.lots > 0 else SELL


def _stepped(step: Step, kind: int, lots: int, limit_price_ticks: int = 0, order_id: int = 0) -> LiquidationStepped:
    instrument = step.position.instrument
    return LiquidationStepped(
        step.liquidation_id,
        step.account.account_id,
        instrument.instrument_id,
        kind,
        position_side(step.position) * lots,
        step.equity_units,
        step.maintenance_units,
        instrument.mark_price_ticks,
        step.bankruptcy_price_ticks,
        limit_price_ticks,
        order_id,
    )


def _keep_isolated(step: Step, gained_units: int) -> list[AnyEvent]:
    """While it is liquidated an isolated position keeps its profits and losses to itself."""
    if step.scope == CROSS or gained_units == 0:
        return []
    units = (step.position.isolated_units or 0) + gained_units
    return [IsolatedMarginChanged(step.account.account_id, step.scope, units)]


def _against_the_book(position: Position, lots: int, limit_price_ticks: int) -> Execution | None:
    """An immediate order that only reduces the position; None when nobody would fill it."""
    instrument = position.instrument
    lots = min(lots, instrument.maximum_order_lots)
    terms = PlaceOrder(
        b"",
        0,
        position.account.account_id,
        instrument.instrument_id,
        "",
        -position_side(position),
        LIMIT,
        lots,
        limit_price_ticks,
        IOC,
        0,  # own orders are passed over: cancelled they would count among those a walk may meet
        False,
        True,
    )
    execution = Execution(position, terms, lots, limit_price_ticks)
    return execution if execution.plan_liquidation() else None


def _order_events(state: State, execution: Execution) -> list[AnyEvent]:
    position, terms = execution.position, execution.terms
    order_id = state.next_id(1)
    events: list[AnyEvent] = [
        SpecialOrderPlaced(
            order_id,
            position.account.account_id,
            position.instrument.instrument_id,
            "",
            terms.side,
            LIMIT,
            execution.lots,
            execution.price_ticks,
            IOC,
            EXPIRE_MAKER,
            False,
            True,
            0,
            0,
            0,
            0,
            0,
        )
    ]
    execution.state_events(state, order_id, 1, events, is_liquidation=True)
    return events
