"""Scopes one by one, and signed-in browsers."""

import pytest
from django.test import Client

from exchange.identity.services import create_account
from tests.api.identity.conftest import Bot

pytestmark = pytest.mark.urls("tests.api.identity.probe")

OPERATIONS = {
    "public": ("GET", "/public"),
    "read": ("GET", "/probe"),
    "trade": ("POST", "/probe"),
    "transfer": ("GET", "/transfer"),
    "session": ("GET", "/session"),
}


@pytest.mark.parametrize("held", ["read", "trade", "transfer"])
def test_no_scope_implies_another(client, account, held):
    bot = Bot(client, account, scopes=[held], networks=["127.0.0.1"])
    for scope, (method, path) in OPERATIONS.items():
        response = bot.send(method, path, b"{}" if method == "POST" else b"")
        if scope in ("public", held):
            assert response.status_code == 200
        else:
            assert response.status_code == 403
            assert response.json()["error"] == {
                "code": "forbidden_scope",
                "message": "Use a key with the scope this operation needs.",
                "details": {"required_scope": scope},
            }


def test_a_session_holds_every_scope(client, alice, account):
    client.force_login(alice)
    for method, path in OPERATIONS.values():
        assert client.generic(method, path, content_type="application/json").status_code == 200


def test_nobody_gets_the_public_part_only(client, db):
    for scope, (method, path) in OPERATIONS.items():
        response = client.generic(method, path)
        assert response.status_code == (200 if scope == "public" else 401)
        assert scope == "public" or response.json()["error"]["code"] == "unauthenticated"


def test_a_view_without_a_scope_is_closed_to_all(bot, client, alice):
    assert bot.send(path="/undeclared").json()["error"]["code"] == "forbidden_scope"
    client.force_login(alice)
    assert client.get("/undeclared").status_code == 403
    assert Client().get("/undeclared").status_code == 401


def test_a_method_that_is_not_there_is_405(bot):
    response = bot.send("PUT")
    assert response.status_code == 405
    assert response.json()["error"]["code"] == "method_not_allowed"


def test_head_needs_the_scope_of_get(client, account):
    assert Bot(client, account, scopes=["read"]).send("HEAD").status_code == 200
    assert Bot(client, account, scopes=["trade"]).send("HEAD").status_code == 403


def test_a_session_acts_for_the_first_account_or_the_named_one(client, alice, account, bobs_account):
    second = create_account(owner=alice, name="bots")
    client.force_login(alice)
    answer = client.get("/probe").json()
    assert (answer["account_id"], answer["key_id"]) == (account.id, None)
    assert client.get("/probe", headers={"X-Account": str(second.id)}).json()["account_id"] == second.id
    assert client.get("/probe").json()["command_id"] != answer["command_id"]


@pytest.mark.parametrize("name", ["bobs", "0", "-1", "1.0", "x", "", "9" * 30, "\xb2"])
def test_a_session_never_reaches_the_account_of_another(client, alice, account, bobs_account, name):
    client.force_login(alice)
    response = client.get("/probe", headers={"X-Account": str(bobs_account.id) if name == "bobs" else name})
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "account_not_found"


def test_a_user_without_accounts_acts_for_none(client, alice):
    client.force_login(alice)
    assert client.get("/probe").json()["account_id"] is None


def test_a_session_needs_the_csrf_token_to_write(alice, account):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post("/probe", {}, content_type="application/json")
    assert response.status_code == 403
    assert "CSRF" in response.json()["error"]["message"]
    token = "a" * 32
    client.cookies["csrftoken"] = token
    response = client.post("/probe", {}, content_type="application/json", headers={"X-CSRFToken": token})
    assert response.status_code == 200


def test_a_session_of_a_user_who_is_off_is_nobody(client, alice, account):
    client.force_login(alice)
    alice.is_active = False
    alice.save()
    assert client.get("/probe").status_code == 401
