"""Mass quotes and the market maker's protection through the API."""

import json

import pytest

from tests.api.market import refused
from tests.signing import sign_headers

pytestmark = pytest.mark.django_db(transaction=True)


def quote(side, price, quantity="0.1"):
    return {"side": side, "price": price, "quantity": quantity}


MALFORMED_QUOTES = [
    ([quote("buy", "59990"), quote("buy", "59990", "0.2")], "invalid_parameter", "quotes"),
    ([quote("buy", "60010"), quote("sell", "60010")], "invalid_parameter", "quotes"),
    ([quote("buy", "60010"), quote("sell", "60000")], "invalid_parameter", "quotes"),
    ([quote("buy", str(50_000 + number)) for number in range(41)], "invalid_parameter", "quotes"),
    ([quote("both", "59990")], "invalid_parameter", "quotes[0].side"),
    ([{**quote("buy", "59990"), "post_only": True}], "invalid_parameter", "quotes[0].post_only"),
    ([quote("sell", "60010"), quote("buy", "59990.05")], "invalid_price", "quotes[1].price"),
    ([quote("sell", "60010"), quote("buy", "0")], "invalid_price", "quotes[1].price"),
    ([quote("sell", 60_010)], "invalid_price", "quotes[0].price"),
    ([quote("sell", "60010", "0")], "invalid_quantity", "quotes[0].quantity"),
    ([quote("sell", "60010", "0.0001")], "invalid_quantity", "quotes[0].quantity"),
    (None, "invalid_parameter", "quotes"),
]
MALFORMED_PROTECTIONS = [
    ({"window_ms": 1000}, "invalid_parameter"),
    ({"window_ms": 0, "delta_limit": "1"}, "invalid_parameter"),
    ({"window_ms": 0, "freeze_ms": 1}, "invalid_parameter"),
    ({"window_ms": 24 * 3600 * 1000 + 1, "delta_limit": "1"}, "invalid_parameter"),
    ({"window_ms": -1}, "invalid_parameter"),
    ({"window_ms": 1000, "delta_limit": "-1"}, "invalid_quantity"),
    ({"window_ms": 1000, "quantity_limit": "0.0001"}, "invalid_quantity"),
    ({"window_ms": 1000, "quantity_limit": 1}, "invalid_quantity"),
    ({"window_ms": 1000, "quantity_limit": "1", "symbol": "NO-PERP"}, "instrument_not_found"),
]


def ladder(*, shift=0, quantity="0.1"):
    prices = (("buy", 59_990), ("buy", 59_980), ("sell", 60_010), ("sell", 60_020))
    return [quote(side, str(price + shift), quantity) for side, price in prices]


def post(trader, quotes, symbol="BTC-PERP"):
    return trader.post("/quotes", {"symbol": symbol, "quotes": quotes})


def quoted(trader, quotes):
    answer = post(trader, quotes)
    assert answer.status_code == 200, answer.content
    content = answer.json()
    shown = [{name: one[name] for name in ("side", "price", "quantity")} for one in content["quotes"]]
    assert (shown, content["symbol"]) == (quotes, "BTC-PERP")
    assert int(answer["X-Sequence"]) == content["sequence"]
    return content


def ids(content):
    return [one["id"] for one in content["quotes"]]


def open_ids(trader):
    return [row["id"] for row in trader.get("/orders?status=open").json()["results"]]


def protect(trader, **fields):
    answer = trader.put("/market-maker-protection", {"symbol": "BTC-PERP", **fields})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_ladder_stands_and_is_replaced(alice):
    first = quoted(alice, ladder())
    assert first["cancelled"] == [] and sorted(open_ids(alice)) == sorted(ids(first))
    shown = alice.get(f"/orders/{ids(first)[0]}").json()
    assert (shown["is_quote"], shown["post_only"], shown["time_in_force"]) == (True, True, "gtc")
    second = quoted(alice, ladder(shift=5))
    assert second["cancelled"] == ids(first)
    assert alice.get(f"/orders/{ids(first)[0]}").json()["cancel_reason"] == "requoted"
    assert sorted(open_ids(alice)) == sorted(ids(second))


def test_quotes_of_the_same_price_keep_their_ids(alice):
    first = quoted(alice, ladder())
    assert ids(quoted(alice, ladder())) == ids(first)
    assert ids(quoted(alice, ladder(quantity="0.05"))) == ids(first)
    more = quoted(alice, [*ladder(quantity="0.05")[:3], quote("sell", "60020", "0.2")])
    assert ids(more)[:3] == ids(first)[:3] and more["cancelled"] == ids(first)[3:]


def test_while_readers_are_behind_the_id_of_a_kept_quote_is_not_guessed(alice, market):
    first = quoted(alice, ladder())
    market.readers_run = False
    assert ids(quoted(alice, [*ladder()[:1], quote("sell", "60030")]))[0] is None
    market.read()
    market.readers_run = True
    assert ids(quoted(alice, ladder()[:1])) == ids(first)[:1]


def test_an_empty_list_takes_all_away(alice):
    first = quoted(alice, ladder())
    own = alice.place()
    gone = quoted(alice, [])
    assert (gone["quotes"], gone["cancelled"]) == ([], ids(first))
    assert open_ids(alice) == [own["id"]]


def test_one_that_is_refused_leaves_the_quotes_of_before(alice, bob):
    first = quoted(alice, ladder())
    bob.place(side="sell", price="60005", quantity="0.1")
    refused(post(alice, [quote("buy", "60005"), quote("sell", "60040")]), 422, "would_take")
    refused(post(alice, [quote("buy", "50000")]), 422, "price_outside_band")
    refused(post(alice, [quote("buy", "59000", "30")]), 422, "insufficient_margin")
    assert sorted(open_ids(alice)) == sorted(ids(first))


def test_quotes_that_make_no_sense_are_refused(alice):
    for quotes, code, field in MALFORMED_QUOTES:
        answer = post(alice, quotes)
        assert refused(answer, 400, code)["field"] == field, quotes
    assert open_ids(alice) == []


def test_a_quote_is_not_amended(alice):
    (quote_id,) = ids(quoted(alice, [quote("buy", "59990")]))
    answer = alice.patch(f"/orders/{quote_id}", {"price": "59980"})
    assert refused(answer, 400, "invalid_parameter") == {"field": "quantity"}
    assert "/api/v1/quotes" in answer.json()["error"]["message"]
    assert alice.delete(f"/orders/{quote_id}").json()["cancel_reason"] == "user"


def test_protection_takes_the_quotes_away_and_lets_none_in_until_it_is_over(alice, bob, market):
    said = protect(alice, window_ms=1000, quantity_limit="0.15", delta_limit="0", freeze_ms=5000)
    assert [said[name] for name in ("window_ms", "quantity_limit", "delta_limit", "freeze_ms")] == [
        1000,
        "0.15",
        "0",
        5000,
    ]
    first = quoted(alice, ladder())
    bob.place(type="market", price=None, quantity="0.1")
    assert open_ids(alice) == [ids(first)[i] for i in (3, 1, 0)]
    bob.place(side="sell", type="market", price=None, quantity="0.05")
    assert open_ids(alice) == []
    reason = alice.get(f"/orders/{ids(first)[1]}").json()["cancel_reason"]
    assert reason == "market_maker_protection"
    refused(post(alice, ladder()), 422, "quotes_frozen")
    market.gateway.clock.advance(5.1)
    quoted(alice, ladder())


def test_a_freeze_without_end_is_ended_by_setting_protection_anew(alice, bob, market):
    protect(alice, window_ms=60_000, delta_limit="0.1")
    quoted(alice, ladder())
    bob.place(type="market", price=None, quantity="0.1")
    market.gateway.clock.advance(24 * 3600)
    refused(post(alice, ladder()), 422, "quotes_frozen")
    assert protect(alice, window_ms=0)["quantity_limit"] == "0"
    quoted(alice, ladder())


def test_protection_that_makes_no_sense_is_refused(alice):
    for fields, code in MALFORMED_PROTECTIONS:
        answer = alice.put("/market-maker-protection", {"symbol": "BTC-PERP", **fields})
        refused(answer, 404 if code == "instrument_not_found" else 400, code)


def test_the_same_request_again_gets_its_first_outcome(alice):
    body = json.dumps({"symbol": "BTC-PERP", "quotes": ladder()}).encode()
    signed = sign_headers(alice.key, alice.secret, "POST", "/api/v1/quotes", body)
    first = alice.send("POST", "/quotes", raw=body, signed=signed)
    quoted(alice, [])
    again = alice.send("POST", "/quotes", raw=body, signed=signed)
    assert (first.status_code, again.json()) == (200, first.json())
    assert open_ids(alice) == []
