"""Liquidations from start to end, worked by hand; both engines play them."""

from tests.simulation.limits import nothing_worked_off
from tests.simulation.risk_stage import RiskStage, assigned, margins, only, steps
from tests.simulation.stage import ALICE, BOB, CHARLIE, SECOND_NS, cancels, code_of, id_of, kinds, names, stated
from trading.core import terms
from trading.core.terms import BUY, INSURANCE_FUND, SELL
from trading.engine import commands, events
from trading.engine.events import LiquidationStarted, LiquidationStepped, PositionAssigned


def long_alice(lots: int = 10, **given: object) -> RiskStage:
    """Alice with a million units bought lots at 1000 from Bob: bankrupt at 900 with ten of them."""
    stage = RiskStage(**given)
    stage.buy_from(ALICE, BOB, lots)
    return stage


def test_equity_below_maintenance_starts_a_liquidation_and_at_maintenance_does_not():
    """At 947 equity is 470,000 and maintenance 473,500; at 948 they are 480,000 and 474,000."""
    stage = long_alice()
    assert names(stage.mark(948)) == ["MarkPriceUpdated"]
    (started,) = only(stage.mark(947), LiquidationStarted)
    assert (started.account_id, started.instrument_id) == (ALICE, 0)
    assert (started.equity_units, started.maintenance_units) == (470_000, 473_500)
    assert started.liquidation_id % 64 == 1


def test_reduction_takes_what_brings_equity_back_with_its_buffer():
    """At 945 two lots do: 450,000 less the fee of 9,450 is more than 378,000 and a tenth. They sell at 940, losing
    120,000; the fee is 0.5 % of 1,880,000."""
    stage = long_alice()
    stage.order(CHARLIE, BUY, 5, 940)
    records = stage.mark(945)
    assert kinds(records) == ["UpdateMarkPrice", "Liquidate", "Liquidate"]
    assert steps(records) == [("reduce", 2, 450_000, 472_500, 900, 900)]
    assert names(records[1:]) == [
        "LiquidationStepped",
        "SpecialOrderPlaced",
        "TradeExecuted",
        "LiquidationFeeCharged",
        "LiquidationEnded",
    ]
    ended = stated(records)[-1]
    assert (ended.equity_units, ended.maintenance_units) == (430_600, 378_000)
    assert stage.account(ALICE).collateral_units == 1_000_000 - 120_000 - 9_400
    assert stage.account(INSURANCE_FUND).collateral_units == 9_400


def test_ids_come_from_the_counter_of_orders():
    stage = long_alice()
    last = id_of(stage.order(CHARLIE, BUY, 5, 940))
    records = stage.mark(945)
    (started,), (trade,) = only(records, LiquidationStarted), only(records, events.TradeExecuted)
    (placed,) = only(records, events.SpecialOrderPlaced)
    assert [one - last for one in (started.liquidation_id, placed.order_id, trade.trade_id)] == [64, 128, 192]
    assert only(records, LiquidationStepped)[0].order_id == placed.order_id


def test_what_the_book_does_not_fill_is_cancelled_and_no_bid_beyond_bankruptcy_is_taken():
    stage = long_alice(fund_units=10**8)
    stage.order(CHARLIE, BUY, 1, 920)
    stage.order(CHARLIE, BUY, 9, 898)  # the fee moves the bankruptcy price to 899
    records = stage.mark(945)
    assert cancels(records)[0][1:] == (1, "ioc")
    assert steps(records)[0] == ("reduce", 2, 450_000, 472_500, 900, 900)
    assert steps(records)[1][0] == "take_over"
    assert stage.lots(CHARLIE) == 1


def test_orders_go_first_and_may_be_enough_of_a_step():
    stage = long_alice(9)
    order = id_of(stage.order(ALICE, SELL, 2, 1100, reduce_only=True))
    waiting = id_of(
        stage.order(
            ALICE,
            SELL,
            2,
            order_type=terms.STOP,
            trigger_price_ticks=500,
            trigger_by=terms.TRIGGER_BY_INDEX,
            reduce_only=True,
        )
    )
    records = stage.mark(934)
    assert cancels(records)[:2] == [(order, 2, "liquidation"), (waiting, 2, "liquidation")]
    cancel = only(records, LiquidationStepped)[0]
    assert (cancel.instrument_id, cancel.step, cancel.lots, cancel.mark_price_ticks) == (0, terms.STEP_CANCEL, 0, 0)
    assert (cancel.equity_units, cancel.maintenance_units) == (406_000, 420_300)


def test_an_account_in_liquidation_places_amends_and_takes_nothing():
    stage = long_alice(9)
    order = id_of(stage.order(ALICE, SELL, 2, 1100))
    with nothing_worked_off():
        stage.mark(934)
        assert code_of(stage.order(ALICE, BUY, 1, 900)) == "account_restricted"
        assert code_of(stage.amend(ALICE, order, 1)) == "account_restricted"
        assert code_of(stage.transfer(ALICE, -1)) == "account_restricted"
        assert code_of(stage.run(commands.SetLeverage(b"", 0, ALICE, 1, 5))) == "account_restricted"
        assert code_of(stage.isolate(ALICE)) == "account_restricted"
        assert code_of(stage.move_margin(ALICE, 1)) == "account_restricted"
        assert code_of(stage.quote(ALICE, (BUY, 900, 1))) == "account_restricted"
        assert stated(stage.quote(ALICE)) == []


def test_the_fund_takes_over_at_the_bankruptcy_price_what_it_can_bear():
    """At 880 a lot bought at 900 costs the fund 20,000 and margin of 8,800: 100,000 pay for three. The other seven are
    closed against Bob, who sold them."""
    stage = long_alice(fund_units=100_000)
    records = stage.mark(880)
    assert steps(records) == [
        ("take_over", 3, -200_000, 440_000, 900, 0),
        ("deleverage", 7, -140_000, 308_000, 900, 0),
    ]
    assert assigned(records) == [(INSURANCE_FUND, 3, 900, 0), (BOB, 7, 900, 1)]
    assert names(records)[-1] == "LiquidationEnded"
    assert stage.account(ALICE).collateral_units == 0
    assert stage.account(INSURANCE_FUND).collateral_units == 100_000
    assert [stage.lots(one) for one in (ALICE, BOB, INSURANCE_FUND)] == [0, -3, 3]


def test_the_funds_limit_counts_what_it_holds():
    """2.7 million units are three lots at 880."""
    stage = long_alice(fund_units=10**8, fund_limit_units=2_700_000)
    assert assigned(stage.mark(880)) == [(INSURANCE_FUND, 3, 900, 0), (BOB, 7, 900, 1)]


def test_the_funding_the_fund_owes_is_settled_before_a_takeover_and_counted():
    """Alice is liquidated again, at 780, and settled by a last sale, before the sweep comes: bankrupt at 789. The fund
    has 1,100,000 less the 200,000 it owes, keeps 780,000, and needs 87,000 for a lot."""
    stage = long_alice(fund_units=2_300_000, fund_margin_ppb=100_000_000)
    stage.mark(880)
    assert stage.lots(INSURANCE_FUND) == 10
    stage.transfer(ALICE, 10**6)
    stage.buy_from(ALICE, BOB, 10, 880)
    stage.order(ALICE, SELL, 1, 900)
    with nothing_worked_off():
        stage.mark(780)
        stage.fund_rate(20_000_000)
        stage.order(CHARLIE, BUY, 1, 900)
    records = stage.run(commands.AdvanceTime(b"", 0))
    assert kinds(records)[:3] == ["UnwindFund", "Liquidate", "SettleFunding"]
    assert names(records[1:2]) == ["FundingSettled", "LiquidationStepped", "PositionAssigned"]
    assert assigned(records) == [(INSURANCE_FUND, 1, 789, 0), (BOB, 8, 789, 1)]


def test_the_fund_unwinds_at_later_prices_within_the_band():
    stage = long_alice(fund_units=10**8)
    stage.mark(890)
    assert stage.lots(INSURANCE_FUND) == 10
    assert stated(stage.mark(890))[1:] == []
    stage.order(CHARLIE, BUY, 4, 846)
    stage.order(CHARLIE, BUY, 4, 845)
    records = stage.mark(890)  # the band ends at 845.5
    assert kinds(records) == ["UpdateMarkPrice", "UnwindFund"]
    assert names(records[1:]) == ["SpecialOrderPlaced", "TradeExecuted", "OrderCancelled"]
    placed = stated(records[1:])[0]
    assert (placed.account_id, placed.side, placed.quantity_lots, placed.price_ticks) == (-1, SELL, 10, 846)
    assert stage.lots(INSURANCE_FUND) == 6


def test_the_fund_unwinds_no_further_than_its_bankruptcy_price():
    """With 800,000 at 880 its ten lots are bankrupt at 800, and at 810 once the funding it owes is counted."""
    stage = long_alice(fund_units=10**6, liquidation_band_ppb=200_000_000)
    stage.mark(880)
    stage.order(CHARLIE, BUY, 3, 805)
    with nothing_worked_off():
        stage.mark(880)
        stage.fund_rate(10_000_000)
    records = stage.run(commands.AdvanceTime(b"", 0))
    assert kinds(records)[0] == "UnwindFund" and records[0].events == []
    stage.order(CHARLIE, BUY, 3, 810)
    (placed,) = only(stage.mark(880), events.SpecialOrderPlaced)
    assert placed.price_ticks == 810
    assert stage.lots(INSURANCE_FUND) == 7


def test_deleveraging_takes_the_highest_rank_first_wholly():
    """Bob sold four at 1000 and has a thousand million; Charlie six at 1000 and just his margin: Charlie is first."""
    stage = RiskStage()
    stage.transfer(CHARLIE, 10**6 - 10**9)
    stage.buy_from(ALICE, BOB, 4)
    stage.buy_from(ALICE, CHARLIE, 6)
    resting = id_of(stage.order(CHARLIE, BUY, 1, 700))
    records = stage.mark(880)
    assert assigned(records) == [(CHARLIE, 6, 900, 1), (BOB, 4, 900, 2)]
    assert cancels(records) == [(resting, 1, "deleveraging")]
    first, second = only(records, PositionAssigned)
    assert first.rank_ppb > second.rank_ppb > 0
    # 12 % gained, 5,280,000 of 1,720,000 and 3,520,000 of 1,000,480,000
    assert (first.rank_ppb, second.rank_ppb) == (368_372_093, 422_197)
    assert stage.account(CHARLIE).collateral_units == 10**6 + 600_000


def test_the_fund_is_liquidated_itself_by_deleveraging_alone():
    """It takes ten lots over at 900 and is below maintenance at 850 with its 600,000."""
    stage = long_alice(fund_units=600_000)
    stage.mark(880)
    assert stage.lots(INSURANCE_FUND) == 10
    records = stage.mark(846)
    assert steps(records) == [("deleverage", 10, 60_000, 423_000, 840, 0)]
    assert assigned(records) == [(BOB, 10, 840, 1)]
    assert stage.account(INSURANCE_FUND).collateral_units == 0


def test_the_fund_stands_last_in_the_queue():
    """It keeps half of what it holds: two of Alice's lots at 900, and then it has nothing for Charlie's short ones.
    Bob, who gained 4 % with a thousand million, goes before it."""
    stage = RiskStage(fund_units=10**6, fund_margin_ppb=500_000_000)
    stage.transfer(CHARLIE, 1_200_000 - 10**9)
    stage.buy_from(ALICE, CHARLIE, 10)
    assert assigned(stage.mark(880)) == [(INSURANCE_FUND, 2, 900, 0), (CHARLIE, 8, 900, 1)]
    stage.transfer(CHARLIE, 176_000 - 2_000_000)
    stage.transfer(ALICE, 10**7)
    stage.mark(1000)
    stage.buy_from(BOB, ALICE, 1)
    records = stage.mark(1040)
    assert assigned(records) == [(BOB, 1, 1088, 1), (INSURANCE_FUND, 1, 1088, 2)]
    bob, fund = only(records, PositionAssigned)
    assert 0 < bob.rank_ppb < fund.rank_ppb


def test_a_rank_beyond_64_bits_is_stated_as_the_greatest():
    """Charlie's loss of a tenth on 61,600 units, times ten thousand million million of equity over them."""
    stage = RiskStage(value_units=7)
    stage.transfer(ALICE, 7_000 - 10**6)
    for _ in range(9):
        stage.transfer(CHARLIE, 10**15)
    stage.buy_from(ALICE, BOB, 10)
    stage.buy_from(BOB, CHARLIE, 10, 800)
    (closed,) = only(stage.mark(880), PositionAssigned)
    assert (closed.counterparty_id, closed.rank_ppb) == (CHARLIE, -(2**63 - 1))


def test_deleveraging_meets_a_hundred_in_a_record():
    stage = RiskStage()
    stage.transfer(ALICE, 9_200_000)
    stage.order(ALICE, BUY, 102, 1000)
    for account_id in range(10, 112):
        stage.run(commands.OpenAccount(b"", 0, account_id, account_id))
        stage.transfer(account_id, 10**6)
        stage.order(account_id, SELL, 1, 1000)
    records = stage.mark(880)
    assert [one[:2] for one in steps(records)] == [("deleverage", 100), ("deleverage", 2)]
    # All are alike: in the order of their ids, the places counted anew.
    assert [one[0] for one in assigned(records)] == list(range(10, 112))
    assert assigned(records)[100:] == [(110, 1, 900, 1), (111, 1, 900, 2)]


def test_a_tier_or_a_share_is_closed_in_a_round():
    """A fifth of what is left, rounded up; with no fee each sale above the bankruptcy price moves it away."""
    stage = long_alice(liquidation_share_ppb=200_000_000, liquidation_fee_ppb=0)
    stage.order(CHARLIE, BUY, 10, 901)
    records = stage.mark(905)
    assert [one[:2] for one in steps(records)] == [
        ("reduce", 2),
        ("reduce", 2),
        ("reduce", 2),
        ("reduce", 1),
        ("reduce", 1),
        ("reduce", 1),
        ("reduce", 1),
    ]


def test_an_isolated_position_is_liquidated_alone_and_its_loss_stays_in_it():
    """Five lots with 500,000 of their own are bankrupt at 900; nothing of the other 500,000 is touched."""
    stage = RiskStage(fund_units=10**8)
    stage.isolate(ALICE)
    stage.buy_from(ALICE, BOB, 5)
    stage.order(CHARLIE, BUY, 1, 930)
    records = stage.mark(940)
    (started,) = only(records, LiquidationStarted)
    assert (started.instrument_id, started.equity_units, started.maintenance_units) == (1, 200_000, 235_000)
    assert steps(records)[0] == ("reduce", 2, 200_000, 235_000, 900, 900)
    # 70,000 lost and a fee of 4,650; the rest is taken over at 894: 425,350 less four lots' loss of 424,000
    assert margins(records) == [(ALICE, 425_350), (ALICE, 1_350), (ALICE, 0)]
    assert stage.account(ALICE).collateral_units == 501_350
    assert names(records)[-2:] == ["IsolatedMarginChanged", "LiquidationEnded"]


def test_cross_and_isolated_scopes_are_liquidated_side_by_side():
    stage = RiskStage()
    stage.transfer(CHARLIE, 500_000 - 10**9)
    stage.isolate(ALICE)
    stage.buy_from(ALICE, BOB, 5)
    stage.buy_from(CHARLIE, BOB, 5)
    assert [(one.account_id, one.instrument_id) for one in only(stage.mark(940), LiquidationStarted)] == [
        (ALICE, 1),
        (CHARLIE, 0),
    ]


def test_nobody_is_liquidated_while_halted_or_on_a_stale_price():
    stage = long_alice(mark_staleness_ns=SECOND_NS)
    for state in (terms.INSTRUMENT_POST_ONLY, terms.INSTRUMENT_CANCEL_ONLY, terms.INSTRUMENT_HALTED):
        stage.run(commands.SetInstrumentState(b"", 0, 1, state))
        assert names(stage.mark(930)) == ["MarkPriceUpdated"]
    stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_NORMAL))
    stage.time_ns += SECOND_NS + 1
    assert stated(stage.run(commands.SweepLiquidations(b"", 0, -1, 9))) == []


def test_a_price_is_fresh_up_to_its_age():
    stage = long_alice(mark_staleness_ns=SECOND_NS)
    stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_POST_ONLY))
    stage.mark(930)
    stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_NORMAL))
    stage.time_ns += SECOND_NS
    records = stage.run(commands.SweepLiquidations(b"", 0, -1, 9))
    assert [one.account_id for one in only(records, LiquidationStarted)] == [ALICE]


def test_a_sweep_looks_at_the_accounts_it_is_told():
    stage = long_alice()
    stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_HALTED))
    stage.mark(930)
    stage.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_NORMAL))
    assert stated(stage.run(commands.SweepLiquidations(b"", 0, 2, 9))) == []
    assert code_of(stage.run(commands.SweepLiquidations(b"", 0, 2, 1))) == "invalid_parameter"
    assert names(stage.run(commands.SweepLiquidations(b"", 0, 1, 1)))[0] == "LiquidationStarted"


def test_a_liquidation_waits_for_prices_and_goes_on_with_the_next():
    stage = long_alice(fund_units=10**8, mark_staleness_ns=SECOND_NS)
    with nothing_worked_off():
        stage.mark(930)
    stage.time_ns += 2 * SECOND_NS
    records = stage.run(commands.AdvanceTime(b"", 0))
    assert kinds(records) == ["Liquidate", "AdvanceTime"] and stated(records) == []
    assert kinds(stage.run(commands.AdvanceTime(b"", 0))) == ["AdvanceTime"]
    assert kinds(stage.mark(990)) == ["UpdateMarkPrice", "Liquidate"]
    assert stage.world.liquidations == []
