"""Bad input gets a clear error with its code, changes nothing, and is nobody's error but the sender's."""

import logging

import pytest

from tests.api.market import order, refused

pytestmark = pytest.mark.django_db(transaction=True)

BODIES = [
    ("{", "invalid_parameter"),
    ("[]", "invalid_parameter"),
    ("null", "invalid_parameter"),
    ('{"symbol": "BTC-PERP"}', "invalid_parameter"),
    ("[" * 5_000, "invalid_parameter"),
    ('"\ud800"', "invalid_parameter"),
]
STOP = {"type": "stop", "trigger_price": "58000", "trigger_by": "mark"}
FIELDS = [
    ({"quantity": 0.01}, "invalid_quantity"),
    ({"price": 59000}, "invalid_price"),
    ({"price": 59000.5}, "invalid_price"),
    ({"price": "59000.05"}, "invalid_price"),
    ({"price": "5.9e4"}, "invalid_price"),
    ({"price": "NaN"}, "invalid_price"),
    ({"price": "Infinity"}, "invalid_price"),
    ({"price": "-59000"}, "invalid_price"),
    ({"price": "0"}, "invalid_price"),
    ({"price": ""}, "invalid_price"),
    ({"price": "059000"}, "invalid_price"),
    ({"price": "٥٩٠٠٠"}, "invalid_price"),
    ({"price": "9" * 19}, "invalid_price"),
    ({"price": "9" * 400}, "invalid_price"),
    ({"quantity": "0"}, "invalid_quantity"),
    ({"quantity": "-0.01"}, "invalid_quantity"),
    ({"quantity": "0.0001"}, "invalid_quantity"),
    ({"quantity": "1000000000"}, "invalid_quantity"),
    ({"quantity": True}, "invalid_quantity"),
    ({"quantity": ["0.01"]}, "invalid_quantity"),
    ({"symbol": "NO-PERP"}, "instrument_not_found"),
    ({"symbol": "BTC-PERP\n"}, "invalid_parameter"),
    ({"symbol": 1}, "invalid_parameter"),
    ({"side": "BUY"}, "invalid_parameter"),
    ({"type": "trailing_stop"}, "invalid_parameter"),
    ({"trigger_by": "moon", "type": "stop", "price": None, "trigger_price": "59000"}, "invalid_parameter"),
    ({"time_in_force": "gtd"}, "invalid_parameter"),
    ({"client_order_id": "a b"}, "invalid_parameter"),
    ({"client_order_id": "x" * 37}, "invalid_parameter"),
    ({"client_order_id": "\x00"}, "invalid_parameter"),
    ({"post_only": "true"}, "invalid_parameter"),
    ({"leverage": 5}, "invalid_parameter"),
    ({"self_trade_prevention": "none"}, "invalid_parameter"),
    ({"display_quantity": "0"}, "invalid_quantity"),
    ({"display_quantity": "0.011"}, "invalid_quantity"),
    ({"display_quantity": 0.001}, "invalid_quantity"),
    ({"display_quantity": "0.001", "quantity": "0.101"}, "invalid_quantity"),
    ({"display_quantity": "0.001", "time_in_force": "ioc"}, "invalid_parameter"),
    ({"display_quantity": "0.001", "reduce_only": True}, "invalid_parameter"),
    ({"display_quantity": "0.001", "type": "market", "price": None}, "invalid_parameter"),
    ({"group_id": 0}, "invalid_parameter"),
    ({"group_id": "65"}, "invalid_parameter"),
    ({"group_id": 64 * 999_999 + 1}, "order_not_found"),
    ({"group_id": 65, "attached": [STOP]}, "invalid_parameter"),
    ({"reduce_only": True, "attached": [STOP]}, "invalid_parameter"),
    ({"attached": STOP}, "invalid_parameter"),
    ({"attached": [STOP] * 3}, "invalid_parameter"),
    ({"attached": [{}]}, "invalid_parameter"),
    ({"attached": [{**STOP, "type": "limit"}]}, "invalid_parameter"),
    ({"attached": [{**STOP, "quantity": "0.01"}]}, "invalid_parameter"),
    ({"attached": [{**STOP, "trigger_by": None}]}, "invalid_parameter"),
    ({"attached": [STOP, {**STOP, "trigger_price": "58000.05"}]}, "invalid_price"),
    ({"attached": [{**STOP, "trigger_price": 58000}]}, "invalid_price"),
    ({"attached": [{**STOP, "trigger_price": None}]}, "invalid_parameter"),
    ({"attached": [{**STOP, "price": "58000"}]}, "invalid_parameter"),
    ({"attached": [{**STOP, "type": "stop_limit"}]}, "invalid_parameter"),
    ({"attached": [{**STOP, "type": "trailing_stop"}]}, "invalid_parameter"),
    ({"attached": [{**STOP, "trailing_rate": "0.01"}]}, "invalid_parameter"),
]
QUERIES = [
    ("/orders?status=all", "invalid_parameter"),
    ("/orders?symbol=NO-PERP", "instrument_not_found"),
    ("/orders?limit=0", "invalid_parameter"),
    ("/orders?limit=501", "invalid_parameter"),
    ("/orders?limit=x", "invalid_parameter"),
    ("/orders?limit=1&limit=2", "invalid_parameter"),
    ("/orders?colour=red", "invalid_parameter"),
    ("/orders?cursor=abc", "invalid_parameter"),
    ("/orders/0", "not_found"),
    ("/orders/9007199254740992", "not_found"),
    ("/orders/123", "order_not_found"),
    ("/orders/by-client-id/never", "order_not_found"),
    ("/instruments/NO-PERP", "instrument_not_found"),
    ("/instruments/BTC-PERP/book?depth=0", "invalid_parameter"),
    ("/instruments/BTC-PERP/book?depth=501", "invalid_parameter"),
    ("/instruments/BTC-PERP/candles?interval=2m", "invalid_parameter"),
    ("/nothing", "not_found"),
]


@pytest.fixture(autouse=True)
def nothing_is_logged_as_an_error(caplog):
    with caplog.at_level(logging.WARNING):
        yield
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not errors, errors


@pytest.fixture
def unchanged(alice, market):
    """After the test Alice's account and orders are what they were."""
    resting = alice.place()
    before = alice.get("/account").json()
    yield
    assert {**alice.get("/account").json(), "sequence": 0} == {**before, "sequence": 0}
    assert [row["id"] for row in alice.get("/orders").json()["results"]] == [resting["id"]]


def status_of(code):
    from exchange.contract.errors import CATALOGUE

    return CATALOGUE[code].status


def test_bodies(alice, unchanged):
    for body, code in BODIES:
        refused(alice.send("POST", "/orders", raw=body.encode("utf-8", "surrogatepass")), status_of(code), code)


def test_fields(alice, unchanged):
    for fields, code in FIELDS:
        answer = alice.post("/orders", {**order(), **fields})
        assert answer.status_code == status_of(code), (fields, answer.content)
        assert answer.json()["error"]["code"] == code, (fields, answer.content)


def test_queries(alice, unchanged):
    for path, code in QUERIES:
        answer = alice.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status_of(code), code), (path, answer.content)


def test_bodies_too_large_or_of_another_kind(alice, unchanged):
    refused(alice.send("POST", "/orders", raw=b" " * 70_000), 413, "payload_too_large")
    refused(alice.send("POST", "/orders", raw=b"a=b", content_type="text/plain"), 415, "unsupported_media_type")
    form = "application/x-www-form-urlencoded"
    refused(alice.send("POST", "/orders", raw=b"a=b", content_type=form), 415, "unsupported_media_type")


def test_methods_that_are_not_there(alice, unchanged):
    refused(alice.send("PUT", "/orders", raw=b"{}"), 405, "method_not_allowed")
    refused(alice.delete("/account"), 405, "method_not_allowed")


def test_batches_without_or_with_too_many_operations(alice, unchanged):
    refused(alice.post("/orders/batch", {"operations": []}), 400, "invalid_parameter")
    too_many = [{"op": "cancel", "id": 1}] * 51
    refused(alice.post("/orders/batch", {"operations": too_many}), 400, "invalid_parameter")
    refused(alice.post("/orders/batch", {"operations": [{"op": "dance"}]}), 400, "invalid_parameter")
