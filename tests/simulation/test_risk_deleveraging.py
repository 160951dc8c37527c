"""Deleveraging of those who have little, and what is left of a deficit: worked by hand; both engines play the examples.

Alice is long ten lots since 1000 and bankrupt at 900. The mark is at 800, where others have sold the ten lots anew: a
lot closed at 900 costs them 100,000.
"""

import pytest

from tests.simulation.risk_stage import RiskStage, assigned, margins, only, steps
from tests.simulation.stage import ALICE, BOB, CHARLIE, kinds, names, stated
from trading.core import terms
from trading.core.terms import INSURANCE_FUND
from trading.engine import commands
from trading.engine.events import DeficitCovered, IsolatedMarginChanged, LiquidationEnded

DAVE = 4  # sells to Alice, and is out at 800


def fallen(*sellers, is_isolated=(), **given):
    """Each seller is (account, its collateral, lots sold at 800)."""
    stage = RiskStage(fund_limit_units=0, **given)
    stage.run(commands.OpenAccount(b"", 0, DAVE, DAVE))
    stage.transfer(DAVE, 10**9)
    for account_id in is_isolated:
        stage.isolate(account_id)
    stage.buy_from(ALICE, DAVE, 10)
    stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_POST_ONLY))
    stage.mark(800)
    stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_NORMAL))
    for account_id, units, lots in sellers:
        stage.transfer(account_id, units - 10**9)
        stage.buy_from(DAVE, account_id, lots, 800)
    return stage


def liquidated(stage):
    return stage.run(commands.SweepLiquidations(b"", 0, ALICE, ALICE))


def test_nobody_closes_more_than_it_can_bear():
    """Bob's 850,000 pay for eight lots, and the 50,000 left for 25 ticks more on each of the last two."""
    stage = fallen((BOB, 850_000, 10))
    records = liquidated(stage)
    assert steps(records) == [
        ("deleverage", 8, -1_000_000, 400_000, 900, 0),
        ("deleverage", 2, -200_000, 80_000, 900, 0),
    ]
    assert assigned(records) == [(BOB, 8, 900, 1), (BOB, 2, 825, 1)]
    assert stage.account(BOB).collateral_units == 0
    assert stage.account(ALICE).collateral_units == -150_000
    (ended,) = only(records, LiquidationEnded)
    assert ended.equity_units == -150_000


def test_who_can_bear_no_lot_is_passed_over():
    """Of equal rank Bob is before Charlie, but has less than a lot costs: what he has is taken at the end."""
    stage = fallen((BOB, 81_000, 1), (CHARLIE, 10**8, 9))
    records = liquidated(stage)
    assert assigned(records) == [(CHARLIE, 9, 900, 1), (BOB, 1, 881, 1)]
    assert stage.account(BOB).collateral_units == 0
    assert stage.account(ALICE).collateral_units == -19_000


def test_at_prices_of_their_own_each_gives_what_it_has():
    """Nobody can bear a lot: 90,000 are 90 ticks on a lot, 87,000 are 43 on each of two, rounded down."""
    stage = fallen((DAVE, 10**9, 0), (BOB, 90_000, 1)) if False else fallen((BOB, 90_000, 1))
    assert assigned(liquidated(stage))
