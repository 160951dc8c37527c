"""/ops: for staff with a role, and true."""

import re

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from compliance.services import roles
from compliance.services.audit import Mandate
from exchange.identity.models import User
from exchange.ops.tasks import show_life
from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)
from trading.core import terms as t
from trading.models import Instrument
from trading.services import accounts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def market(engine_gateway, valkey_url, monkeypatch):  # noqa: F811
    from tests.api.market import Market

    return Market(engine_gateway, monkeypatch)


@pytest.fixture
def auditor(market):
    roles.make_roles()
    root = User.objects.create_superuser("root@example.com")
    user = User.objects.create_user("auditor@example.com")
    roles.appoint(mandate=Mandate(root, "new colleague"), user=user, role="auditor")
    user.refresh_from_db()
    client = Client()
    client.force_login(user)
    return client


def parts(client):
    return {part.name: part.tone for part in client.get("/ops").context["parts"]}


def test_only_staff_with_a_role_may_look(market, auditor):
    assert Client().get("/ops").headers["Location"] == "/sign-in?next=/ops"
    somebody = Client()
    somebody.force_login(User.objects.create_user("somebody@example.com", is_staff=True))
    assert somebody.get("/ops").status_code == 403
    assert auditor.get("/ops").status_code == 200
    assert auditor.post("/ops").status_code == 405


def test_it_tells_how_each_part_is(market, auditor):
    cache.clear()
    assert parts(auditor) == {
        "PostgreSQL": "gain", "Valkey": "gain", "Engine": "gain", "Readers": "loss", "Tasks": "loss", "Prices": "gain",
        "Exchange": "gain",
    }  # fmt: skip
    show_life()
    assert parts(auditor)["Tasks"] == "gain"
    Instrument.objects.update(marked_at_ns=1)
    market.gateway.is_away = True
    assert (parts(auditor)["Engine"], parts(auditor)["Prices"]) == ("loss", "loss")


def test_it_tells_that_valkey_is_away(market, auditor, settings):
    backend = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {"default": backend}
    told = parts(auditor)
    assert (told["Valkey"], told["Tasks"], told["PostgreSQL"]) == ("loss", "loss", "gain")


def test_it_shows_instruments_readers_and_the_last_audit_entries(market, auditor):
    alice = market.trader("alice")
    market.set_state(1, t.INSTRUMENT_HALTED)
    mandate = Mandate(User.objects.get(email="root@example.com"), "asked by <b>letter</b>")
    accounts.set_account_state(account_id=alice.account.id, state="frozen", mandate=mandate)
    page = auditor.get("/ops").content.decode()
    assert re.search(r'BTC-PERP</a></th>\s*<td class="loss">halted', page)
    assert re.search(r'ETH-PERP</a></th>\s*<td class="gain">normal', page)
    assert reverse("admin:trading_instrument_change", args=[1]) in page
    assert f"account.state of account {alice.account.id}" in page
    assert "asked by &lt;b&gt;letter&lt;/b&gt;" in page
    assert re.search(rf'<th scope="row">orders</th><td class="figure">{market.engine.state.sequence}</td>', page)


def test_its_refresh_is_the_part_that_changes_alone(market, auditor):
    fragment = auditor.get("/ops", headers={"HX-Request": "true"}).content
    assert b"<html" not in fragment and b"Audit trail" in fragment
    assert b'hx-get="/ops" hx-trigger="every 2s"' in auditor.get("/ops").content


def test_its_policy_is_strict_and_kept(market, auditor):
    response = auditor.get("/ops")
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert not re.search(rb"<script(?! src)|<style|\sstyle=|\son\w+=", response.content)
