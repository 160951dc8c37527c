"""Small runs of the scenarios: what must never happen does not, and what must happen does."""

import os
from functools import cache

import pytest

from risk.backtest.figures import figures
from risk.backtest.scenario import read_scenario, read_table
from risk.core.index_price import INDEX_FIRM
from tests.backtest.worlds import finished, small, with_risk, write_crash
from trading.core.terms import INSTRUMENT_NORMAL
from trading.engine.liquidation_index import LiquidationIndex

MARKET_DATA_DIR = os.environ.get("MARKET_DATA_DIR")
CALM = ("constant-price", "single-venue-flash-crash", "feed-freeze")


@cache
def run_of(name):
    return finished(small(name))


@pytest.fixture(scope="module")
def crash(tmp_path_factory):
    path = write_crash(tmp_path_factory.mktemp("crash"))
    return finished(read_scenario(path, read_table(path)))


def assert_sound(run):
    """The properties of every run."""
    values = figures(run)
    assert values["ledger_imbalance_units"] == 0
    assert values["wrongful_liquidations"] == values["missed_liquidations"] == 0
    assert values["needless_deleveragings"] == values["bad_debt_units"] == 0
    assert values["fund_below_zero"] == 0
    assert values["deficit_units"] == values["fund_loss_units"] + values["deleveraged_units"]
    assert values["deleveraged_units"] <= values["deficit_units"] + values["largest_lot_units"]
    return values


@pytest.mark.parametrize("name", CALM)
def test_nobody_is_liquidated_when_nothing_happened(name):
    run = run_of(name)
    values = assert_sound(run)
    assert values["liquidations"] == values["takeovers"] == values["deleveraged_units"] == 0
    assert values["fund_start_units"] == values["fund_end_units"] == values["fund_min_units"]
    assert values["price_steps"] > 5_000 and len(run.audit.books) > 150
    assert any(book.lots for book in run.audit.books.values()), "somebody holds something"


def test_the_flash_crash_was_seen_and_did_not_count():
    run = run_of("single-venue-flash-crash")
    marks = [sample.marks[0] for sample in run.samples]
    assert min(marks) > 597_000
    west = run.scenario.markets[0].venues[-1]
    assert min(price for _, price in west.knots) == 24_000


def test_frozen_and_absurd_feeds_halt_the_market_and_it_comes_back():
    run = run_of("feed-freeze")
    assert run.index_statuses[INDEX_FIRM] < sum(run.index_statuses.values())
    assert [instrument.state for instrument in run.engine.state.instruments.values()] == [INSTRUMENT_NORMAL]
    assert run.samples[-1].marks[0] == pytest.approx(600_000, rel=0.001)


def test_a_gap_down_uses_up_the_fund_and_deleverages_the_rest():
    scenario = small("gap-down-50")
    run = finished(scenario._replace(fund_units=100_000 * 10**6))
    values = assert_sound(run)
    assert values["liquidations"] > 20 and values["takeovers"] > 0 and values["deleveragings"] > 0
    assert values["deleveraged_units"] > 0 and values["fund_loss_units"] > 0
    assert values["fund_end_units"] < values["fund_start_units"]
    assert values["max_queue"] > values["liquidations"]


def test_a_fund_that_is_large_enough_spares_everybody_deleveraging():
    scenario = with_risk(small("gap-down-50", fund_units=10**14), fund_limit_units=10**15)
    values = assert_sound(finished(scenario))
    assert values["liquidations"] > 20 and values["deleveraged_notional_units"] == 0


def test_a_crash_of_recorded_bars_is_worked_off(crash):
    values = assert_sound(crash)
    assert values["liquidations"] > 20 and values["takeovers"] + values["deleveragings"] > 0
    assert values["index"] == {"firm": 7200}
    assert [row["stands_in"] for row in values["constituents"]] == [False, True]
    assert crash.samples[-1].marks[0] < 870_000 < 990_000 < crash.samples[0].marks[0]


def test_the_same_seed_gives_the_same_figures(crash, tmp_path):
    path = write_crash(tmp_path)
    scenario = read_scenario(path, read_table(path))
    again, other = finished(scenario), finished(scenario._replace(seed=12))

    def told(run):
        values = figures(run)
        return {name: value for name, value in values.items() if name not in ("seconds", "speed", "constituents")}

    assert told(again) == told(crash)
    assert again.samples == crash.samples
    assert told(other) != told(crash)


def test_funding_is_paid_once_a_period_and_leaves_no_money_behind():
    run = finished(with_risk(small("constant-price"), funding_interval_ns=3_600 * 10**9))
    assert_sound(run)
    instrument = run.engine.state.instruments[1]
    assert instrument.funded_until_ns == (run.scenario.starts_s + 3_600) * 10**9
    assert instrument.funding_index > 0 and run.audit.pool_units >= 0
    assert run.audit.pool_units < len(run.audit.books)


def test_a_halted_market_liquidates_nobody_until_it_is_back(crash):
    quiet = with_risk(
        crash.scenario,
        volatility_move_ppb=30_000_000,
        volatility_window_ns=300 * 10**9,
        volatility_halt_ns=120 * 10**9,
        volatility_cancel_only_ns=60 * 10**9,
    )
    run = finished(quiet)
    values, without = assert_sound(run), figures(crash)
    assert values["halts"] > 1 and without["halts"] == 0
    assert values["liquidations"] > 20 and "instrument_halted" not in values["refused"]
    assert [instrument.state for instrument in run.engine.state.instruments.values()] == [INSTRUMENT_NORMAL]


def test_an_engine_that_overlooks_accounts_is_noticed(monkeypatch):
    monkeypatch.setattr(LiquidationIndex, "candidates", lambda self, instrument_id, mark_price_ticks: [])
    run = finished(small("gap-down-50"))
    assert run.audit.liquidations == 0 and run.missed_liquidations > 20


@pytest.mark.market_data
@pytest.mark.skipif(not MARKET_DATA_DIR, reason="MARKET_DATA_DIR is not set: the real crashes were not run")
@pytest.mark.parametrize(
    ("name", "hour"),
    [
        ("covid-2020-03", 10),
        ("may-2021-05-19", 24),
        ("ftx-2022-11", 18),
        ("august-2024-08-05", 12),
        ("october-2025-10-10", 8),
    ],
)
def test_the_worst_hours_of_a_real_crash(name, hour):
    scenario = small(name, traders=200)
    starts_s = scenario.starts_s + hour * 3_600
    run = finished(scenario._replace(starts_s=starts_s, ends_s=starts_s + 2 * 3_600), MARKET_DATA_DIR)
    assert assert_sound(run)["liquidations"] > 0
