"""By rank and pro rata: the same deficit, borne by few or by all."""

import gzip
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.backtest.bars import BarsError
from risk.backtest.scenario import UNITS, find, read_table
from risk.backtest.sharing import (
    CoinSums,
    SharingRules,
    Winner,
    close_by_rank,
    close_pro_rata,
    compare,
    draw_winners,
    read_sums,
    totals,
)
from risk.backtest.sharing_run import read_sharing, run_sharing

MARKET_DATA_DIR = os.environ.get("MARKET_DATA_DIR")
RULES = SharingRules("hyperliquid-2025", 0.25, 20_000 * UNITS, 5, 100, 0.05, 0.6)
SUMS = st.builds(CoinSums, st.just("ABC"), st.integers(1, 10**8).map(lambda usd: usd * 997), st.integers(10**6, 10**13))


@given(SUMS, st.integers(0, 2**32))
@settings(max_examples=40)
def test_winners_share_the_capacity_to_the_unit(sums, seed):
    winners = draw_winners(sums, RULES, Random(seed))
    assert sum(winner.gain_units for winner in winners) == sums.capacity_units
    assert all(winner.lots > 0 and winner.equity_units > 0 for winner in winners)


@given(SUMS, st.integers(0, 2**32))
@settings(max_examples=40)
def test_both_ways_give_up_the_deficit_as_far_as_winners_can_and_less_than_a_lot_more(sums, seed):
    one = compare(sums, RULES, Random(seed))
    wanted = one.lots * one.loss_a_lot_units
    assert 0 <= wanted - sums.deficit_units < one.loss_a_lot_units
    winners = draw_winners(sums, RULES, Random(seed))
    for way, outcome in ((close_by_rank, one.by_rank), (close_pro_rata, one.pro_rata)):
        closes = way(winners, one.lots, one.loss_a_lot_units)
        assert sum(close.lots for close in closes) == one.lots
        assert all(0 < close.lots <= close.winner.lots for close in closes)
        assert all(0 <= close.loss_units <= close.winner.equity_units for close in closes)
        assert sum(close.loss_units for close in closes) == outcome.given_up_units == wanted - outcome.unborne_units


def test_rank_takes_the_highly_levered_first_and_spares_the_others():
    compared = [compare(CoinSums("ABC", 10**12, 10**13), RULES, Random(seed)) for seed in range(20)]
    by_rank, pro_rata = totals(compared, lambda one: one.by_rank), totals(compared, lambda one: one.pro_rata)
    assert by_rank.levered_lots > 2 * pro_rata.levered_lots
    assert by_rank.accounts * 2 < pro_rata.accounts == sum(one.winners for one in compared)
    assert by_rank.worst_permille > pro_rata.worst_permille
    assert by_rank.half_borne_by < pro_rata.half_borne_by


def test_who_cannot_bear_a_lot_is_passed_over_until_nobody_can():
    geared, sound = Winner(1, 10, 11 * UNITS, UNITS, UNITS), Winner(2, 10, 11 * UNITS, UNITS, 50 * UNITS)
    loss = 2 * UNITS
    assert close_by_rank([geared, sound], 4, loss) == [(sound, 4, 4 * loss)]
    assert close_by_rank([geared, sound], 12, loss) == [(geared, 2, UNITS), (sound, 10, 10 * loss)]
    assert close_pro_rata([geared, sound], 4, loss) == [(geared, 2, UNITS), (sound, 2, 2 * loss)]


def write_sums(path, text):
    path.write_bytes(gzip.compress(text.encode()))
    return path


def test_shocks_of_a_coin_are_added_up(tmp_path):
    head = "coin,cluster_id,deficit_usd,total_capacity_usd\n"
    rows = "ABC,1,0.0,100.5\nABC,2,7.25,20\nDRY,1,5,0.0\nWET,1,0,9\n"
    path = write_sums(tmp_path / "sums.csv.gz", head + rows)
    assert read_sums(path) == [CoinSums("ABC", 7_250_000, 120_500_000)]


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(BarsError, match=r"sums\.csv\.gz cannot be used"):
        read_sums(write_sums(tmp_path / "sums.csv.gz", "a,b\n1,2\n"))


@pytest.mark.market_data
@pytest.mark.skipif(not MARKET_DATA_DIR, reason="MARKET_DATA_DIR is not set: the recorded day was not used")
def test_the_recorded_day():
    path = find("adl-hyperliquid-2025-10-10")
    scenario = read_sharing(path, read_table(path))
    values, page = run_sharing(scenario, market_data_dir=MARKET_DATA_DIR)
    recorded = read_sums(Path(MARKET_DATA_DIR) / scenario.file)
    assert values["deficit_units"] == sum(coin.deficit_units for coin in recorded)
    assert values["ledger_imbalance_units"] == values["more_than_a_lot_beyond_deficit"] == 0
    assert values["by_rank"]["accounts"] < values["pro_rata"]["accounts"]
    assert "WLD" in page and "Pro rata" not in page.split("<h1>")[0]
