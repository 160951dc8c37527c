"""Who may do what: every scope against every operation, and strangers against everything that is not theirs."""

import re

import pytest
from django.test import Client

from exchange.identity.scopes import PUBLIC, SESSION
from tests.api.endpoints import operations
from tests.api.market import Trader, order

pytestmark = pytest.mark.django_db(transaction=True)
SCOPES = ("read", "trade", "transfer")


def test_every_operation_declares_its_scope():
    found = operations()
    assert len(found) >= 30
    undeclared = [operation for operation in found if operation.scope is None]
    assert not undeclared
    assert {operation.scope for operation in found} == {PUBLIC, SESSION, *SCOPES}


def test_a_key_does_what_its_scopes_say_and_nothing_else(alice, subtests_of):
    traders = {scope: Trader(alice.user, alice.account, scopes=(scope,)) for scope in SCOPES}
    for operation in operations():
        for scope, trader in traders.items():
            answer = trader.send(operation.method, operation.path(), operation.body())
            is_allowed = operation.scope in (PUBLIC, scope)
            code = answer.json().get("error", {}).get("code")
            assert (code != "forbidden_scope") == is_allowed, (operation, scope, answer.content)
            assert (answer.status_code == 403) == (not is_allowed), (operation, scope, answer.content)
            subtests_of.append((operation, scope))
    assert len(subtests_of) == 3 * len(operations())


def test_without_a_key_only_the_public_part_answers(alice):
    client = Client()
    for operation in operations():
        answer = client.generic(operation.method, f"/api/v1{operation.path()}")
        assert (answer.status_code == 401) == (operation.scope != PUBLIC), (operation, answer.content)


def test_strangers_reach_nothing(alice, bob, market):
    """Alice asks for what is Bob's: the answer is the one for what does not exist."""
    bobs = bob.place(client_order_id="bobs", quantity="0.02")
    nothing = 64 * 999_999 + 1
    requests = [
        ("GET", "/orders/{id}", None),
        ("PATCH", "/orders/{id}", {"quantity": "0.01"}),
        ("DELETE", "/orders/{id}", None),
        ("GET", "/orders/by-client-id/{name}", None),
        ("DELETE", "/orders/by-client-id/{name}", None),
    ]
    for method, path, body in requests:
        real = alice.send(method, path.format(id=bobs["id"], name="bobs"), body)
        imagined = alice.send(method, path.format(id=nothing, name="nobodys"), body)
        assert (real.status_code, real.json()) == (imagined.status_code, imagined.json()), (method, path)
        assert real.status_code == 404
    for path in ("/orders", "/fills", "/ledger", "/positions"):
        shown = alice.get(path).content.decode()
        assert not re.search(rf"\b{bobs['id']}\b", shown) and "bobs" not in shown
    batch = {"operations": [{"op": "cancel", "id": bobs["id"]}, {"op": "amend", "id": bobs["id"], "quantity": "1"}]}
    results = alice.post("/orders/batch", batch).json()["results"]
    assert [result["error"]["code"] for result in results] == ["order_not_found", "order_not_found"]
    assert alice.delete("/orders").json()["cancelled"] == []
    assert bob.get(f"/orders/{bobs['id']}").json()["status"] == "new"
    assert [row["id"] for row in alice.get("/accounts").json()["results"]] == [alice.account.id]


def test_strangers_reach_no_keys(alice, bob):
    client = Client()
    client.force_login(alice.user)
    assert [key["key"] for key in client.get("/api/v1/api-keys").json()["results"]] == [alice.key]
    real, imagined = (client.delete(f"/api/v1/api-keys/{key}") for key in (bob.key, "0" * 32))
    assert (real.status_code, real.json()) == (imagined.status_code, imagined.json())
    assert real.status_code == 404 and bob.get("/account").status_code == 200
    foreign = client.post(
        "/api/v1/api-keys",
        {"label": "bot", "scopes": ["read"]},
        content_type="application/json",
        headers={"X-Account": str(bob.account.id)},
    )
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (404, "account_not_found")


def test_a_session_may_not_name_an_account_of_others(alice, bob):
    client = Client()
    client.force_login(alice.user)
    own = client.get("/api/v1/account", headers={"X-Account": str(alice.account.id)})
    assert own.status_code == 200 and own.json()["id"] == alice.account.id
    for account_id in (bob.account.id, 10**9):
        answer = client.get("/api/v1/account", headers={"X-Account": str(account_id)})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "account_not_found")
    without_token = Client(enforce_csrf_checks=True)
    without_token.force_login(alice.user)
    answer = without_token.post("/api/v1/orders", order(), content_type="application/json")
    assert answer.status_code == 403


@pytest.fixture
def subtests_of():
    """What was tried, so that an empty loop cannot pass."""
    return []
