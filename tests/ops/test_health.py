"""/health/ready says one word, and the truth."""

import time

import msgspec
import pytest
import redis
from django.test import Client

from trading.models.journal import DOMAIN
from trading.services.engine_channel import Heartbeat, heartbeat_key

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_S = 10


def beat(valkey_url, *, life_ms=20_000):
    heartbeat = Heartbeat(epoch=1, channel="engine.0.1", sequence=0, time_ns=0, lag_ms=0)
    with redis.Redis.from_url(valkey_url) as client:
        client.set(heartbeat_key(domain=DOMAIN), msgspec.json.encode(heartbeat), px=life_ms)


def answer_becomes(status, content):
    """The gateway keeps a heartbeat for a moment, so that the answer may come a moment later."""
    deadline_s = time.monotonic() + WAIT_S
    while (response := Client().get("/health/ready")).status_code != status:
        assert time.monotonic() < deadline_s, response.content
        time.sleep(0.05)
    return response.content == content


def test_ready_while_everything_answers(valkey_url):
    beat(valkey_url)
    assert answer_becomes(200, b"ready\n")


def test_not_ready_without_an_engine(valkey_url):
    beat(valkey_url)
    assert answer_becomes(200, b"ready\n")
    with redis.Redis.from_url(valkey_url) as client:
        client.flushdb()
    assert answer_becomes(503, b"not ready\n")


def test_not_ready_without_valkey_and_ready_again_with_it(valkey, valkey_url):
    valkey.kill()
    try:
        assert answer_becomes(503, b"not ready\n")
    finally:
        valkey.start()
    beat(valkey_url)
    assert answer_becomes(200, b"ready\n")
