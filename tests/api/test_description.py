"""The API's description: complete, true to the parser, and readable without any other server."""

import json
from html.parser import HTMLParser
from itertools import product

import msgspec
import pytest
from django.test import Client
from jsonschema import Draft202012Validator
from msgspec import Struct

from exchange.contract.errors import ApiError
from exchange.ops.api_description import schema_document
from risk.api import index_answers
from tests.api.endpoints import operations
from tests.api.market import order
from trading.api import answers, instrument_answers, key_answers, parsing, quote_answers, requests, risk_answers
from trading.api.examples import EXAMPLES
from trading.api.scales import Scale

SCALE = Scale(1, "BTC-PERP", "USDT", (1, -1), (1, -3), (1, -3), (1, -6), 100)
STOP = {"type": "stop", "trigger_price": "58000", "trigger_by": "mark"}
PARSERS = {
    "NewOrder": parsing.place_order,
    "MassQuote": parsing.mass_quote,
    "MarketMakerProtection": parsing.market_maker_protection,
    "PositionChange": parsing.position_change,
}


@pytest.fixture(scope="module")
def document():
    return json.loads(schema_document())


def test_every_operation_is_described_with_its_answers_and_errors(document):
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert len(described) == len(operations()) >= 30
    ids = [item["operationId"] for methods in document["paths"].values() for item in methods.values()]
    assert len(set(ids)) == len(ids)
    for path, methods in document["paths"].items():
        for method, item in methods.items():
            assert item["summary"], (method, path)
            assert any(status.startswith("2") for status in item["responses"]), (method, path)
            assert {"400", "429", "503"} <= set(item["responses"]), (method, path)
            assert ("401" in item["responses"]) == (item["x-scope"] != "public"), (method, path)
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_no_two_kinds_of_object_have_one_name():
    names = [
        name
        for module in (
            answers,
            index_answers,
            instrument_answers,
            key_answers,
            quote_answers,
            requests,
            risk_answers,
        )  # fmt: skip
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, Struct) and kind.__module__ == module.__name__
    ]
    assert len(set(names)) == len(names)


def test_the_description_of_an_order_is_what_the_parser_takes(document):
    validator = validator_of(document, "NewOrder")
    kinds = ("limit", "market", "stop", "stop_limit", "take_profit", "take_profit_limit", "trailing_stop")
    times = (
        (None, None),
        ("gtc", None),
        ("gtd", 4_000_000_000_000),
        ("gtd", None),
        ("gtc", 4_000_000_000_000),
        ("ioc", None),
        ("fok", None),
    )
    verdicts = []
    trails = ((None, None), ("100", None), (None, "0.01"), ("100", "0.01"))
    for kind, price, trigger_price, trigger_by, (time_in_force, expires_at), post_only, (distance, rate) in product(
        kinds, (None, "59000"), (None, "58000"), (None, "mark"), times, (False, True), trails
    ):
        body = order(
            type=kind,
            price=price,
            trigger_price=trigger_price,
            trigger_by=trigger_by,
            time_in_force=time_in_force,
            expires_at=expires_at,
            post_only=post_only,
            trailing_distance=distance,
            trailing_rate=rate,
        )
        verdicts.append(is_taken(body))
        assert validator.is_valid(body) == verdicts[-1], body
    assert verdicts.count(True) == 8 + 3 + 2 * 3 + 2 * 5 + 2 * 3


def test_the_description_of_orders_that_are_more_than_one_is_what_the_parser_takes(document):
    validator = validator_of(document, "NewOrder")
    kinds = ({"type": "limit"}, {"type": "limit", "time_in_force": "ioc"}, {"type": "market", "price": None})
    verdicts = []
    for kind, display_quantity, attached, group_id, reduce_only in product(
        kinds, (None, "0.005"), ([], [STOP], [STOP] * 2, [STOP] * 3), (None, 65), (False, True)
    ):
        more = {"attached": attached, "group_id": group_id, "reduce_only": reduce_only}
        body = order(**kind, display_quantity=display_quantity, **more)
        verdicts.append(is_taken(body))
        assert validator.is_valid(body) == verdicts[-1], body
    whole, brackets = 3 * 4, 3 * 2
    assert verdicts.count(True) == whole + brackets + 2 + 2, "icebergs alone, or in groups; with attached orders"


def test_the_description_of_an_attached_order_is_what_the_parser_takes(document):
    validator = validator_of(document, "AttachedOrder")
    kinds = ("stop", "stop_limit", "take_profit", "take_profit_limit", "trailing_stop", "limit", "market")
    verdicts = []
    for kind, price, trigger_price, distance, rate, activation_price in product(
        kinds, (None, "59000"), (None, "58000"), (None, "100"), (None, "0.01"), (None, "58500")
    ):
        given = {
            "type": kind,
            "trigger_by": "mark",
            "price": price,
            "trigger_price": trigger_price,
            "trailing_distance": distance,
            "trailing_rate": rate,
            "activation_price": activation_price,
        }
        attached = {name: value for name, value in given.items() if value is not None}
        verdicts.append(is_taken(order(attached=[attached])))
        assert validator.is_valid(attached) == verdicts[-1], attached
    assert verdicts.count(True) == 2 + 2 + 2 * 2


def test_the_description_of_a_change_of_position_is_what_the_parser_takes(document):
    validator, verdicts = validator_of(document, "PositionChange"), []
    for leverage, margin_mode, change in product((None, 5), (None, "isolated"), (None, "-100")):
        given = {"leverage": leverage, "margin_mode": margin_mode, "isolated_margin_change": change}
        body = {name: value for name, value in given.items() if value is not None}
        parsed = msgspec.convert(body, requests.PositionChange)
        try:
            commands = parsing.position_change(parsed, scale=SCALE, account_id=1, command_id=b"", valid_until_ns=1)
            verdicts.append(list(commands) == list(body))
        except ApiError:
            verdicts.append(False)
        assert validator.is_valid(body) == verdicts[-1], body
    assert verdicts.count(True) == 7


def test_examples_are_what_the_parser_takes(document):
    for name, shown in EXAMPLES.items():
        for title, body in shown.items():
            assert validator_of(document, name).is_valid(body), title
            parsed = msgspec.convert(body, getattr(requests, name))
            PARSERS[name](parsed, scale=SCALE, account_id=1, command_id=b"", valid_until_ns=1)
    operation = document["paths"]["/api/v1/orders"]["post"]
    described = operation["requestBody"]["content"]["application/json"]["examples"]
    assert [one["value"] for one in described.values()] == list(EXAMPLES["NewOrder"].values())


def validator_of(document, name):
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


def is_taken(body):
    try:
        parsed = msgspec.convert(body, requests.NewOrder)
        parsing.place_order(parsed, scale=SCALE, account_id=1, command_id=b"", valid_until_ns=1)
    except (ApiError, msgspec.ValidationError):
        return False
    return True


class Page(HTMLParser):
    """What a page loads, and what stands in it that a strict policy forbids."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.inline = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.addresses += [given[name] for name in ("src", "href") if name in given]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]


@pytest.mark.django_db
def test_the_docs_work_under_the_strict_policy_and_load_nothing_from_elsewhere(settings):
    client = Client()
    answer = client.get("/api/docs/")
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    for directive in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"):
        assert directive in policy
    assert "unsafe" not in policy
    page = Page(answer.content.decode())
    assert page.inline == []
    assert len(page.addresses) >= 4
    for address in page.addresses:
        assert address.startswith("/") and not address.startswith("//"), address
        loaded = client.get(address)
        assert loaded.status_code == 200, address
    script = client.get("/api/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert b'url: "/api/schema/"' in script.content.replace(b"\\u002D", b"-").replace(b"\\/", b"/")
    schema = client.get("/api/schema/")
    assert schema.status_code == 200 and json.loads(schema.content)["openapi"] == "3.1.0"
