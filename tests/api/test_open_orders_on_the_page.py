"""The page's list of open orders says which ones belong together, and offers only changes that can be made."""

import json
import re

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db(transaction=True)

STOP = {"type": "stop", "trigger_price": "58500", "trigger_by": "mark"}
STOP_LIMIT = {**STOP, "type": "stop_limit", "price": "58400"}


def shown(trader):
    """The text of each open order's row and the names of its fields, by order id."""
    trader.client.force_login(trader.user)
    answer = trader.client.get(reverse("trade_orders", args=["BTC-PERP"]))
    assert answer.status_code == 200
    rows = re.findall(r"<tr data-order.*?</tr>", answer.content.decode(), re.DOTALL)
    ids = [int(re.search(r"/(\d+)/cancel", row)[1]) for row in rows]
    texts = [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in rows]
    return {
        order_id: (text, re.findall(r'input name="(\w+)"', row))
        for order_id, text, row in zip(ids, texts, rows, strict=True)
    }


def test_each_order_says_what_it_belongs_to(alice):
    iceberg = alice.place(quantity="1", display_quantity="0.25")["id"]
    parent = alice.place(attached=[STOP, STOP_LIMIT])
    leader = alice.place()["id"]
    member = alice.place(group_id=leader)["id"]
    quotes = {"symbol": "BTC-PERP", "quotes": [{"side": "buy", "price": "59500", "quantity": "0.01"}]}
    quote = alice.post("/quotes", quotes).json()["quotes"][0]["id"]
    rows = shown(alice)
    stop, stop_limit = parent["attached_order_ids"]
    assert "shows 0.25" in rows[iceberg][0]
    assert f"attached to {parent['id']}" in rows[stop][0] and "attached" not in rows[parent["id"]][0]
    assert f"group {leader}" in rows[leader][0] and f"group {leader}" in rows[member][0]
    assert "quote" in rows[quote][0] and "post-only" not in rows[quote][0]
    fields = [rows[order_id][1] for order_id in (iceberg, stop, stop_limit, quote)]
    assert fields == [["price", "quantity"], [], ["price"], []]


def test_the_form_attaches_orders_and_hides_what_an_iceberg_does_not_show(alice):
    alice.client.force_login(alice.user)
    order = {"side": "buy", "type": "limit", "price": "59000", "quantity": "1", "time_in_force": "gtc"}
    more = {"profit_price": "61000", "loss_price": " 58500 ", "display_quantity": "0.1"}
    assert alice.client.post(reverse("trade_place", args=["BTC-PERP"]), {**order, **more}).status_code == 200
    found = alice.get("/orders?status=open").json()["results"]
    (parent,) = (one for one in found if not one["parent_order_id"])
    assert parent["display_quantity"] == "0.1"
    assert {(one["type"], one["trigger_price"], one["side"]) for one in found if one is not parent} == {
        ("take_profit", "61000", "sell"),
        ("stop", "58500", "sell"),
    }


def test_the_page_sends_the_account_it_shows(alice):
    alice.client.force_login(alice.user)
    content = alice.client.get(reverse("trade", args=["BTC-PERP"])).content.decode()
    (headers,) = re.findall(r"hx-headers='([^']*)'", content)
    assert json.loads(headers)["X-Account"] == str(alice.account.id)


@pytest.mark.parametrize("name", ["margin", "place"])
def test_endless_numbers_are_refused(alice, name):
    alice.client.force_login(alice.user)
    given = {"leverage": "1" * 5000, "side": "buy", "type": "limit", "price": "59000", "quantity": "1"}
    given |= {"time_in_force": "gtd", "expires_in": "1" * 5000}
    assert alice.client.post(reverse(f"trade_{name}", args=["BTC-PERP"]), given).status_code == 400


def test_a_cancel_that_misses_costs_a_credit(alice):
    alice.client.force_login(alice.user)
    path = reverse("trade_cancel", args=["BTC-PERP", 64 * 999_999 + 1])
    answer = alice.client.post(path)
    assert answer.status_code == 404
    assert int(answer["X-RateLimit-Remaining"]) == int(answer["X-RateLimit-Limit"]) - 1
