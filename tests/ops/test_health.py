"""/health/ready tells the truth of every part; /health/live only that the process is there."""

import time
from decimal import Decimal

import msgspec
import pytest
import redis
from django.db import connection
from django.test import Client

from exchange.ops import health
from risk.core.index_price import IndexRules, VenueQuote, index_price
from risk.models import IndexTick
from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)
from trading.engine.commands import AdvanceTime
from trading.models import ProjectionCursor
from trading.models.journal import DOMAIN
from trading.selectors.operations import journal_state, reader_states, readers_run
from trading.services.engine_channel import Heartbeat, heartbeat_key

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_S = 30


def beat(valkey_url, *, life_ms=20_000):
    heartbeat = Heartbeat(epoch=1, channel="engine.0.1", sequence=0, time_ns=0, lag_ms=0)
    with redis.Redis.from_url(valkey_url) as client:
        client.set(heartbeat_key(domain=DOMAIN), msgspec.json.encode(heartbeat), px=life_ms)


def wait_until(status):
    """The answer; the gateway keeps a heartbeat for a moment, so that it may come a moment later."""
    deadline_s = time.monotonic() + WAIT_S
    while (response := Client().get("/health/ready")).status_code != status:
        assert time.monotonic() < deadline_s, response.content
        time.sleep(0.05)
    assert response.json()["ready"] == (status == 200)
    return {name: check["ok"] for name, check in response.json()["checks"].items()}


ALL_WELL = {"database": True, "valkey": True, "engine": True, "readers": True}


def test_ready_while_everything_answers(valkey_url):
    beat(valkey_url)
    assert wait_until(200) == ALL_WELL


def test_not_ready_without_an_engine(valkey_url):
    beat(valkey_url)
    wait_until(200)
    with redis.Redis.from_url(valkey_url) as client:
        client.flushdb()
    assert wait_until(503) == {**ALL_WELL, "engine": False}


def test_not_ready_without_valkey_and_ready_again_with_it(valkey, valkey_url):
    valkey.kill()
    try:
        assert wait_until(503) == {**ALL_WELL, "engine": False, "valkey": False}
    finally:
        valkey.start()
    beat(valkey_url)
    assert wait_until(200) == ALL_WELL


def test_not_ready_without_the_database_and_ready_again_with_it(postgres, valkey_url):
    beat(valkey_url, life_ms=120_000)
    connection.close()
    connection.close_pool()
    postgres.kill()
    try:
        assert wait_until(503) == {**ALL_WELL, "database": False, "readers": False}
        assert Client().get("/health/live").json() == {"live": True}
    finally:
        postgres.start()
    assert wait_until(200) == ALL_WELL


def test_not_ready_while_a_reader_is_long_behind(engine_gateway):  # noqa: F811
    engine_gateway.execute(AdvanceTime(b"", 0))
    assert wait_until(503) == {**ALL_WELL, "readers": False}  # no reader ever ran
    cursor = ProjectionCursor.objects.create(name="orders", sequence=1)
    assert wait_until(200) == ALL_WELL
    engine_gateway.clock.advance(-health.READY_LAG_MS / 1000 - 5)
    engine_gateway.engine.state.time_ns = 0  # the next record is written as of a while ago
    engine_gateway.execute(AdvanceTime(b"", 0))
    assert wait_until(503) == {**ALL_WELL, "readers": False}
    facts = Client().get("/health/ready").json()["checks"]["readers"]
    assert facts["behind"] == {"orders": 1} and facts["lag_ms"] > health.READY_LAG_MS
    ProjectionCursor.objects.filter(name=cursor.name).update(sequence=2)
    assert wait_until(200) == ALL_WELL


def test_how_far_readers_are(engine_gateway):  # noqa: F811
    ProjectionCursor.objects.create(name="orders", sequence=1)
    ProjectionCursor.objects.create(name="trades", sequence=3)
    for _ in range(3):
        engine_gateway.execute(AdvanceTime(b"", 0))
    orders, trades = reader_states(now_ns=time.time_ns())
    assert (orders.name, orders.behind, trades.behind, trades.lag_ms) == ("orders", 2, 0, 0)
    journal = journal_state(now_ns=time.time_ns(), over_s=1000)
    assert (journal.sequence, journal.snapshot_sequence, journal.records_a_second) == (3, 0, 0.003)
    assert not readers_run()


def test_no_error_text_reaches_whoever_asks(monkeypatch):
    def fail():
        raise RuntimeError("secret address")

    monkeypatch.setitem(health.CHECKS, "database", fail)
    answer = Client().get("/health/ready")
    assert answer.status_code == 503 and b"secret" not in answer.content


def test_only_reading_is_allowed():
    assert Client().post("/health/ready").status_code == 405
    assert Client().post("/health/live").status_code == 405


def test_feeds_are_shown_and_do_not_count(valkey_url):
    beat(valkey_url)
    assert wait_until(200) == ALL_WELL
    assert Client().get("/health/ready").json()["feeds"]["ok"] is False  # there never was an index
    rules = IndexRules(5_000_000, 10**10, 2, 0, 0, 0, 0)
    quotes = [VenueQuote(venue, 10**15, 10**15, 0, 1, 10**9, 0, True) for venue in ("north", "south")]
    stale = VenueQuote("east", 10**15, 10**15, 0, 1, 10**11, 0, True)
    for time_ns, is_well in ((time.time_ns() - 60 * 10**9, False), (time.time_ns(), True)):
        record = index_price(quotes=[*quotes, stale], rules=rules)
        IndexTick.of(record, asset="BTC", time_ns=time_ns, tick=Decimal("0.01")).save(force_insert=True)
        feeds = Client().get("/health/ready").json()["feeds"]
        assert feeds["ok"] == is_well
        assert feeds["indices"]["BTC"]["status"] == "firm"
        assert feeds["indices"]["BTC"]["venues"] == {"north": "used", "south": "used", "east": "stale"}
    record = index_price(quotes=quotes[:1], rules=rules)
    IndexTick.of(record, asset="BTC", time_ns=time.time_ns(), tick=Decimal("0.01")).save(force_insert=True)
    answer = Client().get("/health/ready")
    assert answer.status_code == 200
    assert (answer.json()["feeds"]["ok"], answer.json()["feeds"]["indices"]["BTC"]["status"]) == (False, "few_sources")
