"""Requests generated from our own OpenAPI document: no 500, and no answer that the document does not know."""

import json
from collections import Counter
from urllib.parse import urlencode

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.transport import Response

from exchange.ops.api_description import schema_document
from tests.signing import sign_headers

pytestmark = pytest.mark.django_db(transaction=True)

CASES = {"GET": 15, "POST": 60, "PUT": 60, "PATCH": 60, "DELETE": 60}
SHARE_THAT_ARRIVES = 0.3
STOPPED_BEFORE_THE_OPERATION = {400, 401, 403, 404, 405, 413, 415, 429}
MISSING = (b"order_not_found", b"no such API key")
# Decimal texts and symbols as somebody would send them who has read the list of instruments.
FORMATS = {
    "price": st.integers(570_000, 630_000).map(lambda ticks: f"{ticks // 10}.{ticks % 10}"),
    "quantity": st.integers(1, 40).map(lambda lots: f"0.{lots:02}"),
    "amount": st.integers(1, 1_000).map(str),
    "signed-amount": st.integers(-1_000, 1_000).map(str),
    "network": st.sampled_from(["192.0.2.0/24", "2001:db8::/32", "127.0.0.1"]),
    "ed25519": st.just("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
    "limit": st.integers(0, 40).map(str),
    "asset": st.sampled_from(["BTC", "ETH", "NONE"]),
    "symbol": st.sampled_from(["BTC-PERP", "ETH-PERP"] * 4 + ["NO-PERP"]),
}


@pytest.fixture(scope="module")
def document():
    for name, strategy in FORMATS.items():
        schemathesis.openapi.format(name, strategy)
    return schemathesis.openapi.from_dict(json.loads(schema_document()))


@pytest.fixture(scope="module")
def checks():
    load_all_checks()
    names = ("response_schema_conformance", "status_code_conformance", "content_type_conformance")
    return [CHECKS.get_one(name) for name in names]


def send(trader, case):
    """Through Django's test client, signed as it will be sent; as a session where only that may."""
    query = urlencode(dict(case.query or {}), doseq=True)
    path = case.formatted_path + (f"?{query}" if query else "")
    content = json.dumps(case.body).encode() if isinstance(case.body, dict | list | str | int | float) else b""
    generated = {str(name): str(value) for name, value in (case.headers or {}).items() if name == "X-Min-Sequence"}
    is_for_sessions = case.operation.definition.raw["x-scope"] == "session"
    signed = {} if is_for_sessions else sign_headers(trader.key, trader.secret, case.method.upper(), path, content)
    content_type = "application/json" if content else ""
    return trader.client.generic(
        case.method.upper(), path, content, content_type=content_type, headers=generated | signed
    )


def judged(case, answer, checks):
    """Holds the answer against the document."""
    prepared = requests.Request(case.method.upper(), f"http://testserver{case.formatted_path}").prepare()
    headers = {name.lower(): [value] for name, value in answer.headers.items()}
    response = Response(answer.status_code, headers, answer.content, prepared, 0.1, verify=False)
    case.validate_response(response, checks=checks)


def careful(body):
    """As generated, but with just the fields that go together, and prices that may stand in one book."""
    if "orders" in body or "changes" in body:
        return {name: [careful(one) for one in tried] for name, tried in body.items()}
    if "quotes" in body:
        return {**body, "quotes": [careful_quote(one, number) for number, one in enumerate(body["quotes"])]}
    if "window_ms" in body:
        return careful_protection(body)
    if {"leverage", "margin_mode", "isolated_margin_change"} & set(body):
        named = {"symbol": body["symbol"]} if "symbol" in body else {}
        return named | {"leverage": body.get("leverage") or 5, "margin_mode": body.get("margin_mode")}
    return careful_order(body) if "type" in body else body


def careful_quote(body, number):
    return {**body, "price": str(59_900 - number if body["side"] == "buy" else 60_200 + number)}


def careful_protection(body):
    if not body["window_ms"]:
        return {"symbol": body["symbol"], "window_ms": 0}
    return {**body, "quantity_limit": "5"}


def careful_order(body):
    rare = ("time_in_force", "expires_at", "post_only", "display_quantity", "group_id")
    order = {name: value for name, value in body.items() if name not in rare} | careful_kind(body)
    if order["type"] != "market" and not order["type"].endswith(("stop", "profit")) and body.get("expires_at"):
        order |= {"time_in_force": "gtd", "expires_at": max(body["expires_at"], 4_000_000_000_000)}
    if order["type"] == "limit" and body.get("display_quantity") and not order.get("reduce_only"):
        order["display_quantity"] = order["quantity"]
    if order.get("reduce_only"):
        order.pop("attached", None)
    elif order.get("attached"):
        order["attached"] = [one | careful_kind(one) for one in order["attached"]]
    return order


def careful_kind(body):
    """The price, trigger and trailing fields, None where the type takes none."""
    kind = body["type"]
    has_price = kind == "limit" or kind.endswith("_limit")
    trails = kind == "trailing_stop"
    has_trigger = kind not in ("limit", "market", "trailing_stop")
    wanted = {}
    for name, value, is_wanted in (
        ("price", "60000", has_price),
        ("trigger_price", "59000", has_trigger),
        ("trigger_by", "mark", has_trigger or trails),
        ("trailing_distance", "100", trails),
        ("trailing_rate", None, False),
        ("activation_price", None, False),
    ):
        wanted[name] = (body.get(name) or value) if is_wanted else None
    return wanted


def try_out(operation, trader, checks):
    """(cases, how many got past authentication and parsing)"""
    counts = Counter()

    @hypothesis_settings(
        max_examples=CASES[operation.method.upper()],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), is_careful=st.sampled_from([True, True, True, False]))
    def run(case, is_careful):
        if is_careful and isinstance(case.body, dict):
            case.body = careful(case.body)
        answer = send(trader, case)
        is_missing = answer.status_code == 404 and (
            b"order_not_found" in answer.content or b"API key" in answer.content
        )
        counts["cases"] += 1
        counts["arrived"] += answer.status_code not in STOPPED_BEFORE_THE_OPERATION or is_missing
        is_behind = answer.status_code == 503 and b"read_behind" in answer.content  # an X-Min-Sequence of the future
        assert answer.status_code < 500 or is_behind, (case.formatted_path, case.body, answer.content)
        judged(case, answer, checks)

    run()
    return counts["cases"], counts["arrived"]


def test_no_generated_request_breaks_anything(alice, bob, document, checks, settings):
    settings.RATE_LIMITS_ENABLED = False
    alice.client.force_login(alice.user)
    alice.client.post("/reauthenticate", {"password": "correct horse battery"})
    bob.place(side="sell", price="60100", quantity="5")
    shares = {}
    print()
    for found in document.get_all_operations():
        operation = found.ok()
        name = f"{operation.method.upper()} {operation.path}"
        cases, arrived = try_out(operation, alice, checks)
        shares[name] = arrived / cases
        print(f"  {cases:4} cases, {shares[name]:4.0%} past authentication and parsing: {name}")
    assert len(shares) >= 30
    too_few = {name: share for name, share in shares.items() if name[:3] != "GET" and share < SHARE_THAT_ARRIVES}
    assert not too_few
