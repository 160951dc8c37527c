"""PostgreSQL or Valkey killed under the API: a 503 that says so, and the same requests work again afterwards."""

import time

import pytest
from django.db import connection
from django.test import Client

from tests.api.market import order, refused

pytestmark = pytest.mark.django_db(transaction=True)
BACK_WITHIN_S = 15


def comes_back(send):
    """The request is answered as it should be again, soon."""
    deadline_s = time.monotonic() + BACK_WITHIN_S
    while (answer := send()).status_code >= 400:
        assert answer.status_code == 503, answer.content
        assert time.monotonic() < deadline_s, answer.content
        time.sleep(0.1)
    return answer


@pytest.fixture
def database(postgres):
    if postgres is None:
        pytest.skip("needs the embedded PostgreSQL")
    yield postgres
    if postgres.process is None:
        postgres.start()
        connection.close()


@pytest.fixture
def cache(valkey):
    if valkey is None:
        pytest.skip("needs the embedded Valkey")
    yield valkey
    if valkey.process is None:
        valkey.start()


def test_the_database_is_gone(alice, database, caplog):
    placed = alice.place(client_order_id="before")
    database.kill()
    for send in (
        lambda: alice.get("/orders"),
        lambda: alice.get(f"/orders/{placed['id']}"),
        lambda: alice.get("/fills"),
        lambda: alice.get("/ledger"),
        lambda: alice.get("/instruments/BTC-PERP/book"),
        lambda: alice.get("/instruments/BTC-PERP/trades"),
        lambda: alice.get("/instruments"),
        lambda: alice.get("/tickers"),
        lambda: alice.get("/accounts"),
        lambda: alice.post(
            "/transfers",
            {"asset": "USDT", "amount": "1", "direction": "to_funding", "idempotency_key": "k"},
        ),
    ):
        refused(send(), 503, "engine_unavailable")
    assert Client().get("/api/v1/time").status_code == 200
    database.start()
    connection.close()  # as after every request, but for the test client
    rows = comes_back(lambda: alice.get("/orders")).json()["results"]
    assert [row["id"] for row in rows] == [placed["id"]]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_valkey_is_gone_and_reads_go_on(alice, cache, caplog):
    placed = alice.place()
    cache.kill()
    answer = alice.get("/orders")
    assert [row["id"] for row in answer.json()["results"]] == [placed["id"]]
    assert answer["X-RateLimit-Limit"]
    cache.start()
    assert alice.get("/orders").status_code == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_the_engine_cannot_be_reached_without_valkey(alice, cache, monkeypatch, caplog):
    monkeypatch.undo()  # the real gateway again
    cache.kill()
    refused(alice.post("/orders", order()), 503, "engine_unavailable")
    refused(alice.get("/account"), 503, "engine_unavailable")
    status = alice.get("/status").json()
    assert (status["state"], status["engine"]) == ("halted", None)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
