"""What records say about funding, margin modes, halts and liquidations: the rest of the fold of `View`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.reference.fold_risk import hold
from tests.reference.halts import after_mark
from tests.reference.settling import pay_funding
from trading.core.terms import INSURANCE_FUND
from trading.engine import events
from trading.engine.events import AnyEvent

if TYPE_CHECKING:
    from tests.simulation.view import View


def fold_risk_event(view: View, event: AnyEvent) -> None:
    match event:
        case events.MarkPriceUpdated():
            after_mark(view.instruments[event.instrument_id], event, view.time_ns)
        case events.InstrumentStateChanged():
            view.instruments[event.instrument_id].own_state = event.state
            view.instruments[event.instrument_id].resume_at_ns = 0
        case events.ResumptionScheduled():
            view.instruments[event.instrument_id].resume_at_ns = event.resume_at_ns
            view.instruments[event.instrument_id].window = []
        case events.ExchangeStateChanged():
            view.exchange_state = event.state
            for instrument in view.instruments.values():
                instrument.exchange_state = event.state
        case events.FundingApplied():
            instrument = view.instruments[event.instrument_id]
            instrument.last_period_ns = event.period_ns
            instrument.funding_index += event.index_price_ticks * instrument.terms.value_units * event.rate_ppb
        case events.FundingSettled():
            account = view.accounts[event.account_id]
            pay_funding(account, view.instruments[event.instrument_id], event.charge_units)
            view.funding_pool_units += event.charge_units
            view.settlements += 1
        case events.MarginModeChanged():
            position = view.accounts[event.account_id].position(event.instrument_id)
            position.is_isolated, position.isolated_units = event.is_isolated, event.isolated_units
        case events.IsolatedMarginChanged():
            view.accounts[event.account_id].position(event.instrument_id).isolated_units = event.isolated_units
        case _:
            _fold_liquidation_event(view, event)


def _fold_liquidation_event(view: View, event: AnyEvent) -> None:
    match event:
        case events.LiquidationStarted():
            view.liquidations[event.account_id, event.instrument_id] = event.liquidation_id
        case events.LiquidationEnded():
            del view.liquidations[event.account_id, event.instrument_id]
        case events.LiquidationFeeCharged():
            view.accounts[event.account_id].collateral_units -= event.fee_units
            view.accounts[INSURANCE_FUND].collateral_units += event.fee_units
        case events.DeficitCovered():
            account = view.accounts[event.account_id]
            view.accounts[INSURANCE_FUND].collateral_units -= event.amount_units
            account.collateral_units += event.amount_units
            if event.instrument_id:
                account.position(event.instrument_id).isolated_units += event.amount_units
        case events.PositionAssigned():
            instrument = view.instruments[event.instrument_id]
            for account_id, lots, entry_value_units, gain_units in sides_of_assignment(event):
                hold(view.accounts[account_id], instrument, lots, entry_value_units)
                view.accounts[account_id].collateral_units += gain_units


def sides_of_assignment(event: events.PositionAssigned) -> list[tuple[int, int, int, int]]:
    """The liquidated account and its counterparty: (account, position lots, entry value, what the collateral gains)."""
    return [
        (event.account_id, event.position_lots, event.entry_value_units, event.realised_pnl_units),
        (
            event.counterparty_id,
            event.counterparty_position_lots,
            event.counterparty_entry_value_units,
            event.counterparty_realised_pnl_units,
        ),
    ]
