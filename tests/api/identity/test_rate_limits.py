"""Credits of requests: by key, user and address."""

import pytest
from django.test import Client

from exchange.identity import buckets
from exchange.identity.services import create_account
from tests.api.identity.conftest import Bot

pytestmark = pytest.mark.urls("tests.api.identity.probe")

SLOW = 0.001  # credits a second: nothing comes back while a test runs
WIDE = (1000, SLOW)


@pytest.fixture
def limit(settings):
    def set_limits(key=WIDE, user=WIDE, ip=WIDE):
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, "key": key, "user": user, "ip": ip}

    set_limits()
    return set_limits


def assert_limited(response):
    assert response.status_code == 429
    error = response.json()["error"]
    assert error["code"] == "rate_limited"
    assert response.headers["Retry-After"] == str(error["details"]["retry_after"])
    assert int(response.headers["Retry-After"]) >= 1
    assert response.headers["X-RateLimit-Remaining"] == "0"


def test_answers_say_how_the_limit_stands(bot, limit):
    limit(key=(3, SLOW))
    response = bot.send()
    assert response.headers["X-RateLimit-Limit"] == "3"
    assert response.headers["X-RateLimit-Remaining"] == "2"
    assert 999 <= int(response.headers["X-RateLimit-Reset"]) <= 1000
    assert "Retry-After" not in response.headers


@pytest.mark.parametrize("is_valkey_here", [True, False])
def test_an_empty_bucket_refuses(bot, limit, settings, is_valkey_here):
    limit(key=(2, SLOW))
    if not is_valkey_here:
        settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    assert [bot.send().status_code for _ in range(2)] == [200, 200]
    assert_limited(bot.send())


def test_valkey_going_away_in_between_is_no_error(bot, limit, settings):
    limit(key=(5, SLOW))
    assert bot.send().status_code == 200
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    response = bot.send()
    assert (response.status_code, response.headers["X-RateLimit-Remaining"]) == (200, "4")
    assert buckets._local_full_at_us


def test_keys_of_a_user_share_the_credits_of_the_user(client, alice, account, limit):
    limit(user=(2, SLOW))
    bots = [Bot(client, account), Bot(client, create_account(owner=alice, name="bots"))]
    assert [bot.send().status_code for bot in bots] == [200, 200]
    for bot in bots:
        assert_limited(bot.send())
    browser = Client()
    browser.force_login(alice)
    assert_limited(browser.get("/probe"))


def test_users_at_an_address_share_the_credits_of_the_address(client, account, bobs_account, limit):
    limit(ip=(2, SLOW))
    bots = [Bot(client, account), Bot(client, bobs_account)]
    assert [bot.send().status_code for bot in bots] == [200, 200]
    assert_limited(bots[0].send())
    assert bots[0].send(REMOTE_ADDR="192.0.2.1").status_code == 200


def test_addresses_of_one_ipv6_network_are_one(client, limit, db):
    limit(ip=(1, SLOW))
    assert client.get("/public", REMOTE_ADDR="2001:db8::1").status_code == 200
    assert_limited(client.get("/public", REMOTE_ADDR="2001:db8::2"))
    assert client.get("/public", REMOTE_ADDR="2001:db8:0:1::1").status_code == 200


def test_failed_attempts_cost_the_address_and_nobody_else(bot, limit):
    limit(key=(3, SLOW), ip=(2, SLOW))
    wrong = {"X-API-Signature": "0" * 64}
    for _ in range(2):
        assert bot.send(headers={**bot.sign(), **wrong}).status_code == 401
    assert_limited(bot.send(headers={**bot.sign(), **wrong}))
    for _ in range(2):
        assert bot.send(REMOTE_ADDR="192.0.2.1").status_code == 200


def test_cancels_that_hit_are_free_and_those_that_miss_are_not(bot, limit):
    limit(key=(1, SLOW))
    assert bot.send().status_code == 200
    assert_limited(bot.send())
    for _ in range(5):
        assert bot.send("DELETE", "/cancel").status_code == 200
    assert bot.send("DELETE", "/cancel?miss").status_code == 200
    assert_limited(bot.send("DELETE", "/cancel?miss"))


def test_a_view_charges_and_gives_back_what_it_finds_out(bot, limit):
    limit(key=(10, SLOW))
    response = bot.send("POST", "/cancel", b'{"items": [1, 2, 3, 4, 5]}')
    assert (response.status_code, response.headers["X-RateLimit-Remaining"]) == (200, "5")
    assert bot.send("POST", "/cancel", b'{"items": [1, 2, 3, 4, 5, 6]}').status_code == 429
    assert bot.send("PUT", "/cancel").headers["X-RateLimit-Remaining"] == "3"


def test_limits_can_be_turned_off(bot, limit, settings):
    limit(key=(1, SLOW))
    settings.RATE_LIMITS_ENABLED = False
    for _ in range(3):
        response = bot.send()
        assert response.status_code == 200
        assert "X-RateLimit-Limit" not in response.headers
