"""An operator, a real engine process, real PostgreSQL and Valkey."""

import time

import pytest
from django.test import Client

from compliance.models import AuditEntry
from compliance.services import roles
from compliance.services.audit import Mandate
from exchange.identity.models import User
from tests.worker.conftest import engine, start_engine  # noqa: F401  (fixtures)
from trading.models.journal import record_at
from trading.projections.projector import Projector
from trading.projections.registry import PROJECTIONS
from trading.services import gateway, listings
from trading.services.first_listing import FIRST_LISTING

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]
WAIT_S = 20


@pytest.fixture
def operator(engine):  # noqa: F811
    roles.make_roles()
    root, user = User.objects.create_superuser("root@example.com"), User.objects.create_user("operator@example.com")
    roles.appoint(mandate=Mandate(root, "on call"), user=user, role="operator")
    user.refresh_from_db()
    client = Client()
    client.force_login(user)
    return client


def read():
    projector = Projector(PROJECTIONS)
    while projector.step():
        pass


def wait_until(status):
    deadline_s = time.monotonic() + WAIT_S
    while (response := Client().get("/health/ready")).status_code != status:
        assert time.monotonic() < deadline_s, response.content
        read()
        time.sleep(0.05)
    return response.json()["checks"]


def test_what_an_operator_orders_is_in_the_journal_and_a_dead_engine_is_told_of(operator, engine):  # noqa: F811
    for terms, parameters in FIRST_LISTING:
        listings.list_instrument(terms=terms, parameters=parameters)
    read()
    address = "/admin/trading/instrument/command/halt-everything/"
    reason = {"reason": "a drill"}
    assert operator.post(address, reason, headers={"X-Request-ID": "drill-1"}).status_code == 302
    entries = AuditEntry.objects.filter(action="instrument.state").order_by("id")
    assert [(entry.target, entry.outcome, entry.request_id) for entry in entries] == [
        ("BTC-PERP", "accepted", "drill-1"),
        ("ETH-PERP", "accepted", "drill-1"),
    ]
    for entry in entries:
        assert record_at(sequence=entry.sequence).command.command_id.hex() == entry.command_id
    assert wait_until(200)["engine"]["ok"]
    engine.kill()
    checks = wait_until(503)
    assert {name: check["ok"] for name, check in checks.items()} == {
        "database": True, "valkey": True, "engine": False, "readers": True,
    }  # fmt: skip
    read()
    page = operator.post("/admin/trading/instrument/1/command/state/", {"state": "normal", **reason}).content.decode()
    assert "engine_unavailable" in page
    last = AuditEntry.objects.latest("id")
    assert (last.outcome, last.code, last.sequence) == ("void", "engine_unavailable", None)


def test_the_heartbeat_tells_of_batches_and_commits(operator):
    terms, parameters = FIRST_LISTING[0]
    listings.list_instrument(terms=terms, parameters=parameters)
    deadline_s = time.monotonic() + WAIT_S
    while (beat := gateway.heartbeat()) is None or not beat.batches:
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    assert (beat.batches, beat.records, beat.waiting) == (1, 1, 0)
    assert 0 < beat.commit_ns < 5 * 10**9
