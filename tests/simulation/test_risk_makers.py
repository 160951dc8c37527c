"""No fill costs its maker more than it has: worked by hand; both engines play the examples."""

from tests.simulation.limits import nothing_worked_off
from tests.simulation.risk_stage import RiskStage, margins
from tests.simulation.stage import ALICE, BOB, CHARLIE, cancels, code_of, id_of, trades
from trading.core import terms
from trading.core.terms import BUY, SELL


def sell(stage, lots, price_ticks, **given):
    return stage.order(BOB, SELL, lots, price_ticks, **({"time_in_force": terms.IOC} | given))


def test_a_fill_may_cost_its_maker_all_it_has_and_no_more():
    """Ten lots at 1000 cost a million at 900, and 1,010,000 at 899: then the next bid is met."""
    for mark_ticks, is_borne in ((900, True), (899, False)):
        stage = RiskStage()
        bid = id_of(stage.order(ALICE, BUY, 10, 1000))
        next_bid = id_of(stage.order(CHARLIE, BUY, 10, 890))
        stage.mark(mark_ticks)
        records = sell(stage, 10, 850)
        assert trades(records) == [(bid if is_borne else next_bid, 10, 0)]
        assert cancels(records) == ([] if is_borne else [(bid, 10, "margin")])
        assert stage.lots(ALICE) == (10 if is_borne else 0)


def test_the_fills_of_a_walk_are_counted_together():
    """At 880 four lots cost 480,000 and five 600,000: together too much; a third order costs nothing."""
    stage = RiskStage()
    first = id_of(stage.order(ALICE, BUY, 4, 1000))
    second = id_of(stage.order(ALICE, BUY, 5, 1000))
    cheap = id_of(stage.order(ALICE, BUY, 1, 850))
    stage.mark(880)
    records = sell(stage, 10, 850)
    assert trades(records) == [(first, 4, 0), (cheap, 1, 0)]
    assert cancels(records)[0] == (second, 5, "margin")


def test_what_the_taker_leaves_is_not_counted():
    """Of ten lots at 1000 nine cost 990,000 at 890."""
    stage = RiskStage()
    bid = id_of(stage.order(ALICE, BUY, 10, 1000))
    stage.mark(890)
    assert trades(sell(stage, 9, 850)) == [(bid, 9, 0)]


def test_an_iceberg_is_filled_slice_by_slice():
    """Three lots cost 450,000 at 850: two slices are borne by 1,200,000, and six lots go, three of them hidden."""
    stage = RiskStage()
    stage.transfer(ALICE, 200_000)
    bid = id_of(stage.order(ALICE, BUY, 12, 1000, display_lots=3))
    stage.mark(850)
    records = sell(stage, 12, 840)
    assert trades(records) == [(bid, 3, 3), (bid, 3, 3)]
    assert cancels(records)[0] == (bid, 6, "margin")
    assert next(event.hidden_lots for event in records[0].events if hasattr(event, "reason")) == 3


def test_an_isolated_position_brings_its_own_margin():
    """Five lots with 500,000 of their own and as much beside them: sold at 800 they cost a million, at 799 more."""
    for price_ticks, is_borne in ((800, True), (799, False)):
        stage = RiskStage()
        stage.isolate(ALICE)
        stage.buy_from(ALICE, BOB, 5)
        ask = id_of(stage.order(ALICE, SELL, 5, price_ticks, reduce_only=True))
        records = stage.order(CHARLIE, BUY, 5, 1000, time_in_force=terms.IOC)
        assert (trades(records), cancels(records)[:1]) == (
            ([(ask, 5, 0)], []) if is_borne else ([], [(ask, 5, "margin")])
        )
        assert margins(records) == ([(ALICE, 0)] if is_borne else [])


def test_an_isolated_position_brings_what_it_gives_back():
    """A lot of five with 500,000 gives 100,000 back, and there is nothing beside: it is sold at 900, not at 899."""
    for price_ticks, is_borne in ((900, True), (899, False)):
        stage = RiskStage()
        stage.isolate(ALICE)
        stage.buy_from(ALICE, BOB, 5)
        stage.transfer(ALICE, -500_000)
        ask = id_of(stage.order(ALICE, SELL, 1, price_ticks, reduce_only=True))
        records = stage.order(CHARLIE, BUY, 1, 1000, time_in_force=terms.IOC)
        assert trades(records) == ([(ask, 1, 0)] if is_borne else [])
        assert margins(records) == ([(ALICE, 400_000)] if is_borne else [])


def test_funding_that_is_owed_is_not_there_any_more():
    """Of a million, the margin of ten lots, 100,000 are owed: they are sold at 910, which costs 900,000, not at 909."""
    for price_ticks, is_borne in ((910, True), (909, False)):
        stage = RiskStage(funding_cap_ppb=10**9)
        stage.isolate(ALICE)
        stage.buy_from(ALICE, BOB, 10)
        ask = id_of(stage.order(ALICE, SELL, 10, price_ticks, reduce_only=True))
        with nothing_worked_off():
            stage.fund_rate(10_000_000)
            records = stage.order(CHARLIE, BUY, 10, 1000, time_in_force=terms.IOC)
        assert trades(records) == ([(ask, 10, 0)] if is_borne else [])
        assert cancels(records)[:1] == ([] if is_borne else [(ask, 10, "margin")])


def test_a_refused_taker_cancels_nothing():
    stage = RiskStage()
    bid = id_of(stage.order(ALICE, BUY, 10, 1000))
    stage.mark(890)
    assert code_of(sell(stage, 10, 850, time_in_force=terms.FOK)) == "not_fillable"
    assert stage.world.order(bid).open_lots == 10
