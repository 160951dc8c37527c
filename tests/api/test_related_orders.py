"""Icebergs, attached orders and groups through the API: what is answered, what the book shows, what becomes of them."""

import pytest

from tests.api.market import BTC, order, refused

pytestmark = pytest.mark.django_db(transaction=True)

TAKE_PROFIT = {"type": "take_profit_limit", "trigger_price": "61000", "trigger_by": "mark", "price": "60990"}
STOP_LOSS = {"type": "stop", "trigger_price": "58500", "trigger_by": "mark"}
STOP_BUY = {"type": "stop", "price": None, "trigger_price": "60500", "trigger_by": "mark"}


def of(alice, order_id):
    return alice.get(f"/orders/{order_id}").json()


def asks(alice):
    return alice.get("/instruments/BTC-PERP/book").json()["asks"]


def test_an_iceberg_shows_a_part_at_a_time(alice, bob):
    iceberg = bob.place(side="sell", price="60100", quantity="1", display_quantity="0.3")
    assert (iceberg["display_quantity"], iceberg["quantity"], iceberg["status"]) == ("0.3", "1", "new")
    assert asks(alice) == [["60100", "0.3"]]
    bob.place(side="sell", price="60100", quantity="0.2")
    assert asks(alice) == [["60100", "0.5"]]
    taken = alice.place(type="market", price=None, quantity="0.6")
    assert [fill["quantity"] for fill in taken["fills"]] == ["0.3", "0.2", "0.1"]
    assert asks(alice) == [["60100", "0.2"]]
    assert of(bob, iceberg["id"])["filled_quantity"] == "0.4"
    bob.delete(f"/orders/{iceberg['id']}")
    assert asks(alice) == []


def test_an_iceberg_may_be_shrunk_but_not_grown_beyond_a_hundred_tips(alice):
    iceberg = alice.place(quantity="1", display_quantity="0.01")
    less = alice.patch(f"/orders/{iceberg['id']}", {"quantity": "0.5"}).json()
    assert (less["quantity"], less["display_quantity"]) == ("0.5", "0.01")
    refused(alice.patch(f"/orders/{iceberg['id']}", {"quantity": "1.01"}), 400, "invalid_quantity")


def test_attached_orders_sleep_until_there_is_a_fill_and_have_its_size(alice, bob, market):
    parent = alice.place(price="60000", quantity="0.05", attached=[TAKE_PROFIT, STOP_LOSS])
    assert len(parent["attached_order_ids"]) == 2 and parent["group_id"] is None
    profit, loss = (of(alice, order_id) for order_id in parent["attached_order_ids"])
    for one in (profit, loss):
        assert (one["parent_order_id"], one["group_id"], one["status"]) == (parent["id"], parent["id"], "untriggered")
        assert (one["side"], one["reduce_only"], one["quantity"]) == ("sell", True, "0.05")
    assert (profit["type"], profit["price"], loss["type"], loss["price"]) == (
        "take_profit_limit",
        "60990",
        "stop",
        None,
    )
    market.set_mark(BTC, 600_000)
    bob.place(side="sell", price="60000", quantity="0.02")
    assert [of(alice, one["id"])["quantity"] for one in (profit, loss)] == ["0.02", "0.02"]
    bob.place(side="buy", price="58490", quantity="1")
    market.set_mark(BTC, 585_000)
    ended = of(alice, loss["id"])
    assert (ended["status"], ended["filled_quantity"], ended["average_price"]) == ("filled", "0.02", "58490")
    assert (of(alice, profit["id"])["status"], of(alice, profit["id"])["cancel_reason"]) == ("cancelled", "group")


def test_attached_orders_of_an_order_that_trades_at_once_are_awake(alice, bob):
    bob.place(side="sell", price="60000", quantity="0.02")
    parent = alice.place(type="market", price=None, quantity="0.03", attached=[STOP_LOSS])
    (attached_id,) = parent["attached_order_ids"]
    assert (parent["filled_quantity"], of(alice, attached_id)["quantity"]) == ("0.02", "0.02")


def test_attached_orders_end_with_an_order_that_never_traded(alice):
    parent = alice.place(attached=[STOP_LOSS])
    ended = alice.delete(f"/orders/{parent['id']}").json()
    assert (ended["status"], ended["attached_order_ids"]) == ("cancelled", [])
    attached = of(alice, parent["attached_order_ids"][0])
    assert (attached["status"], attached["cancel_reason"]) == ("cancelled", "parent")


def test_a_repeated_order_still_names_its_attached_ones(alice):
    fields = {"client_order_id": "bracket", "attached": [TAKE_PROFIT, STOP_LOSS]}
    first = alice.place(**fields)
    again = alice.post("/orders", order(**fields))
    assert again.status_code == 200 and again.json()["repeated"] is True
    assert again.json()["attached_order_ids"] == first["attached_order_ids"]
    other = order(client_order_id="bracket", attached=[STOP_LOSS])
    refused(alice.post("/orders", other), 409, "duplicate_client_order_id")


def test_an_attached_order_changes_its_prices_alone(alice):
    parent = alice.place(attached=[TAKE_PROFIT])
    (attached_id,) = parent["attached_order_ids"]
    assert alice.patch(f"/orders/{attached_id}", {"price": "60900"}).json()["price"] == "60900"
    answer = alice.patch(f"/orders/{attached_id}", {"quantity": "0.005"})
    assert refused(answer, 400, "invalid_parameter") == {"field": "quantity"}
    assert "parent" in answer.json()["error"]["message"]


def test_the_first_order_of_a_group_to_trade_cancels_the_other(alice, bob):
    first = alice.place(price="59000")
    second = alice.place(**STOP_BUY, group_id=first["id"])
    assert (second["group_id"], of(alice, first["id"])["group_id"]) == (first["id"], first["id"])
    bob.place(side="sell", price="59000", quantity="0.004")
    assert (of(alice, first["id"])["status"], of(alice, second["id"])["cancel_reason"]) == ("partially_filled", "group")


def test_the_first_order_of_a_group_to_trigger_cancels_the_other(alice, bob, market):
    first = alice.place(price="59000")
    second = alice.place(**STOP_BUY, group_id=first["id"])
    bob.place(side="sell", price="60500", quantity="1")
    market.set_mark(BTC, 605_000)
    assert (of(alice, second["id"])["status"], of(alice, first["id"])["cancel_reason"]) == ("filled", "group")


def test_what_may_not_be_grouped_says_so(alice, bob):
    bobs = bob.place()
    for group_id in (bobs["id"], 64 * 999_999 + 1):
        details = refused(alice.post("/orders", order(group_id=group_id)), 404, "order_not_found")
        assert details == {"field": "group_id"}
    parent = alice.place(attached=[STOP_LOSS])
    for group_id in (parent["id"], *parent["attached_order_ids"]):
        answer = alice.post("/orders", order(group_id=group_id))
        assert refused(answer, 400, "invalid_parameter") == {"field": "group_id"}
        assert "attached" in answer.json()["error"]["message"]


def test_a_preview_knows_icebergs_and_attached_orders(alice):
    wishes = [
        order(quantity="1", display_quantity="0.1"),
        order(attached=[TAKE_PROFIT, STOP_LOSS]),
        order(group_id=64 * 999_999 + 1),
    ]
    previewed = alice.post("/risk/preview", {"orders": wishes}).json()["orders"]
    assert [one["accepted"] for one in previewed] == [True, True, False]
    assert (previewed[0]["resting_quantity"], previewed[2]["error"]["code"]) == ("1", "order_not_found")
    assert alice.get("/orders").json()["results"] == []
