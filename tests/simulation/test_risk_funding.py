"""Funding and margin modes, worked by hand; both engines play them."""

import pytest

from tests.simulation.limits import nothing_worked_off
from tests.simulation.risk_stage import HOUR_NS, NOON_NS, RiskStage, only
from tests.simulation.stage import ALICE, BOB, CHARLIE, code_of, kinds, names, stated
from trading.core.terms import BUY, INSTRUMENT_HALTED, SELL
from trading.engine import commands, events
from trading.engine.events import FundingSettled, IsolatedMarginChanged


def charges(records):
    return [(one.account_id, one.charge_units) for one in only(records, FundingSettled)]


def margins(records):
    return [(one.account_id, one.isolated_units) for one in only(records, IsolatedMarginChanged)]


def test_who_owes_pays_the_higher_unit_and_the_pool_keeps_the_dust():
    """A lot owes 1000 * 7 * 0.000100001 = 0.700007 units: 2.100021, -0.700007 and -1.400014 are rounded up."""
    stage = RiskStage(value_units=7)
    stage.buy_from(ALICE, BOB, 1)
    stage.buy_from(ALICE, CHARLIE, 2)
    before = {one.account_id: one.collateral_units for one in stage.world.accounts}
    records = stage.fund_rate(100_001)
    assert names(records[:1]) == ["FundingApplied"] and kinds(records) == ["ApplyFunding", "SettleFunding"]
    assert charges(records) == [(ALICE, 3), (BOB, 0), (CHARLIE, -1)]
    assert stage.world.funding_pool_units == 2
    assert [before[one] - stage.account(one).collateral_units for one in (ALICE, BOB, CHARLIE)] == [3, 0, -1]


def test_a_period_is_paid_once_and_only_when_it_is_over():
    stage = RiskStage(funding_cap_ppb=1_000_000)
    assert code_of(stage.fund_rate(1_000_001)) == "invalid_parameter"
    assert code_of(stage.fund_rate(5, NOON_NS + HOUR_NS)) == "invalid_parameter"
    assert code_of(stage.fund_rate(5, NOON_NS + 8 * HOUR_NS)) == "invalid_parameter"
    assert code_of(stage.fund_rate(5, 0)) == "invalid_parameter"
    assert code_of(stage.fund_rate(5)[:1]) == ""
    assert code_of(stage.fund_rate(5)) == "idempotency_conflict"
    assert code_of(stage.fund_rate(5, NOON_NS - 8 * HOUR_NS)) == "idempotency_conflict"
    assert code_of(stage.run(commands.ApplyFunding(b"", 0, 9, NOON_NS, 5))) == "instrument_not_found"


def test_no_funding_while_halted():
    stage = RiskStage()
    stage.run(commands.SetExchangeState(b"", 0, INSTRUMENT_HALTED))
    assert code_of(stage.fund_rate(5)) == "instrument_halted"


def test_a_position_opened_after_the_period_owes_nothing_of_it():
    stage = RiskStage()
    stage.buy_from(ALICE, BOB, 1)
    stage.fund_rate(1_000_000)
    assert charges(stage.buy_from(CHARLIE, BOB, 1)) == []
    assert stage.account(CHARLIE).collateral_units == 10**9


def test_a_fill_settles_the_maker_and_then_the_taker_first():
    stage = RiskStage()
    stage.buy_from(ALICE, BOB, 1)
    with nothing_worked_off():
        stage.fund_rate(1_000_000)
        stage.order(BOB, BUY, 1, 1000)
        records = stage.order(ALICE, SELL, 1, 1000)
    assert names(records) == ["OrderPlaced", "FundingSettled", "FundingSettled", "TradeExecuted"]
    assert charges(records) == [(BOB, -1_000), (ALICE, 1_000)]


def test_unsettled_funding_counts_in_equity_already():
    """Nine lots of a million units owe 90,000; the account had 100,000 more than its margin."""
    stage = RiskStage()
    stage.buy_from(ALICE, BOB, 9)
    with nothing_worked_off():
        stage.fund_rate(10_000_000)
        assert code_of(stage.transfer(ALICE, -10_001)) == "insufficient_funds"
        assert code_of(stage.transfer(ALICE, -10_000)) == ""


def test_funding_is_settled_in_chunks_of_256_spread_over_commands():
    stage = RiskStage()
    traders = range(10, 10 + 258)
    for account_id in traders:
        stage.run(commands.OpenAccount(b"", 0, account_id, account_id))
        stage.transfer(account_id, 10**6)
    for account_id in traders[::2]:
        stage.buy_from(account_id, account_id + 1, 1)
    records = stage.fund_rate(1_000)
    assert kinds(records) == ["ApplyFunding", "SettleFunding"]
    assert [one for one, _ in charges(records)] == list(traders)[:256]
    records = stage.run(commands.AdvanceTime(b"", 0))
    assert kinds(records) == ["SettleFunding", "AdvanceTime"]
    assert [one for one, _ in charges(records)] == list(traders)[256:]


def test_an_isolated_position_takes_its_margin_when_it_opens_and_grows():
    """2 lots at 1000 need 200,000; 3 more at 1010 need 300,000 and lose 30,000 at once."""
    stage = RiskStage()
    stage.isolate(ALICE)
    assert margins(stage.buy_from(ALICE, BOB, 2)) == [(ALICE, 200_000)]
    assert margins(stage.buy_from(ALICE, BOB, 3, 1010)) == [(ALICE, 530_000)]
    assert stage.account(ALICE).collateral_units == 10**6


def test_it_gives_margin_back_pro_rata_and_all_when_it_closes():
    """Of 200,000 the half, of which the closed lot's loss of 10,000 is not taken: that is the cross margin's."""
    stage = RiskStage()
    stage.isolate(ALICE)
    stage.buy_from(ALICE, BOB, 2)
    assert margins(stage.buy_from(BOB, ALICE, 1, 990)) == [(ALICE, 100_000)]
    assert stage.account(ALICE).collateral_units == 990_000
    assert margins(stage.buy_from(BOB, ALICE, 1)) == [(ALICE, 0)]


def test_a_maker_and_a_change_of_side():
    stage = RiskStage()
    stage.isolate(ALICE)
    stage.isolate(BOB)
    assert margins(stage.buy_from(ALICE, BOB, 2)) == [(BOB, 200_000), (ALICE, 200_000)]
    assert margins(stage.buy_from(CHARLIE, ALICE, 5)) == [(ALICE, 300_000)]
    assert stage.lots(ALICE) == -3


def test_a_maker_gives_no_more_than_its_cross_margin_has():
    """Sold at 1000 with the mark at 1090, eight lots ask for 872,000 and lose 720,000: there is a million."""
    stage = RiskStage()
    stage.isolate(ALICE)
    stage.order(ALICE, SELL, 8, 1000)
    stage.mark(1090)
    assert margins(stage.order(BOB, BUY, 8, 1000)) == [(ALICE, 1_000_000)]


def test_a_taker_needs_the_whole_margin():
    stage = RiskStage()
    stage.isolate(ALICE)
    stage.order(BOB, SELL, 11, 1000)
    assert code_of(stage.order(ALICE, BUY, 11, 1000)) == "insufficient_margin"
    assert margins(stage.order(ALICE, BUY, 10, 1000)) == [(ALICE, 1_000_000)]


def test_orders_of_an_isolated_position_are_held_by_the_cross_margin():
    stage = RiskStage()
    stage.isolate(ALICE)
    stage.buy_from(ALICE, BOB, 6)
    assert code_of(stage.order(ALICE, BUY, 5, 1000)) == "insufficient_margin"
    assert code_of(stage.order(ALICE, BUY, 4, 1000)) == ""
    assert code_of(stage.transfer(ALICE, -1)) == "insufficient_funds"


def test_switching_to_isolated_takes_initial_margin_and_loss():
    stage = RiskStage()
    stage.buy_from(ALICE, BOB, 5)
    stage.mark(980)
    (changed,) = stated(stage.isolate(ALICE))
    assert changed == events.MarginModeChanged(ALICE, 1, True, 490_000 + 100_000)
    assert stated(stage.isolate(ALICE)) == [changed]
    (changed,) = stated(stage.isolate(ALICE, False))
    assert changed == events.MarginModeChanged(ALICE, 1, False, 0)


def test_switching_is_refused_when_it_is_not_safe():
    stage = RiskStage()
    stage.buy_from(ALICE, BOB, 9)
    stage.mark(985)
    assert code_of(stage.isolate(ALICE)) == "insufficient_margin"  # 886,500 + 135,000


@pytest.mark.parametrize(
    ("units", "code"),
    [
        (500_000, ""),
        (500_001, "insufficient_funds"),
        (0, "invalid_parameter"),
        (-1, "insufficient_margin"),
        (10**15 + 1, "invalid_parameter"),
    ],
)
def test_margin_moves_as_far_as_both_sides_allow(units, code):
    stage = RiskStage()
    stage.isolate(ALICE)
    stage.buy_from(ALICE, BOB, 5)
    records = stage.move_margin(ALICE, units)
    assert code_of(records) == code
    if not code:
        assert margins(records) == [(ALICE, 1_000_000)]
        assert margins(stage.move_margin(ALICE, -units)) == [(ALICE, 500_000)]


def test_margin_moves_only_for_a_held_isolated_position():
    stage = RiskStage()
    stage.buy_from(ALICE, BOB, 1)
    assert code_of(stage.move_margin(ALICE, 5)) == "invalid_parameter"
    stage.isolate(CHARLIE)
    assert code_of(stage.move_margin(CHARLIE, 5)) == "invalid_parameter"


def test_leverage_of_an_isolated_position_is_held_by_its_own_margin():
    """5 lots hold 500,000; at half the leverage they would need 1,000,000, which the cross margin does not lend."""
    stage = RiskStage()
    stage.isolate(ALICE)
    stage.buy_from(ALICE, BOB, 5)
    lower = commands.SetLeverage(b"", 0, ALICE, 1, 5)
    assert code_of(stage.run(lower)) == "insufficient_margin"
    stage.move_margin(ALICE, 500_000)
    assert code_of(stage.run(lower)) == ""


def test_funding_of_an_isolated_position_leaves_its_margin():
    stage = RiskStage()
    stage.isolate(ALICE)
    stage.buy_from(ALICE, BOB, 5)
    stage.fund_rate(1_000_000)
    assert (stage.isolated(ALICE), stage.account(ALICE).collateral_units) == (495_000, 995_000)
