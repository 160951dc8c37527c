"""Margin modes, funding, liquidations and the insurance fund by REST: by the real engine and the real rows."""

import time

import pytest
from django.test import Client

from tests.api.market import BTC, order, refused
from tests.signing import sign_headers
from trading.core.terms import INSURANCE_FUND
from trading.engine.commands import ApplyFunding, SetExchangeState, TransferCollateral, UpdateMarkPrice
from trading.projections.bands import PriceBands
from trading.projections.projector import rebuild
from trading.selectors.instruments import forget_instruments
from trading.services.deleveraging_queues import measure_queues

pytestmark = pytest.mark.django_db(transaction=True)

HOUR_NS = 3600 * 10**9


@pytest.fixture
def poor(market):
    """Has 1,000 USDT."""
    return market.trader("charlie", units=1_000_000_000)


def trade(buyer, seller, quantity="1", price="60000"):
    seller.place(side="sell", quantity=quantity, price=price)
    return buyer.place(quantity=quantity, price=price)


def position(trader, symbol="BTC-PERP"):
    answer = trader.get("/positions")
    assert answer.status_code == 200, answer.content
    return next(row for row in answer.json()["results"] if row["symbol"] == symbol)


def change(trader, **body):
    return trader.patch("/positions/BTC-PERP", body)


def public(path):
    answer = Client().get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.fixture
def liquidated(market, poor, alice, bob):
    """Charlie bought a bitcoin of Bob's; the mark falls to 59,200: Alice's bid takes 0.3, the fund a part, Bob is
    deleveraged by the rest. Returns Charlie's liquidation."""
    market.execute(TransferCollateral(b"", 0, INSURANCE_FUND, "USDT", 60_000_000, 7))
    assert change(poor, leverage=100).status_code == 200
    trade(poor, bob)
    poor.place(quantity="0.01", price="58000")
    alice.place(quantity="0.3", price="59250")
    market.execute(UpdateMarkPrice(b"", 0, BTC, 592_000, 592_000))
    for _ in range(20):
        market.execute(UpdateMarkPrice(b"", 0, BTC, 592_000, 592_000))
    (found,) = poor.get("/liquidations").json()["results"]
    return found


def test_leverage_mode_and_margin_are_set_in_one_request(alice, bob):
    trade(alice, bob)
    answer = change(alice, isolated_margin_change="100", margin_mode="isolated", leverage=20)
    assert answer.status_code == 200, answer.content
    content = answer.json()
    assert (content["leverage"], content["margin_mode"], content["isolated_margin"]) == (20, "isolated", "3100")
    shown = position(alice)
    assert (shown["margin_mode"], shown["isolated_margin"], shown["leverage"]) == ("isolated", "3100", 20)
    assert 56_000 < float(shown["bankruptcy_price"]) < float(shown["liquidation_price"]) < 60_000
    account = alice.get("/account").json()
    assert account["isolated_margin"] == "3100" and account["liquidating"] == []
    less = change(alice, isolated_margin_change="-60.5").json()
    assert (less["isolated_margin"], less["leverage"], less["margin_mode"]) == ("3039.5", None, None)
    assert change(alice, margin_mode="cross").json()["isolated_margin"] == "0"
    assert position(alice)["margin_mode"] == "cross"


def test_what_is_refused_ends_the_request_and_names_what_was_done(alice, bob):
    trade(alice, bob)
    details = refused(
        change(alice, leverage=20, margin_mode="isolated", isolated_margin_change="1000000"), 422, "insufficient_funds"
    )
    assert details["done"] == ["leverage", "margin_mode"]
    assert (position(alice)["leverage"], position(alice)["margin_mode"]) == (20, "isolated")
    assert "done" not in refused(change(alice, isolated_margin_change="-4000"), 422, "insufficient_margin")
    for body in ({}, {"isolated_margin_change": "0"}, {"isolated_margin_change": "x"}, {"margin_mode": "both"}):
        refused(change(alice, **body), 400, "invalid_parameter")


def test_the_same_request_again_moves_nothing_twice(alice, bob):
    trade(alice, bob)
    assert change(alice, margin_mode="isolated").status_code == 200
    body = b'{"isolated_margin_change":"100"}'
    signed = sign_headers(alice.key, alice.secret, "PATCH", "/api/v1/positions/BTC-PERP", body)
    answers = [alice.send("PATCH", "/positions/BTC-PERP", raw=body, signed=signed).json() for _ in range(2)]
    assert answers[0] == answers[1] and answers[0]["isolated_margin"] == "6100"
    assert position(alice)["isolated_margin"] == "6100"


def test_funding_is_told_to_all_and_paid_by_the_long(market, alice, bob):
    trade(alice, bob)
    market.execute(UpdateMarkPrice(b"", 0, BTC, 600_000, 600_100))
    period_ns = market.gateway.clock.time_ns() // (8 * HOUR_NS) * 8 * HOUR_NS
    market.execute(ApplyFunding(b"", 0, BTC, period_ns, 100_000))
    market.execute(UpdateMarkPrice(b"", 0, BTC, 600_000))
    ticker = public("/instruments/BTC-PERP/ticker")
    assert (ticker["index"], ticker["funding_rate"], ticker["last_funding_rate"]) == ("60010", None, "0.0001")
    assert (ticker["next_funding_at"] - period_ns // 10**6) % (8 * 3_600_000) == 0
    funding = public("/instruments/BTC-PERP/funding")
    (row,) = funding["results"]
    assert (row["time"], row["rate"], row["index"]) == (period_ns // 10**6, "0.0001", "60010")
    assert (funding["samples"], funding["interval"]) == (0, 8 * 3_600_000)
    assert funding["next_funding_at"] > time.time() * 1000
    lines = [line for line in alice.get("/ledger").json()["results"] if line["kind"] == "funding"]
    assert [(line["amount"], line["symbol"], line["trade_id"]) for line in lines] == [("-6.001", "BTC-PERP", None)]
    assert [line["amount"] for line in bob.get("/ledger").json()["results"] if line["kind"] == "funding"] == ["6.001"]


def test_an_order_waits_for_the_index(market, alice):
    market.execute(UpdateMarkPrice(b"", 0, BTC, 600_000, 600_000))
    stop = alice.place(type="stop", price=None, trigger_price="60500", trigger_by="index")
    assert (stop["status"], stop["trigger_by"]) == ("untriggered", "index")
    market.execute(UpdateMarkPrice(b"", 0, BTC, 600_000, 605_000))
    assert alice.get(f"/orders/{stop['id']}").json()["status"] != "untriggered"


def test_the_story_of_a_liquidation(poor, liquidated):
    assert (liquidated["role"], liquidated["margin_mode"], liquidated["symbol"]) == ("liquidated", "cross", None)
    assert float(liquidated["equity"]) < float(liquidated["maintenance_margin"])
    assert liquidated["ended_at"] >= liquidated["started_at"] and liquidated["steps"] >= 4
    story = poor.get(f"/liquidations/{liquidated['id']}").json()
    assert story["liquidation"] == liquidated
    kinds = [step["step"] for step in story["steps"]]
    assert kinds[0] == "cancel_orders" and set(kinds) == {"cancel_orders", "reduce", "take_over", "deleverage"}
    assert story["steps"][0]["cancelled_orders"] == 1 and story["steps"][0]["symbol"] is None
    rounds = [step for step in story["steps"] if step["step"] == "reduce"]
    assert sum(float(step["filled_quantity"]) for step in rounds) == pytest.approx(0.3)
    for step in rounds:
        assert (step["side"], step["average_price"]) == ("sell", "59250") and float(step["limit_price"]) <= 59_250
        assert [fill["quantity"] for fill in step["fills"]] == [step["filled_quantity"]]
        assert step["order_id"] == step["fills"][0]["order_id"]
        assert step["insurance_fund"] == step["fee"] and float(step["fee"]) > 0
    taken = next(step for step in story["steps"] if step["step"] == "take_over")
    assert [(row["to"], row["place"], row["rank"]) for row in taken["assignments"]] == [("insurance_fund", None, None)]
    closed = next(step for step in story["steps"] if step["step"] == "deleverage")
    (row,) = closed["assignments"]
    assert (row["to"], row["place"]) == ("trader", 1) and float(row["rank"]) > 0
    assert row["price"] == closed["bankruptcy_price"]
    ids = {line["liquidation_id"] for line in poor.get("/ledger").json()["results"] if line["liquidation_id"]}
    assert ids == {liquidated["id"]}
    assert "liquidation" in {row["cancel_reason"] for row in poor.get("/orders?status=closed").json()["results"]}


def test_who_was_deleveraged_sees_his_part_and_nothing_else(bob, poor, liquidated):
    (mine,) = bob.get("/liquidations").json()["results"]
    assert (mine["id"], mine["role"]) == (liquidated["id"], "deleveraged")
    assert {mine[name] for name in ("equity", "maintenance_margin", "equity_after", "fees", "steps", "symbol")} == {
        None
    }
    story = bob.get(f"/liquidations/{mine['id']}").json()
    (step,) = story["steps"]
    assert (step["step"], step["side"], step["symbol"]) == ("deleverage", "buy", "BTC-PERP")
    private = ("quantity", "equity", "maintenance_margin", "realised_pnl", "fee", "order_id", "cancelled_orders")
    assert {step[name] for name in private} == {None} and step["fills"] == []
    (row,) = step["assignments"]
    assert (row["place"], row["quantity"]) == (1, step["filled_quantity"]) and float(row["realised_pnl"]) > 0
    line = next(line for line in bob.get("/ledger").json()["results"] if line["kind"] == "deleveraging")
    assert (line["amount"], line["liquidation_id"]) == (row["realised_pnl"], mine["id"])


def test_strangers_see_no_liquidation(alice, liquidated):
    """Alice's order only met the liquidation's in the book."""
    assert alice.get("/liquidations").json()["results"] == []
    real, imagined = (alice.get(f"/liquidations/{number}") for number in (liquidated["id"], 64 * 999_999 + 1))
    assert (real.status_code, real.json()) == (imagined.status_code, imagined.json())
    refused(real, 404, "not_found")


def test_the_public_sees_what_was_closed_and_never_whose(poor, bob, liquidated):
    rows = public("/instruments/BTC-PERP/liquidations")["results"]
    assert {row["step"] for row in rows} == {"reduce", "take_over", "deleverage"}
    assert {row["side"] for row in rows} == {"sell"}
    assert sum(float(row["quantity"]) for row in rows) == pytest.approx(1)
    assert {name for row in rows for name in row} == {
        "symbol", "step", "side", "quantity", "price", "mark_price", "time", "sequence"
    }  # fmt: skip
    page = public("/instruments/BTC-PERP/liquidations?limit=1")
    assert page["results"] == rows[:1]
    following = public(f"/instruments/BTC-PERP/liquidations?limit=500&cursor={page['next']}")
    assert following["results"] == rows[1:]
    assert public("/instruments/ETH-PERP/liquidations")["results"] == []


def test_the_insurance_fund_shows_every_change(market, liquidated):
    fund = public("/insurance-fund")
    account = market.engine.state.accounts[INSURANCE_FUND]
    assert fund["balance"] == fund["results"][0]["balance"]
    assert float(fund["balance"]) * 10**6 == pytest.approx(account.collateral_units)
    assert fund["results"][-1]["kind"] == "transfer" and fund["results"][-1]["amount"] == "60"
    fees = [row for row in fund["results"] if row["kind"] == "liquidation_fee"]
    assert fees and {row["liquidation_id"] for row in fees} == {liquidated["id"]}
    held = {row["symbol"]: row["size"] for row in fund["positions"]}
    assert held == {"BTC-PERP": f"{account.positions[BTC].lots / 1000:g}"}


def test_the_light_says_who_is_first_in_line(market, alice, bob, poor):
    trade(alice, bob, quantity="0.5")
    trade(poor, bob, quantity="0.1", price="58000")
    market.execute(UpdateMarkPrice(b"", 0, BTC, 601_000))
    assert position(bob)["deleveraging_light"] == 1, "nothing is measured yet"
    assert measure_queues(now_ns=1) == 3
    assert position(bob)["deleveraging_light"] == 1, "alone on his side, he is the last too"
    lights = position(poor)["deleveraging_light"], position(alice)["deleveraging_light"]
    assert lights == (5, 1), "the cheaper entry and the higher leverage go first"
    market.execute(UpdateMarkPrice(b"", 0, BTC, 601_000))
    assert change(alice, leverage=20).status_code == 200
    assert alice.get("/positions").json()["results"][0]["deleveraging_light"] == 1


def test_the_exchange_is_as_strict_as_it_was_told_to_be(market, alice):
    market.execute(SetExchangeState(b"", 0, 2))
    forget_instruments()
    status = public("/status")
    assert status["state"] == "post_only" and set(status["instruments"].values()) == {"post_only"}
    assert status["resumes_at"] == {}
    assert public("/instruments/BTC-PERP")["state"] == "post_only"
    market.execute(SetExchangeState(b"", 0, 1))
    market.execute(UpdateMarkPrice(b"", 0, BTC, 530_000))
    forget_instruments()
    status = public("/status")
    assert status["instruments"] == {"BTC-PERP": "halted", "ETH-PERP": "normal"}
    assert status["resumes_at"]["BTC-PERP"] > time.time() * 1000


def test_an_instrument_shows_the_prices_it_takes_now(market, alice):
    """The mark fell by a fifteenth: as far apart as the marks of late may prices lie from it."""
    first = public("/instruments/BTC-PERP")
    assert (first["price_band"], first["lowest_price"], first["highest_price"]) == ("0.05", "57000", "63000")
    market.execute(UpdateMarkPrice(b"", 0, BTC, 560_000))
    shown = public("/instruments/BTC-PERP")
    assert (shown["price_band"], shown["lowest_price"], shown["highest_price"]) == ("0.05", "52000.1", "59999.9")
    rebuild(PriceBands(), batch_records=2)
    forget_instruments()
    assert public("/instruments/BTC-PERP") == shown
    assert alice.place(price="52000.1", quantity="0.01")["status"] == "new"
    refused(alice.post("/orders", order(price="52000", quantity="0.01")), 422, "price_outside_band")
    market.execute(UpdateMarkPrice(b"", 0, BTC, 520_000))
    halted = public("/instruments/BTC-PERP")
    assert (halted["state"], halted["lowest_price"], halted["highest_price"]) == ("halted", "49400", "54600")


def test_an_instrument_shows_how_it_is_funded_and_halted(market):
    risk = public("/instruments/BTC-PERP")["risk"]
    assert (risk["funding_interval_ms"], risk["mark_staleness_ms"]) == (8 * 3_600_000, 15_000)
    assert (risk["volatility_move"], risk["volatility_window_ms"], risk["maximum_band"]) == ("0.1", 300_000, "0.1")
