"""/metrics: what Prometheus reads, for whoever has the token, of all processes together."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from exchange import celery  # noqa: F401  (its signals count)
from exchange.identity import buckets
from exchange.identity.buckets import Bucket
from exchange.ops.tasks import clear_expired_sessions
from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)
from trading.engine.commands import AdvanceTime
from trading.models import ProjectionCursor

pytestmark = pytest.mark.django_db(transaction=True)


def scrape():
    response = Client().get("/metrics", headers={"Authorization": f"Bearer {settings.METRICS_TOKEN}"})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    return list(text_string_to_metric_families(response.content.decode()))


def value(families, name, **labels):
    """The value of the one sample with this name and, among others, these labels."""
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    found = [sample.value for sample in samples if labels.items() <= sample.labels.items()]
    assert len(found) == 1, (name, labels, samples)
    return found[0]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer "}, {"Authorization": "Bearer wrong"}])
def test_without_the_token_nothing_is_told(header):
    answer = Client().get("/metrics", headers=header)
    assert (answer.status_code, answer.content) == (401, b"")


def test_without_a_token_to_ask_for_there_are_no_metrics(settings):
    settings.METRICS_TOKEN = None
    assert Client().get("/metrics", headers={"Authorization": "Bearer None"}).status_code == 404


def test_requests_are_counted_by_route_and_status(engine_gateway):  # noqa: F811
    labels = {"method": "GET", "route": "/api/v1/time", "status": "200"}
    Client().get("/api/v1/time")
    before = value(scrape(), "exchange_request_seconds_count", **labels)
    for _ in range(3):
        Client().get("/api/v1/time")
    Client().get("/made/up/9c1e")
    families = scrape()
    assert value(families, "exchange_request_seconds_count", **labels) == before + 3
    assert value(families, "exchange_request_seconds_bucket", le="+Inf", **labels) == before + 3
    routes = {sample.labels.get("route") for family in families for sample in family.samples}
    assert "unmatched" in routes and not any("9c1e" in route for route in routes if route)


def test_the_engine_and_the_readers_are_told_of(engine_gateway):  # noqa: F811
    for _ in range(2):
        engine_gateway.execute(AdvanceTime(b"", 0))
    ProjectionCursor.objects.create(name="orders", sequence=1)
    families = scrape()
    assert value(families, "exchange_engine_sequence") == value(families, "exchange_journal_records_total") == 2
    assert value(families, "exchange_engine_epoch") == 1
    assert value(families, "exchange_reader_behind_records", reader="orders") == 1
    assert value(families, "exchange_reader_lag_seconds", reader="orders") >= 0
    assert value(families, "exchange_check_up", check="engine") == 1
    assert value(families, "exchange_queue_length", queue="celery") >= 0


def test_with_everything_away_metrics_say_so(engine_gateway, valkey):  # noqa: F811
    engine_gateway.is_away = True
    valkey.kill()
    try:
        families = scrape()
    finally:
        valkey.start()
    assert value(families, "exchange_check_up", check="engine") == 0
    assert value(families, "exchange_check_up", check="valkey") == 0
    assert value(families, "exchange_check_up", check="database") == 1
    assert "exchange_engine_sequence" not in {family.name for family in families}


def test_a_refused_charge_is_counted(valkey_url):
    refusals = buckets.REFUSALS.labels("probe")
    before = refusals._value.get()
    bucket = Bucket("rate:probe:alice", 1, 0.001)
    assert buckets.charge([bucket]).is_taken
    assert not buckets.charge([bucket]).is_taken
    assert refusals._value.get() == before + 1
    assert value(scrape(), "exchange_rate_limit_refusals_total", bucket="probe") == before + 1


def test_tasks_are_counted_with_their_outcome(monkeypatch):
    def run():
        return clear_expired_sessions.apply()

    labels = {"task": clear_expired_sessions.name}
    run()
    done = value(scrape(), "exchange_tasks_total", outcome="success", **labels)
    run()
    monkeypatch.setattr("exchange.ops.tasks.call_command", lambda name: 1 / 0)
    run()
    families = scrape()
    assert value(families, "exchange_tasks_total", outcome="success", **labels) == done + 1
    assert value(families, "exchange_tasks_total", outcome="failure", **labels) >= 1


COUNT = """
from exchange.ops.counters import TASKS
from trading.streams.counters import OPEN
TASKS.labels("nightly", "success").inc(); OPEN.inc(3)
"""


def test_what_other_processes_counted_is_told_too_and_the_dead_have_no_sockets(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for _ in range(2):
        subprocess.run([sys.executable, "-c", COUNT], check=True, cwd=settings.BASE_DIR, env=dict(os.environ))
    families = scrape()
    assert value(families, "exchange_tasks_total", task="nightly", outcome="success") == 2
    assert "exchange_sockets_open" not in {family.name for family in families}
    assert not list(tmp_path.glob("gauge_live*"))
