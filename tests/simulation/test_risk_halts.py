"""Halts, bands, states of the exchange and triggers by index, worked by hand; both engines play them."""

import pytest

from tests.simulation.risk_stage import RiskStage, only
from tests.simulation.stage import ALICE, BOB, CHARLIE, SECOND_NS, code_of, id_of, kinds, names, stated, trades
from trading.core import terms
from trading.core.terms import BUY, INSURANCE_FUND, SELL
from trading.engine import commands
from trading.engine.events import LiquidationStarted, ResumptionScheduled

MINUTE_NS = 60 * SECOND_NS
WATCHED = {
    "volatility_window_ns": MINUTE_NS,
    "volatility_move_ppb": 50_000_000,
    "volatility_halt_ns": 5 * MINUTE_NS,
    "volatility_cancel_only_ns": MINUTE_NS,
}


def state_of(stage):
    return stage.world.instrument(1).state


def exchange_state(stage, state):
    return stage.run(commands.SetExchangeState(b"", 0, state))


def test_a_move_by_more_than_its_share_halts_and_liquidates_nobody():
    """From 1000 down to 952 is 5.04 % of 952; to 953 it is 4.93 % of 953."""
    stage = RiskStage(**WATCHED)
    stage.buy_from(ALICE, BOB, 10)
    assert names(stage.mark(953)) == ["MarkPriceUpdated"]
    stage.mark(960)
    records = stage.mark(952)
    assert names(records) == ["MarkPriceUpdated", "InstrumentStateChanged", "ResumptionScheduled"]
    assert stated(records)[2] == ResumptionScheduled(1, stage.time_ns + 5 * MINUTE_NS, 952, 1000)
    assert state_of(stage) == terms.INSTRUMENT_HALTED
    assert names(stage.mark(940)) == ["MarkPriceUpdated"]


def test_a_halt_ends_through_cancel_only():
    stage = RiskStage(**WATCHED)
    stage.mark(900)
    stage.time_ns += 5 * MINUTE_NS
    records = stage.run(commands.AdvanceTime(b"", 0))
    assert kinds(records) == ["ResumeInstrument", "AdvanceTime"]
    assert names(records) == ["InstrumentStateChanged", "ResumptionScheduled"]
    assert stated(records)[1] == ResumptionScheduled(1, stage.time_ns + MINUTE_NS, 0, 0)
    assert state_of(stage) == terms.INSTRUMENT_CANCEL_ONLY
    stage.time_ns += MINUTE_NS
    assert names(stage.run(commands.AdvanceTime(b"", 0))) == ["InstrumentStateChanged"]
    assert state_of(stage) == terms.INSTRUMENT_NORMAL
    assert names(stage.mark(900)) == ["MarkPriceUpdated"]


@pytest.mark.parametrize("state", [terms.INSTRUMENT_POST_ONLY, terms.INSTRUMENT_CANCEL_ONLY, terms.INSTRUMENT_HALTED])
def test_a_move_halts_only_what_is_normal_by_itself(state):
    stage = RiskStage(**WATCHED)
    stage.run(commands.SetInstrumentState(b"", 0, 1, state))
    assert names(stage.mark(900)) == ["MarkPriceUpdated"]
    assert state_of(stage) == state


def test_a_move_while_post_only_halts_with_the_first_price_after_it():
    stage = RiskStage(**WATCHED)
    stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_POST_ONLY))
    stage.mark(900)
    stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_NORMAL))
    assert only(stage.mark(901), ResumptionScheduled)[0].low_price_ticks == 900


def test_a_move_halts_while_only_the_exchange_is_restricted():
    stage = RiskStage(**WATCHED)
    exchange_state(stage, terms.INSTRUMENT_POST_ONLY)
    assert names(stage.mark(900))[1:] == ["InstrumentStateChanged", "ResumptionScheduled"]


def test_an_instruments_state_changes_only_from_the_one_expected():
    """Its own one is meant, whatever the exchange's."""
    stage = RiskStage()
    exchange_state(stage, terms.INSTRUMENT_POST_ONLY)

    def change(expected: int) -> str:
        return code_of(stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_CANCEL_ONLY, expected)))

    assert change(terms.INSTRUMENT_POST_ONLY) == "idempotency_conflict"
    assert state_of(stage) == terms.INSTRUMENT_POST_ONLY
    assert change(terms.INSTRUMENT_NORMAL) == ""
    assert change(terms.INSTRUMENT_NORMAL) == "idempotency_conflict"
    assert change(0) == ""
    wrong = commands.SetInstrumentState(b"", 0, 1, 5, terms.INSTRUMENT_NORMAL)
    assert code_of(stage.run(wrong)) == "invalid_parameter"


def test_the_exchanges_state_changes_only_from_the_one_expected():
    stage = RiskStage()

    def change(state: int, expected: int) -> str:
        return code_of(stage.run(commands.SetExchangeState(b"", 0, state, expected)))

    assert change(terms.INSTRUMENT_HALTED, terms.INSTRUMENT_POST_ONLY) == "idempotency_conflict"
    assert change(terms.INSTRUMENT_HALTED, terms.INSTRUMENT_NORMAL) == ""
    assert change(terms.INSTRUMENT_NORMAL, terms.INSTRUMENT_NORMAL) == "invalid_parameter"
    assert change(terms.INSTRUMENT_CANCEL_ONLY, terms.INSTRUMENT_HALTED) == ""


def test_what_an_operator_says_stands():
    stage = RiskStage(**WATCHED)
    stage.mark(900)
    stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_HALTED))
    stage.time_ns += 60 * MINUTE_NS
    assert kinds(stage.run(commands.AdvanceTime(b"", 0))) == ["AdvanceTime"]
    assert state_of(stage) == terms.INSTRUMENT_HALTED


def test_the_window_forgets():
    stage = RiskStage(**WATCHED)
    stage.time_ns += MINUTE_NS
    assert names(stage.mark(940)) == ["MarkPriceUpdated"]


def test_the_band_widens_with_the_range_of_the_window():
    """From 1000 to 800 and back is a fourth of 800; the most is 30 %."""
    stage = RiskStage(volatility_window_ns=MINUTE_NS, maximum_band_ppb=300_000_000)
    parameters = stage.parameters._replace(version=2, price_band_ppb=100_000_000)
    stage.run(commands.SetInstrumentParameters(b"", 0, 1, parameters))
    assert code_of(stage.order(BOB, SELL, 1, 1101)) == "price_outside_band"
    stage.mark(800)
    stage.mark(1000)
    assert code_of(stage.order(BOB, SELL, 1, 1251)) == "price_outside_band"
    assert code_of(stage.order(BOB, SELL, 1, 1250)) == ""
    stage.mark(500)
    stage.mark(1000)
    assert code_of(stage.order(BOB, SELL, 1, 1301)) == "price_outside_band"
    assert code_of(stage.order(BOB, SELL, 1, 1300)) == ""


def test_the_exchange_is_never_milder_than_its_instruments():
    stage = RiskStage()
    exchange_state(stage, terms.INSTRUMENT_CANCEL_ONLY)
    assert code_of(stage.order(BOB, SELL, 1, 1000)) == "instrument_halted"
    exchange_state(stage, terms.INSTRUMENT_POST_ONLY)
    assert code_of(stage.order(BOB, SELL, 1)) == "post_only_mode"
    stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_CANCEL_ONLY))
    exchange_state(stage, terms.INSTRUMENT_NORMAL)
    assert state_of(stage) == terms.INSTRUMENT_CANCEL_ONLY


@pytest.mark.parametrize(("state", "code"), [(0, "invalid_parameter"), (5, "invalid_parameter"), (4, "")])
def test_states_of_the_exchange(state, code):
    assert code_of(exchange_state(RiskStage(), state)) == code


def test_the_exchange_resumes_through_cancel_only():
    stage = RiskStage()
    exchange_state(stage, terms.INSTRUMENT_HALTED)
    assert code_of(exchange_state(stage, terms.INSTRUMENT_NORMAL)) == "invalid_parameter"
    assert code_of(exchange_state(stage, terms.INSTRUMENT_POST_ONLY)) == "invalid_parameter"
    exchange_state(stage, terms.INSTRUMENT_CANCEL_ONLY)
    assert code_of(exchange_state(stage, terms.INSTRUMENT_NORMAL)) == ""


def test_triggers_are_looked_for_when_the_exchange_trades_again():
    stage = RiskStage()
    stop = {"order_type": terms.STOP, "trigger_price_ticks": 990, "trigger_by": terms.TRIGGER_BY_INDEX}
    stage.order(BOB, SELL, 1, **stop)
    exchange_state(stage, terms.INSTRUMENT_POST_ONLY)
    stage.mark(1000, 990)
    assert kinds(exchange_state(stage, terms.INSTRUMENT_NORMAL)) == ["SetExchangeState", "TriggerOrder"]


def test_triggers_by_index_come_after_those_by_mark_and_trail_it():
    """The best index seen is 1020; ten below it is 1010."""
    stage = RiskStage()
    stage.order(CHARLIE, BUY, 9, 900)
    trailing = {"order_type": terms.TRAILING_STOP, "trailing_distance_ticks": 10}
    by_index = id_of(stage.order(BOB, SELL, 1, trigger_by=terms.TRIGGER_BY_INDEX, **trailing))
    by_mark = id_of(stage.order(BOB, SELL, 1, trigger_by=terms.TRIGGER_BY_MARK, **trailing))
    stage.mark(1000, 1020)
    assert kinds(stage.mark(991, 1011)) == ["UpdateMarkPrice"]
    assert kinds(stage.mark(991)) == ["UpdateMarkPrice"]  # the index stays
    records = stage.mark(990, 1010)
    assert [one.command.order_id for one in records[1:]] == [by_mark, by_index]


def test_a_mark_with_an_index_beyond_the_highest_price_is_refused():
    stage = RiskStage()
    assert code_of(stage.mark(1000, 3001)) == "invalid_price"
    assert code_of(stage.mark(1000, -1)) == "invalid_price"


def test_the_funds_account_is_not_for_customers():
    stage = RiskStage()
    for command in (
        commands.SetAccountState(b"", 0, INSURANCE_FUND, 1),
        commands.SetAccountLimits(b"", 0, INSURANCE_FUND, 1),
        commands.CancelAfter(b"", 0, INSURANCE_FUND, 1),
        commands.SetMarketMakerProtection(b"", 0, INSURANCE_FUND, 1, 0, 0, 0, 0),
    ):
        assert code_of(stage.run(command)) == "account_not_found"
    assert code_of(stage.order(INSURANCE_FUND, BUY, 1, 1000)) == "account_restricted"
    assert code_of(stage.transfer(INSURANCE_FUND, 500)) == ""
    assert code_of(stage.transfer(INSURANCE_FUND, -501)) == "insufficient_funds"
    assert code_of(stage.transfer(INSURANCE_FUND, -500)) == ""


def test_the_fund_keeps_the_margin_of_what_it_holds():
    """Ten lots taken over at 900 are worth 8.8 million: it keeps 88,000 of the million less the loss of 200,000."""
    stage = RiskStage(fund_units=10**6)
    stage.buy_from(ALICE, BOB, 10)
    stage.mark(880)
    assert code_of(stage.transfer(INSURANCE_FUND, -712_001)) == "insufficient_funds"
    assert code_of(stage.transfer(INSURANCE_FUND, -712_000)) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"mark_method": 4},
        {"funding_interval_ns": SECOND_NS - 1},
        {"basis_average_ns": -1},
        {"funding_cap_ppb": 10**9 + 1},
        {"maximum_band_ppb": 10**11 + 1},
        {"impact_notional_units": 0},
        {"volatility_window_ns": 24 * 3600 * SECOND_NS + 1},
        {"volatility_halt_ns": SECOND_NS - 1},
        {"volatility_cancel_only_ns": 7 * 24 * 3600 * SECOND_NS + 1},
        {"liquidation_band_ppb": 0},
        {"fund_limit_units": 2**62},
    ],
)
def test_parameters_of_risk_that_are_not_valid(wrong):
    stage = RiskStage()
    parameters = stage.parameters._replace(version=2, risk=stage.parameters.risk._replace(**wrong))
    assert code_of(stage.run(commands.SetInstrumentParameters(b"", 0, 1, parameters))) == "invalid_parameter"


def test_a_thin_book_moves_no_mark_and_liquidates_nobody():
    """Charlie lifts Bob's far offer; Alice, whose short would be worth less than nothing at that price, keeps it."""
    stage = RiskStage()
    stage.buy_from(BOB, ALICE, 9)
    stage.order(BOB, SELL, 1, 1400)
    assert len(trades(stage.order(CHARLIE, BUY, 1, 1400))) == 1
    assert only(stage.mark(1000), LiquidationStarted) == []
    assert stage.lots(ALICE) == -9
