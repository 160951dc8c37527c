"""Deleveraging of those who have little, and what is left of a deficit: worked by hand; both engines play the examples.

Alice is long since 1000 and bankrupt at 900. The mark is at 800, where others have sold her lots anew: a lot closed at
900 costs them 100,000.
"""

import pytest

from tests.simulation.limits import nothing_worked_off
from tests.simulation.risk_stage import RiskStage, assigned, margins, only, steps
from tests.simulation.stage import ALICE, BOB, CHARLIE, code_of, kinds, names, stated
from trading.core import terms
from trading.core.terms import INSURANCE_FUND
from trading.engine import commands
from trading.engine.events import DeficitCovered, LiquidationEnded

DAVE = 4  # sold to Alice, and has bought back


def fallen(*sellers, lots=10, mark_ticks=800, isolated=(), **given):
    """Alice has just the margin of her lots; each seller is (account, its collateral, lots sold at the mark)."""
    stage = RiskStage(fund_limit_units=0, **given)
    stage.run(commands.OpenAccount(b"", 0, DAVE, DAVE))
    stage.transfer(DAVE, 10**9)
    for account_id in isolated:
        stage.isolate(account_id)
    stage.transfer(ALICE, lots * 100_000)
    stage.transfer(ALICE, -(10**6))
    stage.buy_from(ALICE, DAVE, lots)
    stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_POST_ONLY))
    stage.mark(mark_ticks, mark_ticks)
    stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_NORMAL))
    for account_id, units, sold_lots in sellers:
        stage.transfer(account_id, units - 10**9)
        stage.buy_from(DAVE, account_id, sold_lots, mark_ticks)
    assert stage.lots(DAVE) == 0
    return stage


def liquidated(stage):
    return stage.run(commands.SweepLiquidations(b"", 0, ALICE, ALICE))


def collateral(stage, *account_ids):
    return [stage.account(one).collateral_units for one in account_ids]


def test_nobody_closes_more_than_it_can_bear():
    """Bob's 850,000 pay for eight lots; the 50,000 that he has left are 25 ticks on each of the last two."""
    stage = fallen((BOB, 850_000, 10))
    records = liquidated(stage)
    assert steps(records) == [
        ("deleverage", 8, -1_000_000, 400_000, 900, 0),
        ("deleverage", 2, -200_000, 80_000, 900, 0),
    ]
    assert assigned(records) == [(BOB, 8, 900, 1), (BOB, 2, 825, 1)]
    assert collateral(stage, ALICE, BOB) == [-150_000, 0]
    assert [one.equity_units for one in only(records, LiquidationEnded)] == [-150_000]


def test_who_can_bear_no_lot_is_passed_over():
    """Of equal rank Bob is before Charlie, but has less than a lot costs: what he has is taken at the end."""
    stage = fallen((BOB, 81_000, 1), (CHARLIE, 10**8, 9))
    records = liquidated(stage)
    assert assigned(records) == [(CHARLIE, 9, 900, 1), (BOB, 1, 881, 1)]
    assert collateral(stage, ALICE, BOB) == [-19_000, 0]


def test_when_nobody_can_bear_a_lot_each_gives_what_it_has():
    """A lot costs 200,000 at 700. Bob's 90,000 are 90 ticks on his lot, Charlie's 175,000 are 87 on each of his two."""
    stage = fallen((BOB, 90_000, 1), (CHARLIE, 175_000, 2), lots=3, mark_ticks=700)
    records = liquidated(stage)
    assert steps(records) == [("deleverage", 3, -600_000, 105_000, 900, 0)]
    assert assigned(records) == [(BOB, 1, 790, 1), (CHARLIE, 2, 787, 2)]
    assert collateral(stage, ALICE, BOB, CHARLIE) == [-336_000, 0, 1_000]


def test_an_isolated_counterpart_keeps_its_loss_to_itself():
    """Of Bob's million 800,000 are his position's, and pay for eight lots. The margin of these was 640,000; the other
    160,000 come from that of the two lots that stay."""
    stage = fallen((BOB, 10**6, 10), isolated=[BOB])
    records = liquidated(stage)
    assert assigned(records) == [(BOB, 8, 900, 1), (BOB, 2, 800, 1)]
    assert margins(records) == [(BOB, 0)]
    assert collateral(stage, ALICE, BOB) == [-200_000, 200_000]


def test_an_isolated_counterpart_that_gains_is_given_its_margin_back():
    """Bob sold at 1000 with 1,000,000: eight lots at 900 gain, and leave a fifth of his margin with two of his ten."""
    stage = RiskStage(fund_limit_units=0)
    stage.isolate(BOB)
    stage.buy_from(CHARLIE, BOB, 2)
    stage.transfer(ALICE, -200_000)
    stage.buy_from(ALICE, BOB, 8)
    records = stage.mark(880)
    assert assigned(records) == [(BOB, 8, 900, 1)]
    assert margins(records) == [(BOB, 200_000)]


def test_an_isolated_counterpart_that_ends_below_zero_leaves_no_margin_behind():
    """Bob owes 816,000 of funding and has 800,000 of margin when Alice's turn comes: the rest falls on his cross
    margin, and no more than his money may go."""
    stage = fallen((BOB, 10**6, 10), isolated=[BOB], funding_cap_ppb=10**9)
    with nothing_worked_off():
        liquidated(stage)
        stage.fund_rate(-102_000_000)
    records = stage.run(commands.AdvanceTime(b"", 0))
    assert assigned(records) == [(BOB, 10, 800, 1)]
    assert margins(records) == [(BOB, 0)]
    assert collateral(stage, ALICE, BOB) == [-184_000, 184_000]
    assert code_of(stage.transfer(BOB, -184_001)) == "insufficient_funds"
    assert code_of(stage.transfer(BOB, -184_000)) == ""


@pytest.mark.parametrize(("fund_units", "paid_units"), [(100_000, 100_000), (500_000, 150_000)])
def test_the_fund_covers_what_is_left_of_a_deficit(fund_units, paid_units):
    """It may take nothing over, but 150,000 are lost beyond what Alice had."""
    stage = fallen((BOB, 850_000, 10), fund_units=fund_units)
    records = liquidated(stage)
    assert names(records)[-2:] == ["DeficitCovered", "LiquidationEnded"]
    (covered,) = only(records, DeficitCovered)
    assert (covered.account_id, covered.instrument_id, covered.amount_units) == (ALICE, 0, paid_units)
    assert stated(records)[-1].equity_units == -150_000
    assert collateral(stage, ALICE, INSURANCE_FUND) == [paid_units - 150_000, fund_units - paid_units]


def test_a_deficit_of_an_isolated_position_is_covered_before_its_margin_goes():
    """What the fund does not cover falls on the million that Alice has beside it."""
    stage = fallen((BOB, 850_000, 10), isolated=[ALICE], fund_units=100_000)
    stage.transfer(ALICE, 10**6)
    records = liquidated(stage)
    assert names(records)[-3:] == ["DeficitCovered", "IsolatedMarginChanged", "LiquidationEnded"]
    assert margins(records) == [(ALICE, 200_000), (ALICE, -150_000), (ALICE, 0)]
    assert only(records, DeficitCovered)[0].instrument_id == 1
    assert collateral(stage, ALICE, INSURANCE_FUND) == [10**6 - 50_000, 0]


def test_no_price_is_beyond_twice_the_mark():
    """Alice is bankrupt at 900, and the mark at 400: Bob pays 800, and the million beyond stays with her."""
    stage = fallen((BOB, 10**8, 10), mark_ticks=400)
    assert assigned(liquidated(stage)) == [(BOB, 10, 800, 1)]
    assert collateral(stage, ALICE) == [-(10**6)]


def test_ten_records_of_deleveraging_are_all_that_a_cause_works_off():
    """Twelve accounts fall at once: ten have their turn, two wait for the next command, which comes after them."""
    stage = RiskStage()
    for account_id in range(10, 22):
        stage.run(commands.OpenAccount(b"", 0, account_id, account_id))
        stage.transfer(account_id, 100_000)
        stage.buy_from(account_id, BOB, 1)
    records = stage.mark(880)
    assert kinds(records) == ["UpdateMarkPrice", *["Liquidate"] * 10]
    assert len(steps(records)) == 10 and only(records, LiquidationEnded) == []
    later = stage.run(commands.AdvanceTime(b"", 0))
    assert kinds(later) == [*["Liquidate"] * 14, "AdvanceTime"]
    assert len(steps(later[:2])) == 2 and len(only(later[2:], LiquidationEnded)) == 12
