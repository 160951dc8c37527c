"""The guide to orders: every request in it is one the API takes, and no reason, kind or flag is missing."""

import json
import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from django.test import Client

from tests.api.test_description import SCALE
from trading.api import fields, parsing, requests

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "orders.md").read_text()
KINDS = {
    "quotes": requests.MassQuote,
    "window_ms": requests.MarketMakerProtection,
    "timeout": requests.CancelAfter,
    "operations": requests.Batch,
    "orders": requests.Preview,
    "symbol": requests.NewOrder,
    "quantity": requests.OrderChange,
}
STAMP = {"account_id": 1, "command_id": b"", "valid_until_ns": 1}


def examples():
    """(body, its kind) of every request shown."""
    bodies = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)]
    return [(body, next(kind for name, kind in KINDS.items() if name in body)) for body in bodies]


def test_every_request_is_taken():
    shown = examples()
    for body, kind in shown:
        parsed = msgspec.convert(body, kind)
        if isinstance(parsed, requests.NewOrder):
            parsing.place_order(parsed, scale=SCALE, **STAMP)
        elif isinstance(parsed, requests.MassQuote):
            parsing.mass_quote(parsed, scale=SCALE, **STAMP)
        elif isinstance(parsed, requests.MarketMakerProtection):
            parsing.market_maker_protection(parsed, scale=SCALE, **STAMP)
    assert {kind for _, kind in shown} == set(KINDS.values())


def test_nothing_is_left_out():
    orders = [body for body, kind in examples() if kind is requests.NewOrder]
    assert {order["type"] for order in orders} == set(get_args(fields.OrderType))
    assert {name for order in orders for name in order} == set(requests.NewOrder.__struct_fields__)
    for word in (*get_args(fields.CancelReason), *get_args(fields.OrderStatus), *get_args(fields.TimeInForce)):
        assert f"`{word}`" in GUIDE, word


@pytest.mark.django_db
def test_the_guide_is_served_beside_the_description():
    answer = Client().get("/api/docs/orders.md")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert answer.content.decode() == GUIDE
    assert "/api/docs/orders.md" in Client().get("/api/schema/").content.decode()
