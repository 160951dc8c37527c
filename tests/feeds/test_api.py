"""What everybody may read of indices and funding, by REST."""

import pytest
from django.db.models import F
from django.test import Client

from risk.models import IndexTick, PremiumSample
from tests.feeds.world import VENUES
from trading.core.terms import BUY, GTC, LIMIT
from trading.engine.commands import ApplyFunding, OpenAccount, PlaceOrder, TransferCollateral
from trading.models import FundingForecast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def get(valkey_url):
    client = Client()

    def ask(path, *, status=200):
        answer = client.get(f"/api/v1{path}")
        assert answer.status_code == status, answer.content
        return answer.json()

    return ask


def test_all_indices(desk, get):
    assert [(one["asset"], one["price"], one["status"]) for one in get("/indices")["results"]] == [
        ("BTC", "60000", "firm"),
        ("ETH", "3000", "firm"),
    ]


def test_there_are_none_without_feeds(get, db):
    assert get("/indices") == {"results": []}
    assert get("/indices/BTC", status=404)["error"]["code"] == "not_found"
    assert get("/indices/BTC/history", status=404)["error"]["code"] == "not_found"


def test_an_index_shows_what_became_of_each_venue(desk, get):
    desk.all_say("BTC", "60600", venues=["sim-east"])
    desk.all_say("BTC", "90000", venues=["sim-south"])
    desk.say("sim-west", "BTC", "60010", "59990")
    desk.say("sim-centre", "BTC", "-1", "NaN")
    desk.round()
    index = get("/indices/BTC")
    found = {one.pop("venue"): one for one in index["constituents"]}
    assert (index["asset"], index["tick"], index["status"]) == ("BTC", "0.01", "few_sources")
    # the median is that of the three prices that are fine by themselves
    assert index["median"] == "60600"
    assert found["sim-east"] == {
        "weight": 2,
        "bid": "60593.94",
        "ask": "60606.06",
        "price": "60600",
        "fate": "used",
        "counted": "60600",
        "age_ms": 0,
    }
    assert (found["sim-north"]["fate"], found["sim-north"]["counted"]) == ("clamped_low", "60297")
    assert (found["sim-south"]["fate"], found["sim-south"]["counted"]) == ("outlier", None)
    assert (found["sim-west"]["fate"], found["sim-west"]["price"]) == ("crossed", "60000")
    assert found["sim-centre"] == {
        "weight": 1, "bid": None, "ask": None, "price": None, "fate": "invalid", "counted": None, "age_ms": 0
    }  # fmt: skip
    assert index["price"] == "60418.2"  # (3 * 60297 + 2 * 60600) / 5
    assert index["benchmark"] is None


def test_history_has_the_last_price_of_each_interval(desk, get):
    for step in range(1, 25):
        desk.all_say("BTC", 60_000 + step, venues=VENUES)
        desk.round()
    every_second = get("/indices/BTC/history?limit=10")
    assert [one["price"] for one in every_second["results"]] == [str(60_024 - step) for step in range(10)]
    assert every_second["results"][0]["venues"] == dict.fromkeys(VENUES, "60024")
    older = get(f"/indices/BTC/history?limit=100&cursor={every_second['next']}")
    assert [one["price"] for one in older["results"]] == [str(60_014 - step) for step in range(15)]
    assert older["next"] is None

    every_ten = get("/indices/BTC/history?interval=10s")["results"]
    last_of = {}
    for tick in IndexTick.objects.filter(asset="BTC").order_by("time_ns"):
        last_of[tick.time_ns // 10**10] = tick.price_ticks
    assert [round(float(one["price"]) * 100) for one in every_ten] == list(reversed(last_of.values()))
    assert len(every_ten) in (3, 4)
    paged = get("/indices/BTC/history?interval=10s&limit=1")
    assert paged["results"] == every_ten[:1]
    assert get(f"/indices/BTC/history?interval=10s&limit=1&cursor={paged['next']}")["results"] == every_ten[1:2]


def test_gaps_do_not_end_the_history(desk, get):
    desk.round(2)
    desk.round(2, seconds=3_600)
    assert len(get("/indices/BTC/history?interval=1m")["results"]) >= 3


def test_funding_is_predicted_and_remembered(desk, get):
    desk.round(12)
    funding = get("/instruments/BTC-PERP/funding")
    assert funding["symbol"] == "BTC-PERP"
    assert funding["predicted_rate"] == "0.0001"  # no premium: interest alone
    assert funding["average_premium"] == "0"
    assert 2 <= funding["samples"] <= 4
    assert funding["interval"] == 8 * 3_600_000
    assert funding["next_funding_at"] % funding["interval"] == 0
    assert funding["results"] == []

    period_ns = desk.clock.time_ns() // (8 * 3_600 * 10**9) * 8 * 3_600 * 10**9
    desk.gateway.execute(ApplyFunding(b"", 0, 1, period_ns, -250_000))
    desk.read()
    funding = get("/instruments/BTC-PERP/funding")
    assert funding["results"] == [{"time": period_ns // 10**6, "rate": "-0.00025", "index": "60000"}]
    assert get("/instruments/NO-PERP/funding", status=404)["error"]["code"] == "instrument_not_found"


def test_the_ticker_has_the_rate_of_the_running_period_from_one_row(desk, get):
    desk.round(7)
    told = get("/instruments/BTC-PERP/funding")
    PremiumSample.objects.all().delete()
    assert get("/instruments/BTC-PERP/funding") == told, "nobody who asks adds up samples"
    ticker = get("/instruments/BTC-PERP/ticker")
    assert (ticker["funding_rate"], ticker["last_funding_rate"]) == (told["predicted_rate"], None)
    assert ticker["next_funding_at"] == told["next_funding_at"]
    FundingForecast.objects.update(period_ns=F("period_ns") - 8 * 3_600 * 10**9)
    assert get("/instruments/BTC-PERP/ticker")["funding_rate"] is None
    assert get("/instruments/BTC-PERP/funding")["samples"] == 0


def test_what_the_book_says_moves_the_prediction(desk, get):
    desk.gateway.execute(OpenAccount(b"", 0, 11, 11))
    desk.gateway.execute(TransferCollateral(b"", 0, 11, "USDT", 10**13, 1))
    desk.gateway.execute(PlaceOrder(b"", 0, 11, 1, "", BUY, LIMIT, 1_000, 601_200, GTC, 1))
    desk.read()
    desk.round(20)
    funding = get("/instruments/BTC-PERP/funding")
    premium = float(funding["average_premium"])
    assert 0.001 < premium <= 0.002
    assert float(funding["predicted_rate"]) == pytest.approx(premium - 0.0005)
