"""Instruments: listing, versioned parameters, states, mark price."""

from __future__ import annotations

from typing import Final

from trading.core.instruments import Bracket, InstrumentParameters, InstrumentTerms, RiskParameters
from trading.core.terms import INSTRUMENT_HALTED, INSTRUMENT_NORMAL, MAXIMUM_BAND_PPB, PPB
from trading.engine.commands import (
    ActivateParameters,
    ListInstrument,
    SetInstrumentParameters,
    SetInstrumentState,
)
from trading.engine.events import (
    AnyEvent,
    InstrumentListed,
    InstrumentStateChanged,
    ParametersChanged,
    ParametersScheduled,
)
from trading.engine.refusal import refuse
from trading.engine.state import State

HIGHEST_FEE_PPB: Final = 10**7
VALUE_BOUND_UNITS: Final = 2**62
SECOND_NS: Final = 10**9
DAY_NS: Final = 86_400 * SECOND_NS
LONGEST_HALT_NS: Final = 7 * DAY_NS
KINDS: Final = ("perpetual",)


def list_instrument(state: State, command: ListInstrument) -> list[AnyEvent]:
    terms = command.terms
    if (
        terms.instrument_id in state.instruments
        or any(known.terms.symbol == terms.symbol for known in state.instruments.values())
        or not are_valid_terms(terms)
        or not are_valid_parameters(terms, command.parameters)
    ):
        return refuse(command, "invalid_parameter")
    return [InstrumentListed(terms, command.parameters)]


def set_instrument_parameters(state: State, command: SetInstrumentParameters) -> list[AnyEvent]:
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return refuse(command, "instrument_not_found")
    parameters = command.parameters
    if parameters.version <= instrument.newest_version or not are_valid_parameters(instrument.terms, parameters):
        return refuse(command, "invalid_parameter")
    if command.effective_at_ns <= state.time_ns:
        return [ParametersChanged(command.instrument_id, parameters)]
    return [ParametersScheduled(command.instrument_id, parameters, command.effective_at_ns)]


def activate_parameters(state: State, command: ActivateParameters) -> list[AnyEvent]:
    """Due parameters take effect, unless a higher version has meanwhile."""
    instrument = state.instruments[command.instrument_id]
    _, parameters = instrument.scheduled[command.version]
    if parameters.version < instrument.parameters.version:
        return []
    return [ParametersChanged(command.instrument_id, parameters)]


def set_instrument_state(state: State, command: SetInstrumentState) -> list[AnyEvent]:
    if command.instrument_id not in state.instruments:
        return refuse(command, "instrument_not_found")
    if not INSTRUMENT_NORMAL <= command.state <= INSTRUMENT_HALTED:
        return refuse(command, "invalid_parameter")
    if command.expected_state and command.expected_state != state.instruments[command.instrument_id].own_state:
        return refuse(command, "idempotency_conflict")
    return [InstrumentStateChanged(command.instrument_id, command.state)]


def are_valid_terms(terms: InstrumentTerms) -> bool:
    """Whether an instrument can be listed under these terms."""
    return terms.instrument_id > 0 and terms.symbol != "" and terms.kind in KINDS and terms.value_units >= 1


def are_valid_parameters(terms: InstrumentTerms, parameters: InstrumentParameters) -> bool:
    """Whether the parameters make sense and keep every product within 64 bits."""
    maker, taker = parameters.maker_fee_ppb, parameters.taker_fee_ppb
    largest_value_units = parameters.maximum_price_ticks * parameters.maximum_order_lots * terms.value_units
    return (
        parameters.version >= 1
        and abs(maker) <= HIGHEST_FEE_PPB
        and 0 <= taker <= HIGHEST_FEE_PPB
        and maker + taker >= 0
        and 0 < parameters.price_band_ppb <= MAXIMUM_BAND_PPB
        and 0 < parameters.protection_ppb < PPB
        and parameters.minimum_notional_units >= 0
        and parameters.maximum_price_ticks >= 1
        and parameters.maximum_order_lots >= 1
        and 1 <= parameters.position_limit_units < VALUE_BOUND_UNITS
        and parameters.maximum_open_orders >= 1
        and largest_value_units < VALUE_BOUND_UNITS
        and are_valid_risk_parameters(parameters.risk)
        and are_valid_brackets(parameters.brackets)
        and 1 <= parameters.default_leverage <= PPB // parameters.brackets[0].initial_rate_ppb
    )


def are_valid_risk_parameters(risk: RiskParameters) -> bool:
    """Whether rates are rates, times are neither too short nor too long, and nothing is negative."""
    rates = (
        risk.basis_clamp_ppb,
        risk.funding_cap_ppb,
        risk.liquidation_share_ppb,
        risk.liquidation_fee_ppb,
        risk.liquidation_band_ppb,
        risk.fund_margin_ppb,
        risk.volatility_move_ppb,
    )
    return (
        min(risk) >= 0
        and 1 <= risk.mark_method <= 3
        and max(rates) <= PPB
        and risk.maximum_band_ppb <= MAXIMUM_BAND_PPB
        and risk.funding_interval_ns >= SECOND_NS
        and risk.impact_notional_units >= 1
        and risk.volatility_window_ns <= DAY_NS
        and SECOND_NS <= risk.volatility_halt_ns <= LONGEST_HALT_NS
        and SECOND_NS <= risk.volatility_cancel_only_ns <= LONGEST_HALT_NS
        and risk.liquidation_band_ppb > 0
        and risk.fund_limit_units < VALUE_BOUND_UNITS
    )


def are_valid_brackets(brackets: tuple[Bracket, ...]) -> bool:
    """Floors rise from 0, rates do not fall and stay within (0, 1], cums make the margin continuous (F9)."""
    if not brackets or brackets[0].floor_units != 0:
        return False
    if brackets[0].initial_cum_units != 0 or brackets[0].maintenance_cum_units != 0:
        return False
    for bracket in brackets:
        if not 0 < bracket.maintenance_rate_ppb <= bracket.initial_rate_ppb <= PPB:
            return False
    return all(_continues(brackets[i - 1], brackets[i]) for i in range(1, len(brackets)))


def _continues(before: Bracket, after: Bracket) -> bool:
    initial_step_ppb = after.initial_rate_ppb - before.initial_rate_ppb
    maintenance_step_ppb = after.maintenance_rate_ppb - before.maintenance_rate_ppb
    floor = after.floor_units
    return (
        floor > before.floor_units
        and initial_step_ppb >= 0
        and maintenance_step_ppb >= 0
        and after.initial_cum_units == before.initial_cum_units + floor * initial_step_ppb // PPB
        and after.maintenance_cum_units == before.maintenance_cum_units + floor * maintenance_step_ppb // PPB
    )
