"""Engine or readers away: a code that says whether anything was done, and no wrong 404."""

import pytest

from tests.api.market import order, refused

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_engine_is_away(alice, market):
    resting = alice.place()
    market.gateway.is_away = True
    refused(alice.post("/orders", order()), 503, "engine_unavailable")
    refused(alice.delete(f"/orders/{resting['id']}"), 503, "engine_unavailable")
    assert alice.get("/orders").status_code == 200
    status = alice.get("/status").json()
    assert (status["state"], status["engine"]) == ("halted", None)
    market.gateway.is_away = False
    assert alice.post("/orders", order()).status_code == 201


def test_nobody_knows_what_became_of_it(alice, market):
    market.gateway.faults.append("silent")
    details = refused(alice.post("/orders", order(client_order_id="maybe")), 504, "outcome_unknown")
    assert details["final_at"] > 0
    assert alice.get("/orders/by-client-id/maybe").json()["status"] == "new"
    market.gateway.faults.append("lost")
    refused(alice.post("/orders", order(client_order_id="never")), 504, "outcome_unknown")
    refused(alice.get("/orders/by-client-id/never"), 404, "order_not_found")


def test_readers_that_are_behind_never_say_not_found(alice, market):
    market.readers_run = False
    placed = alice.place(client_order_id="fresh")
    refused(alice.get(f"/orders/{placed['id']}"), 503, "read_behind")
    refused(alice.get("/orders/by-client-id/fresh"), 503, "read_behind")
    stale = alice.get("/orders")
    assert stale.status_code == 200 and int(stale["X-Sequence"]) < placed["sequence"]
    demanded = {"X-Min-Sequence": str(placed["sequence"])}
    refused(alice.get("/orders", headers=demanded), 503, "read_behind")
    market.read()
    fresh = alice.get("/orders", headers=demanded)
    assert fresh.status_code == 200 and int(fresh["X-Sequence"]) >= placed["sequence"]
    assert [row["id"] for row in fresh.json()["results"]] == [placed["id"]]


def test_public_reads(alice, bob, market):
    bob.place(side="sell", price="60000.5", quantity="0.004")
    bob.place(side="sell", price="60001", quantity="0.02")
    alice.place(type="market", price=None, quantity="0.005")
    book = alice.get("/instruments/BTC-PERP/book").json()
    assert (book["bids"], book["asks"]) == ([], [["60001", "0.019"]])
    assert book["sequence"] == market.engine.state.sequence
    trades = alice.get("/instruments/BTC-PERP/trades").json()["results"]
    assert [(trade["price"], trade["quantity"], trade["side"]) for trade in trades] == [
        ("60001", "0.001", "buy"),
        ("60000.5", "0.004", "buy"),
    ]
    (candle,) = alice.get("/instruments/BTC-PERP/candles").json()["results"]
    assert [candle[name] for name in ("open", "high", "low", "close", "volume", "trades")] == [
        "60000.5",
        "60001",
        "60000.5",
        "60001",
        "0.005",
        2,
    ]
    ticker = alice.get("/instruments/BTC-PERP/ticker").json()
    assert (ticker["last"], ticker["mark"], ticker["best_ask"], ticker["best_bid"]) == ("60001", "60000", "60001", None)
    assert (ticker["index"], ticker["funding_rate"], ticker["open_interest"]) == (None, None, "0.005")
    assert [row["symbol"] for row in alice.get("/tickers").json()["results"]] == ["BTC-PERP", "ETH-PERP"]
    brackets = alice.get("/instruments/BTC-PERP").json()["brackets"]
    assert [row["maximum_leverage"] for row in brackets] == [125, 100, 50, 20, 10]


def test_transfers(alice, market):
    wish = {"asset": "USDT", "amount": "250.5", "direction": "to_funding", "idempotency_key": "t-1"}
    done = alice.post("/transfers", wish)
    assert done.status_code == 201, done.content
    assert alice.post("/transfers", wish).json() == done.json()
    assert alice.get("/account").json()["collateral"] == "99749.5"
    refused(alice.post("/transfers", {**wish, "amount": "1"}), 409, "idempotency_conflict")
    refused(alice.post("/transfers", {**wish, "amount": "100000", "idempotency_key": "t-2"}), 422, "insufficient_funds")
    back = {**wish, "direction": "to_margin", "idempotency_key": "t-3"}
    assert alice.post("/transfers", back).status_code == 201
    refused(alice.post("/transfers", {**back, "idempotency_key": "t-4"}), 422, "insufficient_funds")
    assert alice.get("/account").json()["collateral"] == "100000"
