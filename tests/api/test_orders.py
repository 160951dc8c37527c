"""Orders through the API: what is answered is what the engine decided, to the digit."""

import pytest

from tests.api.market import BTC, order, refused
from trading.core.terms import INSTRUMENT_HALTED, INSTRUMENT_POST_ONLY

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_resting_limit_order(alice):
    placed = alice.place(client_order_id="mine-1")
    said = [placed[name] for name in ("symbol", "side", "type", "time_in_force", "status", "quantity", "price")]
    assert said == ["BTC-PERP", "buy", "limit", "gtc", "new", "0.01", "59000"]
    assert (placed["filled_quantity"], placed["average_price"], placed["fills"], placed["repeated"]) == (
        "0",
        None,
        [],
        False,
    )
    assert alice.get(f"/orders/{placed['id']}").json().items() <= placed.items()
    assert alice.get("/orders/by-client-id/mine-1").json()["id"] == placed["id"]
    assert [row["id"] for row in alice.get("/orders?status=open&symbol=BTC-PERP").json()["results"]] == [placed["id"]]


def test_a_market_order_and_its_fills(alice, bob):
    first = bob.place(side="sell", price="60000.5", quantity="0.004")
    second = bob.place(side="sell", price="60001", quantity="0.02")
    taken = alice.place(type="market", price=None, quantity="0.01")
    assert (taken["status"], taken["time_in_force"], taken["filled_quantity"]) == ("filled", "ioc", "0.01")
    assert taken["average_price"] == "60000.8"
    assert [(fill["price"], fill["quantity"], fill["fee"], fill["role"]) for fill in taken["fills"]] == [
        ("60000.5", "0.004", "0.120001", "taker"),
        ("60001", "0.006", "0.180003", "taker"),
    ]
    assert bob.get(f"/orders/{first['id']}").json()["status"] == "filled"
    assert bob.get(f"/orders/{second['id']}").json()["status"] == "partially_filled"
    maker = bob.get("/fills").json()["results"]
    assert [(fill["order_id"], fill["fee"], fill["role"]) for fill in maker] == [
        (second["id"], "0.072002", "maker"),
        (first["id"], "0.048001", "maker"),
    ]
    kinds = [(row["kind"], row["amount"]) for row in alice.get("/ledger?limit=3").json()["results"]]
    assert kinds == [("trade_fee", "-0.180003"), ("trade_fee", "-0.120001"), ("transfer", "100000")]
    (position,) = alice.get("/positions").json()["results"]
    assert (position["size"], position["entry_price"], position["leverage"]) == ("0.01", "60000.8", 10)


def test_orders_of_every_status_are_listed_unless_one_is_asked_for(alice):
    stays, goes = alice.place(), alice.place(price="58000")
    assert alice.delete(f"/orders/{goes['id']}").json()["cancel_reason"] == "user"

    def ids(query):
        return [row["id"] for row in alice.get(f"/orders{query}").json()["results"]]

    assert ids("") == [goes["id"], stays["id"]]
    assert ids("?status=open") == [stays["id"]]
    assert ids("?status=closed") == [goes["id"]]


def test_pages_follow_each_other(alice):
    placed = [alice.place(price=str(58000 + number))["id"] for number in range(5)]
    seen, query = [], "?limit=2"
    while query:
        page = alice.get(f"/orders{query}").json()
        seen += [row["id"] for row in page["results"]]
        query = page["next"] and f"?limit=2&cursor={page['next']}"
    assert seen == placed[::-1]
    cursor = alice.get("/orders?limit=2").json()["next"]
    refused(alice.get(f"/fills?cursor={cursor}"), 400, "invalid_parameter")


def test_the_same_client_order_id_again(alice):
    first = alice.place(client_order_id="once")
    again = alice.post("/orders", order(client_order_id="once"))
    assert again.status_code == 200
    assert again.json()["repeated"] is True and again.json()["id"] == first["id"]
    refused(alice.post("/orders", order(client_order_id="once", price="58000")), 409, "duplicate_client_order_id")
    assert len(alice.get("/orders").json()["results"]) == 1


def test_the_same_request_again_gets_its_first_outcome(alice):
    import json

    from tests.signing import sign_headers

    body = json.dumps(order()).encode()
    signed = sign_headers(alice.key, alice.secret, "POST", "/api/v1/orders", body)
    first = alice.send("POST", "/orders", raw=body, signed=signed)
    again = alice.send("POST", "/orders", raw=body, signed=signed)
    assert first.status_code == 201
    assert again.status_code == 201
    assert again.json() == first.json()
    assert len(alice.get("/orders").json()["results"]) == 1


def test_amending(alice):
    placed = alice.place(quantity="0.02")
    less = alice.patch(f"/orders/{placed['id']}", {"quantity": "0.015"})
    assert (less.status_code, less.json()["quantity"], less.json()["price"]) == (200, "0.015", "59000")
    moved = alice.patch(f"/orders/{placed['id']}", {"price": "59500.5"})
    assert (moved.json()["id"], moved.json()["price"]) == (placed["id"], "59500.5")
    stale = {"price": "59000", "expected_sequence": placed["sequence"]}
    refused(alice.patch(f"/orders/{placed['id']}", stale), 409, "idempotency_conflict")
    refused(alice.patch(f"/orders/{placed['id']}", {}), 400, "invalid_parameter")
    alice.delete(f"/orders/{placed['id']}")
    refused(alice.patch(f"/orders/{placed['id']}", {"price": "59000"}), 422, "order_already_closed")
    refused(alice.delete(f"/orders/{placed['id']}"), 422, "order_already_closed")
    refused(alice.delete("/orders/by-client-id/never"), 404, "order_not_found")


def test_cancelling_all(alice, bob):
    mine = [alice.place()["id"], alice.place(symbol="ETH-PERP", price="2990", quantity="0.1")["id"]]
    others = bob.place(price="58500")
    assert alice.delete("/orders?symbol=ETH-PERP").json()["cancelled"] == mine[1:]
    assert alice.delete("/orders").json()["cancelled"] == mine[:1]
    assert alice.delete("/orders").json()["cancelled"] == []
    assert bob.get(f"/orders/{others['id']}").json()["status"] == "new"


def test_stops_and_reduce_only(alice, bob, market):
    bob.place(side="sell", price="60000", quantity="0.05")
    alice.place(price="60000", quantity="0.01")
    stop = alice.place(type="stop", side="sell", price=None, trigger_price="59900", trigger_by="mark", reduce_only=True)
    assert (stop["status"], stop["trigger_price"], stop["trigger_by"]) == ("untriggered", "59900", "mark")
    bob.place(price="59890", quantity="0.05")
    market.set_mark(BTC, 598_990)
    closed = alice.get(f"/orders/{stop['id']}").json()
    assert (closed["status"], closed["average_price"]) == ("filled", "59890")
    assert alice.get("/positions").json()["results"] == []
    refused(alice.post("/orders", order(reduce_only=True)), 422, "would_not_reduce")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"price": "50000"}, 422, "price_outside_band"),
        ({"quantity": "0.001", "symbol": "ETH-PERP", "price": "2990"}, 400, "invalid_quantity"),
        ({"quantity": "0.01", "symbol": "ETH-PERP", "price": "3000"}, 201, None),
        ({"quantity": "900", "price": "59900"}, 422, "position_limit"),
        ({"quantity": "30", "price": "59900"}, 422, "insufficient_margin"),
        ({"time_in_force": "fok"}, 422, "not_fillable"),
        ({"price": "60100", "post_only": True}, 422, "would_take"),
        ({"type": "stop_limit", "price": "60000"}, 400, "invalid_parameter"),
        ({"post_only": True, "time_in_force": "ioc"}, 400, "invalid_parameter"),
    ],
)
def test_what_the_engine_refuses(alice, bob, fields, status, code):
    bob.place(side="sell", price="60050", quantity="0.001")
    before = alice.get("/account").json()
    answer = alice.post("/orders", order(**fields))
    if code is None:
        assert answer.status_code == status
        return
    refused(answer, status, code)
    after = alice.get("/account").json()
    assert {**after, "sequence": 0} == {**before, "sequence": 0}
    assert alice.get("/orders").json()["results"] == []


def test_a_market_that_does_not_trade(alice, market):
    resting = alice.place()
    market.set_state(BTC, INSTRUMENT_POST_ONLY)
    refused(alice.post("/orders", order(type="market", price=None)), 422, "post_only_mode")
    market.set_state(BTC, INSTRUMENT_HALTED)
    refused(alice.post("/orders", order()), 422, "instrument_halted")
    refused(alice.delete(f"/orders/{resting['id']}"), 422, "instrument_halted")


def test_a_batch_is_done_one_by_one(alice):
    resting = alice.place()
    answer = alice.post(
        "/orders/batch",
        {
            "operations": [
                {"op": "place", **order(price="58000", client_order_id="b1")},
                {"op": "place", **order(price="58000.05")},
                {"op": "amend", "id": resting["id"], "quantity": "0.005"},
                {"op": "cancel", "client_order_id": "b1"},
                {"op": "cancel", "client_order_id": "b1"},
            ]
        },
    )
    assert answer.status_code == 200, answer.content
    results = answer.json()["results"]
    assert [result.get("error", {}).get("code") for result in results] == [
        None,
        "invalid_price",
        None,
        None,
        "order_already_closed",
    ]
    sequences = [result["result"]["sequence"] for result in results if "result" in result]
    assert sequences == sorted(sequences) and len(set(sequences)) == 3
    assert results[2]["result"]["quantity"] == "0.005"


def test_a_preview_places_nothing_and_the_engine_agrees(alice, bob):
    bob.place(side="sell", price="60000", quantity="0.05")
    wish = order(price="60000", quantity="0.05")
    previewed = alice.post("/risk/preview", {"orders": [wish, order(quantity="500")]}).json()["orders"]
    assert [one["accepted"] for one in previewed] == [True, False]
    assert previewed[1]["error"]["code"] == "position_limit"
    assert alice.get("/orders").json()["results"] == []
    alice.post("/orders", wish)
    account = alice.get("/account").json()
    for name in ("equity", "initial_margin", "maintenance_margin", "available", "margin_ratio"):
        assert previewed[0]["account"][name] == account[name]
    (held,) = alice.get("/positions").json()["results"]
    assert previewed[0]["account"]["positions"] == [{**held, "deleveraging_light": None}]


def test_changes_are_tried_before_orders_by_the_engine_itself(alice, bob):
    bob.place(side="sell", price="60000", quantity="0.05")
    alice.place(price="60000", quantity="0.05")
    changes = [
        {"symbol": "BTC-PERP", "leverage": 5, "margin_mode": "isolated"},
        {"symbol": "BTC-PERP", "isolated_margin_change": "100"},
        {"symbol": "BTC-PERP", "isolated_margin_change": "-101"},
    ]
    result = alice.post("/risk/preview", {"changes": changes, "orders": [order(quantity="0.01")]}).json()
    assert [(one["of"], one["accepted"]) for one in result["changes"]] == [
        ("leverage", True),
        ("margin_mode", True),
        ("isolated_margin_change", True),
        ("isolated_margin_change", False),
    ]
    assert result["changes"][3]["error"]["code"] == "insufficient_margin"
    assert [one["accepted"] for one in result["orders"]] == [True]
    (before,) = alice.get("/positions").json()["results"]
    assert (before["leverage"], before["margin_mode"]) == (10, "cross")
    for change in changes[:2]:
        symbol = change.pop("symbol")
        assert alice.patch(f"/positions/{symbol}", change).status_code == 200
    (held,) = alice.get("/positions").json()["results"]
    assert result["changes"][2]["account"]["positions"] == [{**held, "deleveraging_light": None}]
    refused = alice.post("/risk/preview", {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_parameter")


def test_leverage(alice):
    assert alice.patch("/positions/BTC-PERP", {"leverage": 50}).json()["leverage"] == 50
    (position,) = alice.get("/positions").json()["results"]
    assert (position["symbol"], position["leverage"], position["size"]) == ("BTC-PERP", 50, "0")
    refused(alice.patch("/positions/BTC-PERP", {"leverage": 126}), 422, "leverage_too_high")
    refused(alice.patch("/positions/BTC-PERP", {"leverage": 0}), 400, "invalid_parameter")
    refused(alice.patch("/positions/NO-PERP", {"leverage": 5}), 404, "instrument_not_found")


def test_a_take_profit_waits_for_the_price_to_come_back(alice, bob, market):
    bob.place(side="buy", price="61000", quantity="0.01")
    alice.place(side="sell", type="market", price=None, quantity="0.01")
    waiting = alice.place(
        side="buy", type="take_profit", price=None, quantity="0.01", trigger_price="59500", trigger_by="mark"
    )
    assert (waiting["status"], waiting["time_in_force"], waiting["type"]) == ("untriggered", "ioc", "take_profit")
    bob.place(side="sell", price="59510", quantity="0.01")
    market.set_mark(BTC, 600_100)
    assert alice.get(f"/orders/{waiting['id']}").json()["status"] == "untriggered"
    market.set_mark(BTC, 595_000)
    assert alice.get(f"/orders/{waiting['id']}").json()["status"] == "filled"


def test_an_order_expires_at_its_time(alice, market):
    expires_at = market.gateway.clock.time_ns() // 10**6 + 60_000
    kept = alice.place(time_in_force="gtd", expires_at=expires_at)
    assert (kept["status"], kept["time_in_force"], kept["expires_at"]) == ("new", "gtd", expires_at)
    market.gateway.clock.advance(59)
    market.set_mark(BTC, 600_000)
    assert alice.get(f"/orders/{kept['id']}").json()["status"] == "new"
    market.gateway.clock.advance(1.1)
    market.set_mark(BTC, 600_000)
    ended = alice.get(f"/orders/{kept['id']}").json()
    assert (ended["status"], ended["cancel_reason"], ended["expires_at"]) == ("cancelled", "expired", expires_at)


@pytest.mark.parametrize(
    "fields",
    [
        {"time_in_force": "gtd"},
        {"time_in_force": "gtc", "expires_at": 4_000_000_000_000},
        {"expires_at": 4_000_000_000_000},
        {"time_in_force": "gtd", "expires_at": 1},
        {"time_in_force": "gtd", "expires_at": 4_102_444_800_001},
        {"type": "market", "price": None, "time_in_force": "gtd", "expires_at": 4_000_000_000_000},
    ],
)
def test_an_expiry_that_makes_no_sense_is_refused(alice, fields):
    refused(alice.post("/orders", order(**fields)), 400, "invalid_parameter")


def test_the_dead_mans_switch_cancels_everything_unless_renewed(alice, market):
    first, second = alice.place(), alice.place(price="58000")
    armed = alice.post("/cancel-after", {"timeout": 10_000}).json()
    assert armed["cancel_at"] - market.gateway.clock.time_ns() // 10**6 in range(9_000, 10_001)
    market.gateway.clock.advance(8)
    assert alice.post("/cancel-after", {"timeout": 10_000}).json()["cancel_at"] > armed["cancel_at"]
    market.gateway.clock.advance(8)
    market.set_mark(BTC, 600_000)
    assert alice.get(f"/orders/{first['id']}").json()["status"] == "new"
    market.gateway.clock.advance(3)
    market.set_mark(BTC, 600_000)
    reasons = [alice.get(f"/orders/{one['id']}").json()["cancel_reason"] for one in (first, second)]
    assert reasons == ["dead_man", "dead_man"]
    third = alice.place()
    market.gateway.clock.advance(100)
    market.set_mark(BTC, 600_000)
    assert alice.get(f"/orders/{third['id']}").json()["status"] == "new"


def test_the_dead_mans_switch_can_be_switched_off(alice, market):
    kept = alice.place()
    alice.post("/cancel-after", {"timeout": 1_000})
    assert alice.post("/cancel-after", {"timeout": 0}).json()["cancel_at"] is None
    market.gateway.clock.advance(5)
    market.set_mark(BTC, 600_000)
    assert alice.get(f"/orders/{kept['id']}").json()["status"] == "new"
    refused(alice.post("/cancel-after", {"timeout": -1}), 400, "invalid_parameter")
    refused(alice.post("/cancel-after", {"timeout": 24 * 3600 * 1000 + 1}), 400, "invalid_parameter")


def test_a_trailing_stop_runs_behind_the_price(alice, bob, market):
    bob.place(side="sell", price="60000", quantity="0.01")
    alice.place(type="market", price=None, quantity="0.01")
    stop = alice.place(
        side="sell", type="trailing_stop", price=None, quantity="0.01", trailing_distance="200", trigger_by="mark"
    )
    said = [stop[name] for name in ("status", "trigger_price", "trailing_distance", "trailing_rate")]
    assert said == ["untriggered", None, "200", None]
    bob.place(side="buy", price="60250", quantity="0.01")
    for ticks in (605_000, 603_001, 604_000):
        market.set_mark(BTC, ticks)
        assert alice.get(f"/orders/{stop['id']}").json()["status"] == "untriggered"
    market.set_mark(BTC, 603_000)
    (fill, *_) = alice.get("/fills").json()["results"]
    assert (fill["order_id"], fill["price"]) == (stop["id"], "60250")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"trailing_distance": "100", "trailing_rate": "0.01"},
        {"trailing_distance": "100", "trigger_price": "59000"},
        {"trailing_rate": "1"},
        {"trailing_rate": "0"},
        {"type": "stop", "trigger_price": "59000", "trailing_distance": "100"},
        {"type": "stop", "trigger_price": "59000", "activation_price": "59000"},
    ],
)
def test_a_trailing_stop_that_makes_no_sense_is_refused(alice, fields):
    body = order(**({"type": "trailing_stop", "price": None, "trigger_by": "mark"} | fields))
    refused(alice.post("/orders", body), 400, "invalid_parameter")
