"""More mistakes made on purpose, about funding, margin modes, halts, liquidation, deleveraging and deficits."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import msgspec

from risk.core.liquidation import bankruptcy_price_ticks
from risk.core.margin import ceil_ppb
from tests.simulation.bugs import bug
from trading.core.accounts import Account
from trading.core.markets import Instrument
from trading.core.orders import Order
from trading.core.positions import Position
from trading.core.price_window import PriceWindow
from trading.core.terms import INSTRUMENT_NORMAL, PPB
from trading.engine import apply, execution, rank_queues, snapshot
from trading.engine.apply_risk import RISK_FOLDS
from trading.engine.commands import ApplyFunding, ResumeInstrument, SetExchangeState, SetInstrumentState
from trading.engine.decide import DECISIONS
from trading.engine.decisions import deleveraging, liquidation, prices
from trading.engine.events import FundingSettled, InstrumentStateChanged, LiquidationEnded, PositionAssigned
from trading.engine.liquidation_index import LiquidationIndex
from trading.engine.state import State
from trading.engine.walk import Walk


@bug
def funding_is_charged_twice():
    original = RISK_FOLDS[FundingSettled]

    def settle(state: State, event: FundingSettled) -> None:
        position = state.accounts[event.account_id].positions[event.instrument_id]
        before = position.funding_index
        original(state, event)
        position.funding_index = before

    with patch.dict(apply.FOLDS, {FundingSettled: settle}):
        yield


@bug
def funding_is_rounded_for_the_customer():
    def owed(self: Position) -> int:
        return self.lots * (self.instrument.funding_index - self.funding_index) // PPB

    with patch.object(Position, "owed_funding_units", owed):
        yield


@bug
def a_period_is_paid_again():
    def apply_funding(state: State, command: ApplyFunding) -> list[Any]:
        instrument = state.instruments.get(command.instrument_id)
        if instrument is None:
            return prices.apply_funding(state, command)
        with patch.object(instrument, "funded_until_ns", 0):
            return prices.apply_funding(state, command)

    with patch.dict(DECISIONS, {ApplyFunding: apply_funding}):
        yield


@bug
def unsettled_funding_is_lost_with_a_fill():
    original = execution.state_matches

    def state_matches(*arguments: Any) -> None:
        events = arguments[6]
        original(*arguments)
        events[:] = [event for event in events if not isinstance(event, FundingSettled)]

    with patch.object(execution, "state_matches", state_matches):
        yield


@bug
def liquidates_in_a_halt():
    original = Instrument.is_ready

    def is_ready(self: Instrument, time_ns: int) -> bool:
        with patch.object(self, "is_unrestricted", self.mark_price_ticks > 0):
            return original(self, time_ns)

    with patch.object(Instrument, "is_ready", is_ready):
        yield


@bug
def liquidates_on_a_stale_price():
    def is_ready(self: Instrument, time_ns: int) -> bool:
        return self.is_unrestricted

    with patch.object(Instrument, "is_ready", is_ready):
        yield


@bug
def the_index_forgets_who_traded():
    with patch.object(LiquidationIndex, "note", lambda self, account_id: None):
        yield


@bug
def waiting_liquidations_are_forgotten():
    with patch.object(apply, "queue_liquidations", lambda state: None):
        yield


@bug
def the_fee_may_go_beyond_the_equity():
    def fee(*, closed_value_units: int, equity_units: int, fee_ppb: int) -> int:
        return ceil_ppb(closed_value_units, fee_ppb)

    with patch.object(liquidation, "liquidation_fee_units", fee):
        yield


@bug
def the_bankruptcy_price_is_rounded_the_wrong_way():
    with patch.object(liquidation, "cross_bankruptcy_price_ticks", bankruptcy_price_ticks):
        yield


@bug
def orders_of_liquidations_go_beyond_bankruptcy():
    original = liquidation.liquidation_limit_price_ticks

    def limit(*, lots: int, bankruptcy_price_ticks: int, **more: int) -> int:
        return original(lots=lots, bankruptcy_price_ticks=1 if lots > 0 else 10**9, **more)

    with patch.object(liquidation, "liquidation_limit_price_ticks", limit):
        yield


@bug
def the_fund_takes_over_what_it_cannot_bear():
    with patch.object(liquidation, "takeover_lots", lambda *, lots, **_: abs(lots)):
        yield


@bug
def the_lowest_rank_is_deleveraged_first():
    original = rank_queues.rank_of
    with patch.object(rank_queues, "rank_of", lambda account, position: -original(account, position)):
        yield


@bug
def an_isolated_loss_falls_on_the_cross_margin():
    with patch.object(liquidation, "_keep_isolated", lambda step, gained_units: []):
        yield


@bug
def a_halt_ends_without_cancel_only():
    def resume(state: State, command: ResumeInstrument) -> list[Any]:
        return [InstrumentStateChanged(command.instrument_id, INSTRUMENT_NORMAL)]

    with patch.dict(DECISIONS, {ResumeInstrument: resume}):
        yield


@bug
def the_window_never_forgets():
    original = PriceWindow.add

    def add(self: PriceWindow, time_ns: int, price_ticks: int, window_ns: int) -> None:
        original(self, time_ns, price_ticks, time_ns)

    with patch.object(PriceWindow, "add", add):
        yield


@bug
def snapshots_lack_when_a_halt_ends():
    original = snapshot._dump_instrument

    def dump_instrument(instrument: Instrument) -> list[Any]:
        with patch.object(instrument, "resume_at_ns", 0):
            return original(instrument)

    with patch.object(snapshot, "_dump_instrument", dump_instrument):
        yield


@bug
def snapshots_lack_margin_modes():
    original = snapshot._dump_position

    def dump_position(instrument_id: int, position: Position) -> list[Any]:
        with patch.object(position, "isolated_units", None):
            return original(instrument_id, position)

    with patch.object(snapshot, "_dump_position", dump_position):
        yield


@bug
def snapshots_lack_what_is_in_liquidation():
    original = snapshot._dump_account

    def dump_account(account: Account) -> list[Any]:
        with patch.object(account, "liquidations", None):
            return original(account)

    with patch.object(snapshot, "_dump_account", dump_account):
        yield


@bug
def makers_forget_what_their_fills_before_have_cost():
    original = Walk._can_bear

    def can_bear(self: Walk, maker: Order, lots: int) -> bool:
        with patch.object(self, "costs_units", {}):
            return original(self, maker, lots)

    with patch.object(Walk, "_can_bear", can_bear):
        yield


@bug
def counterparts_close_more_than_they_can_bear():
    with patch.object(deleveraging, "_bearable_units", lambda counterpart: 2**62):
        yield


@bug
def an_isolated_counterpart_pays_from_its_cross_margin():
    original = deleveraging._isolated_after_close

    def isolated_after_close(counterpart: Position, event: PositionAssigned) -> list[Any]:
        return original(counterpart, msgspec.structs.replace(event, counterparty_realised_pnl_units=0))

    with patch.object(deleveraging, "_isolated_after_close", isolated_after_close):
        yield


@bug
def the_fund_covers_what_it_cannot_spare():
    original = liquidation._settled_account

    def settled_account(state: State, end: LiquidationEnded) -> list[Any]:
        with patch.object(liquidation, "_free_units", lambda fund: 2**62):
            return original(state, end)

    with patch.object(liquidation, "_settled_account", settled_account):
        yield


@bug
def the_queue_of_deleveraging_is_not_followed():
    with patch.object(rank_queues.RankQueues, "_follow", lambda self, state: None):
        yield


@bug
def expected_states_are_ignored():
    def unexpecting(decide: Callable[[State, Any], list[Any]]) -> Callable[[State, Any], list[Any]]:
        return lambda state, command: decide(state, msgspec.structs.replace(command, expected_state=0))

    kinds = (SetInstrumentState, SetExchangeState)
    with patch.dict(DECISIONS, {kind: unexpecting(DECISIONS[kind]) for kind in kinds}):
        yield
