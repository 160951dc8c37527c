"""Icebergs, attached orders, groups, mass quotes and market-maker protection, played on the reference engine alone."""

import pytest

from tests.simulation.stage import (
    ALICE,
    BOB,
    CHARLIE,
    SECOND_NS,
    START_NS,
    Stage,
    cancels,
    code_of,
    id_of,
    kinds,
    names,
    stated,
    trades,
)
from trading.core import terms
from trading.core.terms import BUY, SELL
from trading.engine import commands, events
from trading.engine.commands import AttachedOrder

TAKE_PROFIT = AttachedOrder(terms.TAKE_PROFIT_LIMIT, 1050, 1040, terms.TRIGGER_BY_MARK)
STOP_LOSS = AttachedOrder(terms.STOP, 0, 960, terms.TRIGGER_BY_MARK)


def test_an_iceberg_shows_its_lots_in_turn_with_the_others_at_its_price():
    stage = Stage()
    placed = stage.order(ALICE, SELL, 10, 1000, display_lots=3)
    iceberg = id_of(placed)
    assert (placed[0].events[0].resting_lots, placed[0].events[0].hidden_lots) == (10, 7)
    other = id_of(stage.order(BOB, SELL, 4, 1000))
    assert trades(stage.order(CHARLIE, BUY, 5)) == [(iceberg, 3, 3), (other, 2, 0)]
    assert trades(stage.order(CHARLIE, BUY, 9)) == [(other, 2, 0), (iceberg, 3, 3), (iceberg, 3, 1), (iceberg, 1, 0)]


def test_an_iceberg_amended_in_place_loses_hidden_lots_first():
    stage = Stage()
    iceberg = id_of(stage.order(ALICE, SELL, 10, 1000, display_lots=3))
    amended = stage.amend(ALICE, iceberg, 5)[0].events[0]
    assert (amended.previous_hidden_lots, amended.hidden_lots, amended.requeued) == (7, 2, False)
    amended = stage.amend(ALICE, iceberg, 2)[0].events[0]
    assert (amended.resting_lots, amended.hidden_lots) == (2, 0)
    amended = stage.amend(ALICE, iceberg, 8)[0].events[0]
    assert (amended.resting_lots, amended.hidden_lots, amended.requeued) == (8, 5, True)


def test_self_trade_prevention_cancels_all_of_an_iceberg():
    stage = Stage()
    iceberg = id_of(stage.order(ALICE, SELL, 10, 1000, display_lots=3))
    met = stage.order(ALICE, BUY, 1, 1000)
    assert cancels(met) == [(iceberg, 10, "self_trade")]
    assert met[0].events[1].hidden_lots == 7


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"display_lots": 101}, "invalid_quantity"),
        ({"display_lots": 1}, ""),
        ({"display_lots": -1}, "invalid_parameter"),
        ({"display_lots": 50, "time_in_force": terms.IOC}, "invalid_parameter"),
        ({"display_lots": 50, "reduce_only": True}, "invalid_parameter"),
        ({"attached": (STOP_LOSS,) * 3}, "invalid_parameter"),
        ({"attached": (STOP_LOSS,), "reduce_only": True}, "invalid_parameter"),
        ({"attached": (STOP_LOSS,), "group_id": 65}, "invalid_parameter"),
        ({"attached": (AttachedOrder(terms.LIMIT, 990, 0, 0),)}, "invalid_parameter"),
        ({"attached": (STOP_LOSS, AttachedOrder(terms.STOP, 0, 3_001, 1))}, "invalid_price"),
        ({"group_id": 65}, "order_not_found"),
    ],
)
def test_what_an_order_may_ask_for(fields, code):
    assert code_of(Stage().order(ALICE, BUY, 100, 990, **fields)) == code


def test_an_iceberg_has_at_most_a_hundred_slices_also_amended():
    stage = Stage()
    assert code_of(stage.order(ALICE, SELL, 101, 1000, display_lots=1)) == "invalid_quantity"
    iceberg = id_of(stage.order(ALICE, SELL, 100, 1000, display_lots=1))
    assert code_of(stage.amend(ALICE, iceberg, 101)) == "invalid_quantity"


def test_attached_orders_sleep_until_a_fill_and_have_its_size():
    stage = Stage()
    placed = stage.order(ALICE, BUY, 6, 990, attached=(TAKE_PROFIT, STOP_LOSS))
    entry, take_profit, stop_loss = (event.order_id for event in stated(placed))
    assert [(one.is_asleep, one.quantity_lots) for one in stated(placed)[1:]] == [(True, 6), (True, 6)]
    assert {(one.parent_order_id, one.group_id, one.side) for one in stated(placed)[1:]} == {(entry, entry, SELL)}
    assert [one.time_in_force for one in stated(placed)[1:]] == [terms.GTC, terms.IOC]
    assert kinds(stage.mark(950)) == ["UpdateMarkPrice"]
    stage.mark(1000)
    filled = stage.order(BOB, SELL, 2, 990)
    assert kinds(filled) == ["PlaceOrder", "SizeAttached"]
    sizes = [(one.order_id, one.quantity_lots, one.resting_lots, one.wakes) for one in filled[1].events]
    assert sizes == [(take_profit, 2, 2, True), (stop_loss, 2, 2, True)]
    more = stage.order(BOB, SELL, 1, 990)
    assert [(one.quantity_lots, one.wakes) for one in more[1].events] == [(3, False), (3, False)]


def test_a_triggered_attached_order_cancels_the_other_and_what_is_left_of_the_entry():
    stage = Stage()
    entry, take_profit, stop_loss = (
        event.order_id for event in stated(stage.order(ALICE, BUY, 6, 990, attached=(TAKE_PROFIT, STOP_LOSS)))
    )
    stage.order(BOB, SELL, 2, 990)
    stage.order(CHARLIE, BUY, 5, 940)
    fallen = stage.mark(955)
    assert kinds(fallen) == ["UpdateMarkPrice", "CancelGroup", "TriggerOrder"]
    assert cancels(fallen) == [(entry, 4, "group"), (take_profit, 2, "group")]
    assert names(fallen)[-2:] == ["OrderTriggered", "TradeExecuted"]
    assert fallen[2].events[1].taker_order_id == stop_loss and fallen[2].events[1].taker_position_lots == 0


def test_attached_orders_go_with_an_entry_that_was_never_filled():
    stage = Stage()
    entry, take_profit, stop_loss = (
        event.order_id for event in stated(stage.order(ALICE, BUY, 6, 990, attached=(TAKE_PROFIT, STOP_LOSS)))
    )
    gone = stage.run(commands.CancelOrder(b"", 0, ALICE, entry))
    assert kinds(gone) == ["CancelOrder", "SizeAttached"]
    assert cancels(gone) == [(entry, 6, "user"), (take_profit, 6, "parent"), (stop_loss, 6, "parent")]


def test_a_stop_that_is_rejected_takes_its_attached_orders_along():
    stage = Stage(position_limit_units=7_000 * 10)
    waits = {"order_type": terms.STOP, "trigger_by": terms.TRIGGER_BY_MARK, "trigger_price_ticks": 1010}
    entry, stop_loss = (event.order_id for event in stated(stage.order(ALICE, BUY, 20, attached=(STOP_LOSS,), **waits)))
    for account_id in (BOB, CHARLIE):
        stage.order(account_id, SELL, 10, 1005)
    risen = stage.mark(1010)
    assert kinds(risen) == ["UpdateMarkPrice", "TriggerOrder", "SizeAttached"]
    assert risen[1].events[0] == events.OrderRejected(entry, ALICE, 1, 20, "position_limit")
    assert cancels(risen) == [(stop_loss, 20, "parent")]


def test_an_entry_filled_at_once_has_attached_orders_that_are_awake():
    stage = Stage()
    stage.order(BOB, SELL, 4, 1000)
    placed = stage.order(ALICE, BUY, 6, attached=(STOP_LOSS,))
    assert names(placed) == ["SpecialOrderPlaced", "TradeExecuted", "OrderCancelled", "SpecialOrderPlaced"]
    attached = placed[0].events[-1]
    assert (attached.quantity_lots, attached.is_asleep) == (4, False)
    numbers = [placed[0].events[0].order_id, placed[0].events[1].trade_id, attached.order_id]
    assert [one // 64 - numbers[0] // 64 for one in numbers] == [0, 1, 2]
    assert names(stage.order(CHARLIE, BUY, 6, attached=(STOP_LOSS,))) == ["SpecialOrderPlaced", "OrderCancelled"]


def test_attached_orders_go_with_the_position():
    stage = Stage()
    stage.order(BOB, SELL, 4, 1000)
    stop_loss = stated(stage.order(ALICE, BUY, 4, attached=(STOP_LOSS,)))[-1].order_id
    stage.order(BOB, BUY, 4, 1000)
    closed = stage.order(ALICE, SELL, 4)
    assert kinds(closed) == ["PlaceOrder", "TrimReduceOnly"]
    assert cancels(closed) == [(stop_loss, 4, "reduce_only")]


def test_a_trailing_stop_that_wakes_sees_the_price_of_then():
    stage = Stage()
    trailing = AttachedOrder(terms.TRAILING_STOP, 0, 0, terms.TRIGGER_BY_MARK, trailing_distance_ticks=20)
    stage.order(ALICE, BUY, 6, 990, attached=(trailing,))
    stage.mark(1040)
    stage.mark(1000)
    stage.order(BOB, SELL, 6, 990)
    assert kinds(stage.mark(981)) == ["UpdateMarkPrice"]
    assert kinds(stage.mark(980)) == ["UpdateMarkPrice", "CancelGroup", "TriggerOrder"]


def test_of_a_group_the_first_fill_cancels_the_others():
    stage = Stage()
    first = id_of(stage.order(ALICE, BUY, 5, 990))
    second = id_of(stage.order(ALICE, BUY, 5, 980, group_id=first))
    third = id_of(stage.order(ALICE, BUY, 5, 985, group_id=first))
    filled = stage.order(BOB, SELL, 2, 990)
    assert kinds(filled) == ["PlaceOrder", "CancelGroup"]
    assert cancels(filled) == [(second, 5, "group"), (third, 5, "group")]
    assert kinds(stage.order(BOB, SELL, 2, 990)) == ["PlaceOrder"]
    assert code_of(stage.order(ALICE, BUY, 5, 970, group_id=first)) == "invalid_parameter"


def test_of_a_group_a_trigger_cancels_the_others_first():
    stage = Stage()
    limit = id_of(stage.order(ALICE, SELL, 5, 1030))
    waits = {"order_type": terms.STOP, "trigger_by": terms.TRIGGER_BY_MARK, "trigger_price_ticks": 970}
    stop = id_of(stage.order(ALICE, SELL, 5, group_id=limit, **waits))
    fallen = stage.mark(970)
    assert kinds(fallen) == ["UpdateMarkPrice", "CancelGroup", "TriggerOrder"]
    assert cancels(fallen) == [(limit, 5, "group"), (stop, 5, "protection")]


def test_two_of_a_group_due_at_once_do_not_both_come():
    stage = Stage()
    waits = {"order_type": terms.STOP, "trigger_by": terms.TRIGGER_BY_MARK, "trigger_price_ticks": 970}
    first = id_of(stage.order(ALICE, SELL, 5, **waits))
    second = id_of(stage.order(ALICE, SELL, 6, group_id=first, **waits))
    fallen = stage.mark(970)
    assert kinds(fallen) == ["UpdateMarkPrice", *["CancelGroup", "TriggerOrder"] * 2]
    assert cancels(fallen) == [(second, 6, "group"), (first, 5, "protection")]
    assert fallen[3].events == fallen[4].events == []


def test_a_mass_quote_keeps_shrinks_replaces():
    stage = Stage()
    first = stage.quote(ALICE, (BUY, 990, 5), (BUY, 980, 5), (SELL, 1010, 5), (SELL, 1020, 5))
    kept, shrunk, grown, gone = (event.order_id for event in stated(first))
    assert all(event.is_quote and event.post_only for event in stated(first))
    second = stage.quote(ALICE, (SELL, 1010, 6), (BUY, 970, 1), (BUY, 990, 5), (BUY, 980, 3))
    assert names(second) == ["OrderCancelled"] * 2 + ["OrderAmended"] + ["SpecialOrderPlaced"] * 2
    assert cancels(second) == [(grown, 5, "requoted"), (gone, 5, "requoted")]
    amended, *placed = stated(second)[2:]
    assert (amended.order_id, amended.quantity_lots, amended.resting_lots) == (shrunk, 3, 3)
    assert [(one.price_ticks, one.quantity_lots) for one in placed] == [(1010, 6), (970, 1)]
    assert trades(stage.order(BOB, SELL, 2, 990)) == [(kept, 2, 0)]
    assert stage.quote(ALICE, (SELL, 1010, 6), (BUY, 970, 1), (BUY, 990, 3), (BUY, 980, 3))[0].events == []
    assert cancels(stage.quote(ALICE))[0] == (kept, 3, "requoted")
    assert stage.quote(ALICE)[0].events == []


@pytest.mark.parametrize(
    ("quotes", "code"),
    [
        ([(BUY, 950 + number, 1) for number in range(41)], "invalid_parameter"),
        ([(0, 990, 1)], "invalid_parameter"),
        ([(BUY, 990, 1), (BUY, 990, 2)], "invalid_parameter"),
        ([(BUY, 1000, 1), (SELL, 1000, 1)], "invalid_parameter"),
        ([(BUY, 0, 1), (BUY, 990, 0)], "invalid_price"),
        ([(BUY, 990, 0), (BUY, 0, 1)], "invalid_quantity"),
        ([(BUY, 950 + number, 1) for number in range(26)], "too_many_open_orders"),
        ([(BUY, 890, 1), (BUY, 1030, 1)], "price_outside_band"),
        ([(BUY, 1030, 1), (BUY, 890, 1)], "would_take"),
        ([(SELL, 1010, 200)], "position_limit"),
    ],
)
def test_a_mass_quote_is_refused_as_a_whole(quotes, code):
    stage = Stage()
    stage.order(BOB, SELL, 5, 1030)
    assert code_of(stage.quote(ALICE, *quotes)) == code
    assert stage.engine.world.quotes_of(ALICE, 1) == []


def test_a_quote_may_not_be_amended_nor_lead_a_group():
    stage = Stage()
    quote = id_of(stage.quote(ALICE, (BUY, 990, 5)))
    assert code_of(stage.amend(ALICE, quote, 4)) == "invalid_parameter"
    assert code_of(stage.order(ALICE, BUY, 1, 980, group_id=quote)) == "invalid_parameter"


def test_protection_fires_at_its_quantity_and_freezes():
    stage = Stage()
    stage.protect(ALICE, quantity_lots=5, freeze_ns=2 * SECOND_NS)
    bid, ask = (event.order_id for event in stated(stage.quote(ALICE, (BUY, 990, 9), (SELL, 1010, 9))))
    assert kinds(stage.order(BOB, SELL, 3, 990)) == ["PlaceOrder"]
    fired = stage.order(BOB, BUY, 2, 1010)
    assert kinds(fired) == ["PlaceOrder", "FireMarketMakerProtection"]
    assert fired[1].events[0] == events.MarketMakerProtectionFired(ALICE, 1, START_NS + 2 * SECOND_NS)
    assert cancels(fired) == [(bid, 6, "market_maker_protection"), (ask, 7, "market_maker_protection")]
    stage.time_ns += 2 * SECOND_NS - 1
    assert code_of(stage.quote(ALICE, (BUY, 990, 9))) == "quotes_frozen"
    assert stage.quote(ALICE)[0].events == []
    stage.time_ns += 1
    assert names(stage.quote(ALICE, (BUY, 990, 9))) == ["SpecialOrderPlaced"]
    assert kinds(stage.order(BOB, SELL, 4, 990)) == ["PlaceOrder"]


def test_protection_counts_what_is_in_its_window():
    stage = Stage()
    stage.protect(ALICE, delta_lots=5)
    stage.quote(ALICE, (BUY, 990, 20), (SELL, 1010, 9))
    stage.order(BOB, SELL, 3, 990)
    stage.order(BOB, BUY, 2, 1010)
    assert kinds(stage.order(BOB, SELL, 3, 990)) == ["PlaceOrder"]
    stage.time_ns += 10 * SECOND_NS
    assert kinds(stage.order(BOB, SELL, 4, 990)) == ["PlaceOrder"]
    stage.time_ns += 10 * SECOND_NS - 1
    fired = stage.order(BOB, SELL, 1, 990)
    assert fired[-1].events[0] == events.MarketMakerProtectionFired(ALICE, 1, 0)
    stage.time_ns += 10**6 * SECOND_NS
    assert code_of(stage.quote(ALICE, (BUY, 990, 9))) == "quotes_frozen"
    stage.protect(ALICE, delta_lots=5)
    assert names(stage.quote(ALICE, (BUY, 990, 9))) == ["SpecialOrderPlaced"]


def test_a_sweep_through_quotes_fires_once():
    stage = Stage()
    stage.protect(ALICE, quantity_lots=2)
    quotes = stated(stage.quote(ALICE, (BUY, 990, 2), (BUY, 985, 2), (BUY, 980, 2)))
    swept = stage.order(BOB, SELL, 4, 985)
    assert kinds(swept) == ["PlaceOrder", "FireMarketMakerProtection", "FireMarketMakerProtection"]
    assert cancels(swept) == [(quotes[2].order_id, 2, "market_maker_protection")] and swept[2].events == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"quantity_lots": 1}, ""),
        ({"delta_lots": 1, "window_ns": 60 * SECOND_NS}, ""),
        ({"window_ns": 0}, ""),
        ({}, "invalid_parameter"),
        ({"window_ns": 0, "freeze_ns": 1}, "invalid_parameter"),
        ({"delta_lots": 1, "window_ns": 60 * SECOND_NS + 1}, "invalid_parameter"),
        ({"delta_lots": 1, "quantity_lots": -1}, "invalid_parameter"),
    ],
)
def test_what_protection_may_be(fields, code):
    assert code_of(Stage().protect(ALICE, **fields)) == code
