"""What operations cost: cancels of one's own open orders nothing, one that misses a credit, a batch what it places."""

import pytest

from tests.api.market import order, refused

pytestmark = pytest.mark.django_db(transaction=True)

SLOW, WIDE = 0.001, (10_000, 10_000)


@pytest.fixture
def credits(settings):
    """Gives each key this many credits; none comes back during a test."""

    def give(number):
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, "key": (number, SLOW), "user": WIDE, "ip": WIDE}

    return give


def test_cancels_of_open_orders_are_free_and_misses_are_not(alice, credits):
    placed = [alice.place(price=str(58000 + number))["id"] for number in range(4)]
    credits(1)
    for order_id in placed[:3]:
        assert alice.delete(f"/orders/{order_id}").status_code == 200
    assert alice.delete("/orders").json()["cancelled"] == placed[3:]
    refused(alice.delete(f"/orders/{placed[0]}"), 422, "order_already_closed")
    refused(alice.delete("/orders/by-client-id/never"), 404, "order_not_found")
    limited = alice.delete("/orders")
    refused(limited, 429, "rate_limited")
    assert int(limited["Retry-After"]) > 0


def test_a_batch_costs_its_places_and_amends_and_is_done_whole_or_not_at_all(alice, credits):
    resting = alice.place()["id"]
    credits(3)
    places = [{"op": "place", **order(price=str(58000 + number))} for number in range(4)]
    refused(alice.post("/orders/batch", {"operations": places}), 429, "rate_limited")
    free = {"op": "cancel", "id": resting}
    done = alice.post("/orders/batch", {"operations": [*places[:3], free]})
    assert done.status_code == 200 and done["X-RateLimit-Remaining"] == "0"
    assert all("result" in result for result in done.json()["results"])
    refused(alice.post("/orders", order()), 429, "rate_limited")
    assert alice.delete("/orders").status_code == 200


def test_a_mass_quote_costs_a_credit_for_eight_quotes_and_nothing_to_take_away(alice, credits):
    def quote(number):
        quotes = [{"side": "buy", "price": str(58000 + place), "quantity": "0.01"} for place in range(number)]
        return alice.post("/quotes", {"symbol": "BTC-PERP", "quotes": quotes})

    credits(4)
    refused(quote(33), 429, "rate_limited")
    assert quote(9)["X-RateLimit-Remaining"] == "2"
    assert quote(8)["X-RateLimit-Remaining"] == "1"
    assert (len(quote(0).json()["cancelled"]), quote(0).json()["cancelled"]) == (8, [])
    refused(quote(1), 429, "rate_limited")


def test_every_answer_tells_how_the_limit_stands(alice, credits):
    credits(10)
    assert alice.get("/account")["X-RateLimit-Limit"] == "10"
    answer = alice.post("/orders", order(price="0"))
    assert (answer.status_code, answer["X-RateLimit-Remaining"]) == (400, "8")


def test_a_preview_costs_a_credit_an_order(alice, credits):
    credits(3)
    refused(alice.post("/risk/preview", {"orders": [order()] * 4}), 429, "rate_limited")
    assert alice.post("/risk/preview", {"orders": [order()] * 3})["X-RateLimit-Remaining"] == "0"
