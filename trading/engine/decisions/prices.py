"""Mark and index prices, and what a price sets off: halts for volatility, liquidations. Funding by period."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trading.core.accounts import Account
from trading.core.markets import Instrument
from trading.core.terms import INSTRUMENT_CANCEL_ONLY, INSTRUMENT_HALTED, INSTRUMENT_NORMAL, PPB
from trading.engine.commands import (
    ApplyFunding,
    ResumeInstrument,
    SetExchangeState,
    SettleFunding,
    SweepLiquidations,
    UpdateMarkPrice,
)
from trading.engine.events import AnyEvent, InstrumentStateChanged, MarkPriceUpdated
from trading.engine.funding import funding_settled, unsettled_accounts
from trading.engine.liquidation_index import SafeMark
from trading.engine.refusal import refuse
from trading.engine.risk_events import (
    ExchangeStateChanged,
    FundingApplied,
    LiquidationStarted,
    ResumptionScheduled,
)
from trading.engine.scopes import cross_safe_marks, held_by_scope, margin_of, safe_marks
from trading.engine.state import State

SETTLED_AT_ONCE: Final = 256


def update_mark_price(state: State, command: UpdateMarkPrice) -> list[AnyEvent]:
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return refuse(command, "instrument_not_found")
    highest = instrument.parameters.maximum_price_ticks
    if not 1 <= command.mark_price_ticks <= highest or not 0 <= command.index_price_ticks <= highest:
        return refuse(command, "invalid_price")
    events: list[AnyEvent] = [
        MarkPriceUpdated(command.instrument_id, command.mark_price_ticks, command.index_price_ticks)
    ]
    halt = _halt(state, instrument, command.mark_price_ticks)
    events.extend(halt)
    is_ready = instrument.state == INSTRUMENT_NORMAL and not halt
    candidates = state.liquidation_index.candidates(command.instrument_id, command.mark_price_ticks)
    accounts = [state.accounts[account_id] for account_id in candidates]
    lot_value_units = command.mark_price_ticks * instrument.value_units
    events.extend(_liquidations(state, accounts, instrument, lot_value_units, is_ready))
    return events


def sweep_liquidations(state: State, command: SweepLiquidations) -> list[AnyEvent]:
    if command.first_account_id > command.last_account_id:
        return refuse(command, "invalid_parameter")
    chosen = (one for one in state.accounts if command.first_account_id <= one <= command.last_account_id)
    return _liquidations(state, [state.accounts[account_id] for account_id in sorted(chosen)])


def set_exchange_state(state: State, command: SetExchangeState) -> list[AnyEvent]:
    if not INSTRUMENT_NORMAL <= command.state <= INSTRUMENT_HALTED:
        return refuse(command, "invalid_parameter")
    if state.exchange_state == INSTRUMENT_HALTED and command.state < INSTRUMENT_CANCEL_ONLY:
        return refuse(command, "invalid_parameter")
    if command.expected_state and command.expected_state != state.exchange_state:
        return refuse(command, "idempotency_conflict")
    return [ExchangeStateChanged(command.state)]


def resume_instrument(state: State, command: ResumeInstrument) -> list[AnyEvent]:
    instrument = state.instruments[command.instrument_id]
    if instrument.own_state != INSTRUMENT_HALTED:
        return [InstrumentStateChanged(command.instrument_id, INSTRUMENT_NORMAL)]
    resume_at_ns = state.time_ns + instrument.parameters.risk.volatility_cancel_only_ns
    return [
        InstrumentStateChanged(command.instrument_id, INSTRUMENT_CANCEL_ONLY),
        ResumptionScheduled(command.instrument_id, resume_at_ns, 0, 0),
    ]


def apply_funding(state: State, command: ApplyFunding) -> list[AnyEvent]:
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return refuse(command, "instrument_not_found")
    risk, period_ns = instrument.parameters.risk, command.period_ns
    if abs(command.rate_ppb) > risk.funding_cap_ppb or not 0 < period_ns <= state.time_ns:
        return refuse(command, "invalid_parameter")
    if period_ns % risk.funding_interval_ns:
        return refuse(command, "invalid_parameter")
    if period_ns <= instrument.funded_until_ns:
        return refuse(command, "idempotency_conflict")
    if instrument.state == INSTRUMENT_HALTED or instrument.index_price_ticks == 0:
        return refuse(command, "instrument_halted")
    return [FundingApplied(command.instrument_id, period_ns, command.rate_ppb, instrument.index_price_ticks)]


def settle_funding(state: State, command: SettleFunding) -> list[AnyEvent]:
    """The next chunk of the sweep, by account id."""
    instrument = state.instruments[command.instrument_id]
    chunk: list[AnyEvent] = []
    for account_id in reversed(unsettled_accounts(state, instrument)):
        position = state.accounts[account_id].positions[instrument.instrument_id]
        if position.is_unsettled():
            chunk.append(funding_settled(position))
            if len(chunk) == SETTLED_AT_ONCE:
                break
    return chunk


def _halt(state: State, instrument: Instrument, mark_price_ticks: int) -> list[AnyEvent]:
    """A mark that moved too far within the window halts the instrument."""
    risk = instrument.parameters.risk
    if not risk.volatility_move_ppb or not risk.volatility_window_ns or instrument.own_state != INSTRUMENT_NORMAL:
        return []
    low, high = instrument.window.with_price(state.time_ns, mark_price_ticks, risk.volatility_window_ns)
    if (high - low) * PPB <= risk.volatility_move_ppb * low:
        return []
    instrument_id = instrument.instrument_id
    return [
        InstrumentStateChanged(instrument_id, INSTRUMENT_HALTED),
        ResumptionScheduled(instrument_id, state.time_ns + risk.volatility_halt_ns, low, high),
    ]


def _liquidations(
    state: State,
    accounts: Iterable[Account],
    marked: Instrument | None = None,
    lot_value_units: int = 0,
    is_marked_ready: bool = False,
) -> list[AnyEvent]:
    """LiquidationStarted for every scope of these accounts whose equity is below maintenance; the others are watched.

    Those that have to wait for a price or a halt stay noted.
    """
    index = state.liquidation_index
    started: list[AnyEvent] = []
    done: set[int] = set()
    for account in accounts:
        account_id, stays_noted = account.account_id, False
        if account.liquidations is None:
            safe = cross_safe_marks(account, marked, lot_value_units)
            if safe is not None:
                index.watch(account_id, safe)
                done.add(account_id)
                continue
        marks: list[SafeMark] = []
        for scope, held in held_by_scope(account).items():
            if account.liquidations is not None and scope in account.liquidations:
                continue
            equity, maintenance = margin_of(account, scope, held, marked, lot_value_units)
            slack = equity - sum(maintenance)
            if slack >= 0:
                marks += safe_marks(held, slack, marked, lot_value_units)
                continue
            stays_noted = True
            if all(
                is_marked_ready if position.instrument is marked else position.instrument.is_ready(state.time_ns)
                for position in held
            ):
                liquidation_id = state.next_id(len(started) + 1)
                started.append(LiquidationStarted(liquidation_id, account_id, scope, equity, sum(maintenance)))
        index.watch(account_id, marks)
        if stays_noted:
            index.note(account_id)
        else:
            done.add(account_id)
    index.forget(done)
    return started
