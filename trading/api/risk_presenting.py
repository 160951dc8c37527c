"""Liquidations and the insurance fund as answers: ints into text."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from exchange.contract.numbers import RATE_STEP, format_scaled
from trading.api import risk_answers as answers
from trading.api.presenting import SIDES, average_price, fill, margin_mode, milliseconds, money, price, quantity
from trading.api.scales import MARGIN_ASSET, MARGIN_STEP, Scale
from trading.core.terms import STEP_CANCEL, STEP_TAKEOVER
from trading.projections.liquidations import StepRow
from trading.selectors.accounts import LedgerLine, PositionLine
from trading.selectors.liquidations import STEP_WORDS, AssignmentView, LiquidationView, StepView, Story

OF_LIQUIDATIONS: Final = ("liquidation_fee", "liquidation", "deleveraging", "deficit_covered")

ScaleById = Callable[[int], Scale]


def fund_position(row: PositionLine, *, mark_price_ticks: int, scale: Scale) -> answers.FundPosition:
    return answers.FundPosition(
        symbol=scale.symbol,
        size=quantity(row.lots, scale),
        entry_price=average_price(abs(row.entry_value_units) // scale.value_units, abs(row.lots), scale),
        mark_price=price(mark_price_ticks, scale),
        unrealised_pnl=money(unrealised_units(row, mark_price_ticks, scale), scale),
    )


def unrealised_units(row: PositionLine, mark_price_ticks: int, scale: Scale) -> int:
    return row.lots * mark_price_ticks * scale.value_units - row.entry_value_units


def insurance_fund(
    *,
    balance_units: int,
    held: Iterable[PositionLine],
    marks: Mapping[int, int],
    lines: Iterable[LedgerLine],
    following: str | None,
    scale_by_id: ScaleById,
) -> answers.InsuranceFund:
    """`marks` in ticks by instrument, `held` what is not flat."""
    positions = [(row, marks[row.instrument_id], scale_by_id(row.instrument_id)) for row in held]
    return answers.InsuranceFund(
        asset=MARGIN_ASSET,
        balance=_margin(balance_units),
        equity=_margin(balance_units + sum(unrealised_units(*position) for position in positions)),
        positions=[fund_position(row, mark_price_ticks=mark, scale=scale) for row, mark, scale in positions],
        results=[fund_change(line) for line in lines],
        next=following,
    )


def fund_change(line: LedgerLine) -> answers.FundChange:
    return answers.FundChange(
        id=line.posting_id,
        kind=line.kind,
        amount=_margin(line.amount_units),
        balance=_margin(line.balance_units),
        liquidation_id=line.reference_id if line.kind in OF_LIQUIDATIONS else None,
        time=milliseconds(line.time_ns),
        sequence=line.sequence,
    )


def public_liquidation(row: StepView | StepRow, *, scale: Scale) -> answers.PublicLiquidation:
    """`row` is a step that closed something."""
    return answers.PublicLiquidation(
        symbol=scale.symbol,
        step=STEP_WORDS[row.step],
        side=_closing_side(row.lots),
        quantity=quantity(row.filled_lots, scale),
        price=average_price(row.filled_tick_lots, row.filled_lots, scale),
        mark_price=price(row.mark_price_ticks, scale),
        time=milliseconds(row.time_ns),
        sequence=row.sequence,
    )


def liquidation(row: LiquidationView, *, account_id: int, scale_by_id: ScaleById) -> answers.Liquidation:
    is_own, has_ended = row.account_id == account_id, row.ended_at_ns > 0
    isolated = scale_by_id(row.instrument_id) if row.instrument_id and is_own else None
    return answers.Liquidation(
        id=row.liquidation_id,
        role="liquidated" if is_own else "deleveraged",
        margin_mode=margin_mode(isolated is not None) if is_own else None,
        symbol=isolated and isolated.symbol,
        started_at=milliseconds(row.started_at_ns),
        ended_at=milliseconds(row.ended_at_ns) if has_ended else None,
        equity=_margin(row.equity_units) if is_own else None,
        maintenance_margin=_margin(row.maintenance_units) if is_own else None,
        equity_after=_margin(row.ended_equity_units) if is_own and has_ended else None,
        maintenance_margin_after=_margin(row.ended_maintenance_units) if is_own and has_ended else None,
        fees=_margin(row.fee_units) if is_own else None,
        deficit_covered=_margin(row.deficit_units) if is_own else None,
        steps=row.step_count if is_own else None,
        sequence=row.sequence,
    )


def story(view: Story, *, account_id: int, sequence: int, scale_by_id: ScaleById) -> answers.LiquidationStory:
    return answers.LiquidationStory(
        liquidation=liquidation(view.liquidation, account_id=account_id, scale_by_id=scale_by_id),
        steps=[
            _own_step(step, view, scale_by_id) if view.is_own else _strangers_step(step, view, scale_by_id)
            for step in view.steps
        ],
        sequence=sequence,
    )


def _own_step(step: StepView, view: Story, scale_by_id: ScaleById) -> answers.LiquidationStep:
    shown = answers.LiquidationStep(**_step_fields(step))
    shown.equity = _margin(step.equity_units)
    shown.maintenance_margin = _margin(step.maintenance_units)
    shown.cancelled_orders = step.cancelled_orders
    if step.step == STEP_CANCEL:
        return shown
    scale = scale_by_id(step.instrument_id)
    _show_prices(shown, step, scale)
    shown.side = _closing_side(step.lots)
    shown.quantity = quantity(abs(step.lots), scale)
    shown.filled_quantity = quantity(step.filled_lots, scale)
    shown.average_price = average_price(step.filled_tick_lots, step.filled_lots, scale)
    shown.limit_price = price(step.limit_price_ticks, scale)
    shown.realised_pnl = money(step.realised_pnl_units, scale)
    shown.fee = money(step.fee_units, scale)
    shown.insurance_fund = money(step.fee_units + _taken_over_units(step, scale), scale)
    shown.order_id = step.order_id or None
    shown.fills = [fill(row, scale=scale) for row in view.fills.get(step.order_id, ())]
    assignments = view.assignments.get(step.sequence, ())
    shown.assignments = [_assignment(row, row.realised_pnl_units, scale) for row in assignments]
    return shown


def _strangers_step(step: StepView, view: Story, scale_by_id: ScaleById) -> answers.LiquidationStep:
    """Only what was closed of the reader's own position, on its side."""
    scale, assignments = scale_by_id(step.instrument_id), view.assignments[step.sequence]
    shown = answers.LiquidationStep(**_step_fields(step))
    _show_prices(shown, step, scale)
    shown.side = SIDES[-assignments[0].side]
    shown.filled_quantity = quantity(sum(row.quantity_lots for row in assignments), scale)
    shown.assignments = [_assignment(row, row.counterparty_realised_pnl_units, scale) for row in assignments]
    return shown


def _step_fields(step: StepView) -> dict[str, Any]:
    """What everybody may know of it; all else is null."""
    nothing = dict.fromkeys(answers.LiquidationStep.__struct_fields__)
    known = {"step": STEP_WORDS[step.step], "time": milliseconds(step.time_ns), "sequence": step.sequence}
    return {**nothing, "fills": [], "assignments": [], **known}


def _show_prices(shown: answers.LiquidationStep, step: StepView, scale: Scale) -> None:
    shown.symbol = scale.symbol
    shown.mark_price = price(step.mark_price_ticks, scale)
    shown.bankruptcy_price = price(step.bankruptcy_price_ticks, scale)


def _assignment(row: AssignmentView, pnl_units: int, scale: Scale) -> answers.Assignment:
    return answers.Assignment(
        to="trader" if row.place else "insurance_fund",
        quantity=quantity(row.quantity_lots, scale),
        price=format_scaled(row.price_ticks, scale.price),
        realised_pnl=money(pnl_units, scale),
        place=row.place or None,
        rank=format_scaled(row.rank_ppb, RATE_STEP) if row.place else None,
    )


def _taken_over_units(step: StepView, scale: Scale) -> int:
    """What the lots that the fund took over are worth to it at mark; 0 of other steps."""
    if step.step != STEP_TAKEOVER:
        return 0
    sign = 1 if step.lots > 0 else -1
    return sign * (step.mark_price_ticks * step.filled_lots - step.filled_tick_lots) * scale.value_units


def _closing_side(lots: int) -> str:
    """A long is closed by selling."""
    return SIDES[-1 if lots > 0 else 1]


def _margin(units: int) -> str:
    return format_scaled(units, MARGIN_STEP)
