"""The admin site: who sees what, who may do what, and that every command reaches the engine and the audit trail."""

import re
from itertools import product

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from compliance.admin_site import ReadOnlyAdmin
from compliance.models import AuditEntry
from compliance.rights import APPOINT, INSPECT, OPERATE, RESTRICT, REVOKE, ROLES
from exchange.identity.models import ApiKey, User
from trading.core import terms as t
from trading.models import JournalPage
from trading.models.journal import read_rows

pytestmark = pytest.mark.django_db(transaction=True)
EVERYBODY = (*ROLES, "root", "stranger")
REASON = {"reason": "because the test says so"}


@pytest.fixture
def busy(market, alice):
    """Rows in every table: an order that rests, a trade, a key, an audit entry."""
    alice.place(side="sell", price="60010")
    bob = market.trader("bob")
    bob.place(price="60010")
    return market


def rights_of(role):
    if role == "root":
        return {INSPECT, OPERATE, RESTRICT, REVOKE, APPOINT}
    return set(ROLES.get(role, ()))


def pages():
    for model, model_admin in admin.site._registry.items():
        yield model, f"{model._meta.app_label}_{model._meta.model_name}", model_admin


def commands():
    """(address name, arguments, right) of every command there is."""
    for model, name, model_admin in pages():
        for command in getattr(model_admin, "commands", ()):
            yield f"admin:{name}_command", (model, command.name), command.right
        for command in getattr(model_admin, "general_commands", ()):
            yield f"admin:{name}_general_command", (None, command.name), command.right


def address_of(name, model, command):
    return reverse(name, args=[command] if model is None else [model.objects.first().pk, command])


def test_nothing_in_the_admin_site_writes_but_commands():
    assert {model._meta.label for model, _, _ in pages()} >= {
        "compliance.AuditEntry", "identity.User", "identity.ApiKey", "trading.Instrument", "trading.EngineAccount",
        "trading.Order", "trading.Fill", "trading.JournalPage", "trading.SnapshotPage", "trading.Transfer",
    }  # fmt: skip
    for _, _, model_admin in pages():
        assert isinstance(model_admin, ReadOnlyAdmin) and not model_admin.actions
        for kind in ("add", "change", "delete"):
            method = getattr(type(model_admin), f"has_{kind}_permission")
            assert method is getattr(ReadOnlyAdmin, f"has_{kind}_permission")


def test_who_sees_which_page(busy, staff):
    for role, (model, name, _) in product(EVERYBODY, pages()):
        client, may_look = staff(role), INSPECT in rights_of(role)
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == (200 if may_look else 302), (role, name)
        assert client.get(reverse(f"admin:{name}_add")).status_code == (403 if may_look else 302), (role, name)
        row = model.objects.first()
        if row is not None:
            address = reverse(f"admin:{name}_change", args=[row.pk])
            assert client.get(address).status_code == (200 if may_look else 302), (role, name)
            assert client.post(address, {"_save": "Save"}).status_code == (403 if may_look else 302), (role, name)
            gone = client.post(reverse(f"admin:{name}_delete", args=[row.pk]), {"post": "yes"})
            assert gone.status_code == (403 if may_look else 302), (role, name)


def test_who_may_give_which_command(busy, staff):
    for role, (name, (model, command), right) in product(EVERYBODY, commands()):
        client, rights = staff(role), rights_of(role)
        expected = (200 if right in rights else 403) if rights else 302
        address = address_of(name, model, command)
        assert client.get(address).status_code == expected, (role, address)
        assert client.post(address, {}).status_code == expected, (role, address)  # without a reason: the form again
    assert not AuditEntry.objects.exists()


def test_a_page_offers_only_what_its_reader_may_do(busy, staff):
    for role in ("operator", "auditor"):
        page = staff(role).get(reverse("admin:trading_instrument_change", args=[1])).content
        assert (b"/command/parameters/" in page) == (role == "operator")


def test_nobody_is_sent_to_the_sign_in_page(busy, alice, staff):
    assert Client().get("/admin/", follow=True).redirect_chain[-1][0].startswith("/sign-in?next=")
    client = Client()
    client.force_login(alice.user)
    assert client.get("/admin/").status_code == 302
    assert staff("root").get("/admin/password_change/").status_code == 404


def test_no_page_shows_a_secret(busy, staff, alice):
    key = ApiKey.objects.get(public_id=alice.key)
    for address in (reverse("admin:identity_apikey_changelist"), f"/admin/identity/apikey/{key.pk}/change/"):
        page = staff("root").get(address).content.decode()
        assert key.public_id in page
        assert key.encrypted_secret not in page and alice.secret not in page


@pytest.mark.parametrize(
    ("page", "lookup"),
    [
        ("identity_user", "password__startswith"),
        ("identity_account", "owner__password__startswith"),
        ("identity_apikey", "encrypted_secret__startswith"),
        ("identity_apikey", "account__owner__password__startswith"),
    ],
)
def test_nobody_finds_out_a_secret_by_filters(busy, staff, page, lookup):
    address = reverse(f"admin:{page}_changelist")
    assert staff("auditor").get(address, {lookup: "a"}).status_code == 400
    assert staff("auditor").get(address, {"id": "1"}).status_code == 200


def test_pages_keep_a_strict_policy(busy, staff):
    for name in ("trading_instrument_change", "trading_instrument_command"):
        arguments = [1, "parameters"] if name.endswith("command") else [1]
        response = staff("operator").get(reverse(f"admin:{name}", args=arguments))
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        assert not re.search(
            rb"<style|\sstyle=|\son\w+=|<script(?![^>]* (src|type=\"application/json\"))", response.content
        )


def test_an_operator_halts_an_instrument(busy, staff):
    client = staff("operator")
    address = reverse("admin:trading_instrument_command", args=[1, "state"])
    response = client.post(address, {"state": "halted", **REASON}, headers={"X-Request-ID": "halt-1"})
    assert response.status_code == 302
    assert busy.engine.state.instruments[1].state == t.INSTRUMENT_HALTED
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.target) == (client.user, "instrument.state", "BTC-PERP")
    assert (entry.before, entry.after) == ({"state": "normal"}, {"state": "halted"})
    assert (entry.reason, entry.address, entry.outcome) == (REASON["reason"], "127.0.0.1", "accepted")
    assert entry.sequence == busy.engine.state.sequence
    page = client.get(reverse("admin:trading_instrument_change", args=[1])).content.decode()
    assert REASON["reason"] in page


def test_an_operator_halts_every_instrument(busy, staff):
    busy.set_state(2, t.INSTRUMENT_HALTED)
    busy.set_state(2, t.INSTRUMENT_CANCEL_ONLY)
    address = reverse("admin:trading_instrument_general_command", args=["halt-everything"])
    assert staff("operator").post(address, REASON).status_code == 302
    assert {one.state for one in busy.engine.state.instruments.values()} == {t.INSTRUMENT_HALTED}
    assert [entry.before for entry in AuditEntry.objects.order_by("target")] == [
        {"state": "normal"},
        {"state": "cancel_only"},
    ]


def test_what_cannot_be_halted_is_named_and_the_rest_is_halted(busy, staff):
    busy.gateway.faults = ["lost"]
    address = reverse("admin:trading_instrument_general_command", args=["halt-everything"])
    page = staff("operator").post(address, REASON).content.decode()
    assert "Not certainly halted: BTC-PERP (outcome_unknown)" in page
    assert busy.engine.state.instruments[2].state == t.INSTRUMENT_HALTED


def test_the_state_of_the_exchange_is_a_ladder(busy, staff):
    client = staff("operator")
    address = reverse("admin:trading_exchangestate_general_command", args=["state"])
    assert client.post(address, {"state": "halted", **REASON}).status_code == 302
    assert busy.engine.state.exchange_state == t.INSTRUMENT_HALTED
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.before, entry.after) == ("exchange.state", {"state": "normal"}, {"state": "halted"})
    assert (entry.outcome, entry.sequence) == ("accepted", busy.engine.state.sequence)
    page = client.post(address, {"state": "normal", **REASON}).content.decode()
    assert "invalid_parameter" in page and busy.engine.state.exchange_state == t.INSTRUMENT_HALTED
    assert AuditEntry.objects.latest("id").outcome == "refused"
    for state in ("cancel_only", "normal"):
        assert client.post(address, {"state": state, **REASON}).status_code == 302
    assert busy.engine.state.exchange_state == t.INSTRUMENT_NORMAL


def test_a_form_sent_twice_funds_once(busy, staff):
    client = staff("operator")
    address = reverse("admin:trading_liquidation_general_command", args=["fund"])
    key = client.get(address).context["form"]["key"].value()
    for _ in range(2):
        assert client.post(address, {"key": key, "amount": "1000", **REASON}).status_code == 302
    assert busy.engine.state.accounts[t.INSURANCE_FUND].collateral() == {"USDT": 10**9}
    assert [entry.action for entry in AuditEntry.objects.all()] == ["fund.transfer"]
    assert "invalid_parameter" in client.post(address, {"key": "x", "amount": "one", **REASON}).content.decode()


def parameters_of(client):
    """The form as a browser would send it back unchanged."""
    form = client.get(reverse("admin:trading_instrument_command", args=[1, "parameters"])).context["form"]
    return {name: form[name].value() or "" for name in form.fields} | REASON


def test_a_change_of_parameters_is_a_new_version(busy, staff):
    client = staff("operator")
    address = reverse("admin:trading_instrument_command", args=[1, "parameters"])
    fields = parameters_of(client)
    assert client.post(address, {**fields, "taker_fee": "0.0004"}).status_code == 302
    parameters = busy.engine.state.instruments[1].parameters
    assert (parameters.version, parameters.taker_fee_ppb, len(parameters.brackets)) == (2, 400_000, 5)
    entry = AuditEntry.objects.get()
    assert entry.before == {"version": 1, "taker_fee": "0.0005"}
    assert entry.after == {"version": 2, "taker_fee": "0.0004"}
    assert client.post(address, {**parameters_of(client), "volatility_move": "0.2"}).status_code == 302
    assert busy.engine.state.instruments[1].parameters.risk.volatility_move_ppb == 200_000_000
    entry = AuditEntry.objects.latest("id")
    assert (entry.before, entry.after) == (
        {"version": 2, "volatility_move": "0.1"},
        {"version": 3, "volatility_move": "0.2"},
    )
    late = client.post(address, {**fields, "taker_fee": "0.0003"})
    assert "idempotency_conflict" in late.content.decode()
    assert busy.engine.state.instruments[1].parameters.taker_fee_ppb == 400_000


def test_what_is_no_parameter_is_refused_on_the_form(busy, staff):
    client = staff("operator")
    address = reverse("admin:trading_instrument_command", args=[1, "parameters"])
    for field, value in (("taker_fee", "0.5"), ("brackets", "0 0.01"), ("brackets", ""), ("price_band", "x")):
        response = client.post(address, parameters_of(client) | {field: value})
        assert response.status_code == 200 and response.context["form"].errors
    assert busy.engine.state.instruments[1].parameters.version == 1
    assert not AuditEntry.objects.exists()


def test_a_compliance_officer_freezes_an_account(busy, staff, alice):
    account_id = alice.account.id
    address = reverse("admin:trading_engineaccount_command", args=[account_id, "state"])
    assert staff("compliance officer").post(address, {"state": "frozen", **REASON}).status_code == 302
    assert busy.engine.state.accounts[account_id].state == t.ACCOUNT_FROZEN
    assert AuditEntry.objects.get().sequence == busy.engine.state.sequence


def test_an_operator_limits_an_account(busy, staff, alice):
    account_id = alice.account.id
    address = reverse("admin:trading_engineaccount_command", args=[account_id, "limits"])
    assert staff("operator").post(address, {"maximum_open_orders": 3, **REASON}).status_code == 302
    assert busy.engine.state.accounts[account_id].maximum_open_orders == 3
    assert AuditEntry.objects.get().after == {"maximum_open_orders": 3}


def test_a_leaked_key_is_revoked(busy, staff, alice):
    assert alice.get("/account").status_code == 200
    key = ApiKey.objects.get(public_id=alice.key)
    assert (
        staff("operator").post(reverse("admin:identity_apikey_command", args=[key.pk, "revoke"]), REASON).status_code
        == 302
    )
    assert alice.get("/account").status_code == 401
    assert (AuditEntry.objects.get().target, AuditEntry.objects.get().outcome) == (f"key {alice.key}", "accepted")


def test_a_user_is_switched_off_but_staff_only_by_a_superuser(busy, staff, alice):
    def switch(role, user):
        address = reverse("admin:identity_user_command", args=[user.pk, "switch-off"])
        staff(role).post(address, REASON)
        user.refresh_from_db()
        return user.is_active

    officer = staff("compliance officer")
    assert switch("compliance officer", alice.user) is False
    assert switch("compliance officer", staff("auditor").user) is True
    assert switch("compliance officer", officer.user) is True
    assert switch("root", staff("auditor").user) is False
    assert list(AuditEntry.objects.order_by("id").values_list("outcome", flat=True)) == [
        "accepted", "refused", "refused", "accepted",
    ]  # fmt: skip


def test_a_superuser_appoints_and_dismisses(busy, staff, alice):
    address = reverse("admin:identity_user_command", args=[alice.user.pk, "role"])
    assert staff("root").post(address, {"role": "auditor", **REASON}).status_code == 302
    somebody = Client()
    somebody.force_login(alice.user)
    assert somebody.get("/admin/").status_code == 200
    assert staff("root").post(address, {"role": "none", **REASON}).status_code == 302
    assert somebody.get("/admin/").status_code == 302
    assert Group.objects.count() == len(ROLES)
    assert [entry.after["role"] for entry in AuditEntry.objects.order_by("id")] == ["auditor", "none"]
    own = reverse("admin:identity_user_command", args=[User.objects.get(is_superuser=True).pk, "role"])
    assert "no role" in staff("root").post(own, {"role": "auditor", **REASON}).content.decode()


def test_a_row_of_the_journal_is_shown_decoded(busy, staff):
    row = read_rows(after_sequence=0)[-1]
    record = row.records()[-1]
    page = staff("auditor").get(reverse("admin:trading_journalpage_change", args=[row.last_sequence])).content.decode()
    assert type(record.command).__name__ in page and type(record.events[-1]).__name__ in page
    found = staff("auditor").get(reverse("admin:trading_journalpage_changelist"), {"q": str(record.sequence)})
    assert [one.pk for one in found.context["cl"].queryset] == [JournalPage.objects.get(pk=row.last_sequence).pk]
