"""Parts of `apply`: what events of funding, margin modes, halts and liquidations change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trading.core.positions import Position
from trading.core.terms import INSURANCE_FUND, SETTLEMENT_ASSET
from trading.engine import risk_events as e
from trading.engine.commands import Liquidate
from trading.engine.consequences import new_position, queue_later, queue_settling, queue_triggers, queue_trim
from trading.engine.events import AnyEvent
from trading.engine.scopes import CROSS
from trading.engine.state import RESUMPTION_DUE, State


def go_on_liquidating(state: State, command: Liquidate, events: list[AnyEvent]) -> None:
    """A liquidation that has not ended takes its next step, or when it could do nothing waits for a price."""
    if command.instrument_id not in (state.accounts[command.account_id].liquidations or ()):
        return
    if events:
        queue_later(state, command)
    else:
        state.waiting.add((command.account_id, command.instrument_id))


def _apply_funding(state: State, event: e.FundingApplied) -> None:
    instrument = state.instruments[event.instrument_id]
    instrument.funding_index += event.index_price_ticks * instrument.value_units * event.rate_ppb
    instrument.funded_until_ns = event.period_ns
    instrument.unsettled = None
    instrument.margin_key += 1
    if event.instrument_id not in state.settling:
        queue_settling(state, event.instrument_id)


def _settle_funding(state: State, event: e.FundingSettled) -> None:
    account = state.accounts[event.account_id]
    position = account.positions[event.instrument_id]
    asset = position.instrument.settlement_asset
    account.credit(asset, -event.charge_units)
    if position.isolated_units is not None:
        position.isolated_units -= event.charge_units
    state.funding_units[asset] = state.funding_units.get(asset, 0) + event.charge_units
    position.funding_index = position.instrument.funding_index
    position.margin_key = -1
    state.liquidation_index.note(event.account_id)


def _change_margin_mode(state: State, event: e.MarginModeChanged) -> None:
    account = state.accounts[event.account_id]
    position = account.positions.get(event.instrument_id) or new_position(state, account, event.instrument_id)
    position.isolated_units = event.isolated_units if event.is_isolated else None
    position.margin_key = -1
    state.liquidation_index.note(event.account_id)


def _change_isolated_margin(state: State, event: e.IsolatedMarginChanged) -> None:
    position = state.accounts[event.account_id].positions[event.instrument_id]
    position.isolated_units = event.isolated_units
    position.margin_key = -1
    state.liquidation_index.note(event.account_id)


def _change_exchange_state(state: State, event: e.ExchangeStateChanged) -> None:
    state.exchange_state = event.state
    for _, instrument in sorted(state.instruments.items()):
        instrument.be_in(instrument.own_state, event.state)
        queue_triggers(state, instrument)


def _schedule_resumption(state: State, event: e.ResumptionScheduled) -> None:
    instrument = state.instruments[event.instrument_id]
    instrument.resume_at_ns = event.resume_at_ns
    state.add_timer(event.resume_at_ns, RESUMPTION_DUE, event.instrument_id, 0)
    if event.low_price_ticks:
        instrument.window.clear()
        instrument.set_band()


def _start_liquidation(state: State, event: e.LiquidationStarted) -> None:
    account = state.accounts[event.account_id]
    if account.liquidations is None:
        account.liquidations = {}
    account.liquidations[event.instrument_id] = event.liquidation_id
    state.last_id = event.liquidation_id
    queue_later(state, Liquidate(b"", 0, event.account_id, event.instrument_id))


def _charge_liquidation_fee(state: State, event: e.LiquidationFeeCharged) -> None:
    account = state.accounts[event.account_id]
    asset = state.instruments[event.instrument_id].settlement_asset
    account.credit(asset, -event.fee_units)
    state.accounts[INSURANCE_FUND].credit(asset, event.fee_units)


def _assign_position(state: State, event: e.PositionAssigned) -> None:
    own = state.accounts[event.account_id].positions[event.instrument_id]
    other_account = state.accounts[event.counterparty_id]
    other = other_account.positions.get(event.instrument_id)
    if other is None:
        other = new_position(state, other_account, event.instrument_id)
    _hold(state, own, event.position_lots, event.entry_value_units, event.realised_pnl_units)
    after = event.counterparty_position_lots, event.counterparty_entry_value_units
    _hold(state, other, *after, event.counterparty_realised_pnl_units)
    queue_trim(state, own)
    queue_trim(state, other)


def _hold(state: State, position: Position, lots: int, entry_value_units: int, realised_units: int) -> None:
    if position.lots == 0:
        position.funding_index = position.instrument.funding_index
    position.lots = lots
    position.entry_value_units = entry_value_units
    position.margin_key = -1
    position.account.credit(position.instrument.settlement_asset, realised_units)
    state.liquidation_index.note(position.account.account_id)


def _end_liquidation(state: State, event: e.LiquidationEnded) -> None:
    account = state.accounts[event.account_id]
    assert account.liquidations is not None
    del account.liquidations[event.instrument_id]
    account.liquidations = account.liquidations or None
    state.liquidation_index.note(event.account_id)


def _cover_deficit(state: State, event: e.DeficitCovered) -> None:
    account = state.accounts[event.account_id]
    state.accounts[INSURANCE_FUND].credit(SETTLEMENT_ASSET, -event.amount_units)
    account.credit(SETTLEMENT_ASSET, event.amount_units)
    if event.instrument_id != CROSS:
        position = account.positions[event.instrument_id]
        position.isolated_units = (position.isolated_units or 0) + event.amount_units
        position.margin_key = -1
    state.liquidation_index.note(INSURANCE_FUND)


def _nothing(state: State, event: Any) -> None:
    pass


RISK_FOLDS: dict[type, Callable[[State, Any], None]] = {
    e.FundingApplied: _apply_funding,
    e.FundingSettled: _settle_funding,
    e.MarginModeChanged: _change_margin_mode,
    e.IsolatedMarginChanged: _change_isolated_margin,
    e.ExchangeStateChanged: _change_exchange_state,
    e.ResumptionScheduled: _schedule_resumption,
    e.LiquidationStarted: _start_liquidation,
    e.LiquidationStepped: _nothing,
    e.LiquidationFeeCharged: _charge_liquidation_fee,
    e.PositionAssigned: _assign_position,
    e.DeficitCovered: _cover_deficit,
    e.LiquidationEnded: _end_liquidation,
}
