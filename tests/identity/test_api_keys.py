"""API keys, on the page and over REST: who may make and delete them, and that an Ed25519 key signs requests."""

import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from exchange.identity import ed25519
from exchange.identity.models import Account, ApiKey
from exchange.identity.services import create_account, create_api_key
from tests.identity.people import reauthenticate, signed_in
from tests.signing import sign_headers, signed_text

pytestmark = pytest.mark.django_db
KEYS = "/api/v1/api-keys"


@pytest.fixture
def browser(alice):
    return signed_in(alice)


@pytest.fixture
def fresh(browser):
    """Alice's browser just after she typed her password again."""
    assert reauthenticate(browser).status_code == 302
    return browser


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Runs what waits for the end of the transaction."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def make(client, **changes):
    body = {"label": "bot", "scopes": ["read"], **changes}
    return client.post(KEYS, body, content_type="application/json")


def make_on_page(client, account, **changes):
    return client.post("/api-keys/new", {"account": account.id, "label": "bot", "scopes": ["read"]} | changes)


def listed(client):
    return [key["key"] for key in client.get(KEYS).json()["results"]]


def code_of(response):
    return response.status_code, response.json()["error"]["code"]


def public_key_of(private_key):
    return ed25519.encode(private_key.public_key().public_bytes_raw())


def read_with(key, secret, client=None, **changes):
    path = "/api/v1/accounts"
    return (client or Client()).get(path, headers={**sign_headers(key, secret, "GET", path), **changes})


def read_with_ed25519(key, private_key, **changes):
    headers = sign_headers(key, "", "GET", "/api/v1/accounts")
    text = signed_text(headers, "GET", "/api/v1/accounts")
    signature = ed25519.encode(private_key.sign(text))
    return Client().get("/api/v1/accounts", headers={**headers, "X-API-Signature": signature, **changes})


def test_a_key_made_over_rest_works_and_its_secret_is_shown_once(fresh, alice, committed):
    with committed():
        answer = make(fresh, scopes=["trade", "read"], networks=["127.0.0.1"], expires_at=4_000_000_000_000)
    assert answer.status_code == 201
    made = answer.json()
    secret = made.pop("secret")
    account = Account.objects.get(owner=alice)
    assert (made["account_id"], made["kind"], made["scopes"]) == (account.id, "hmac", ["read", "trade"])
    assert (made["networks"], made["expires_at"], made["public_key"]) == (["127.0.0.1/32"], 4_000_000_000_000, None)
    (shown,) = fresh.get(KEYS).json()["results"]
    assert shown == made and secret not in fresh.get(KEYS).content.decode()
    assert read_with(made["key"], secret).status_code == 200

    (letter,) = mail.outbox
    assert letter.to == [alice.email] and letter.subject == "A new API key acts for your account main"
    assert made["key"] in letter.body and "read, trade" in letter.body and secret not in letter.body


def test_a_key_made_on_the_page_works_and_its_secret_is_shown_once(fresh, alice, committed):
    with committed():
        answer = make_on_page(fresh, alice.accounts.get(), scopes=["read", "trade"], networks="127.0.0.1, ::1")
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    key, secret = re.findall(r'class="secret" id="(?:key|secret)">(\w+)<', answer.content.decode())
    assert read_with(key, secret).status_code == 200
    assert secret not in fresh.get("/api-keys").content.decode()
    assert key in fresh.get("/api-keys").content.decode()
    assert len(mail.outbox) == 1


def test_the_page_says_at_the_field_what_is_wrong(fresh, alice):
    account = alice.accounts.get()
    for field, changes in (
        ("label", {"label": ""}),
        ("scopes", {"scopes": ["withdraw"]}),
        ("scopes", {"scopes": ["session"]}),
        ("networks", {"scopes": ["transfer"]}),
        ("networks", {"networks": "everywhere"}),
        ("networks", {"networks": "fe80::1%eth0"}),
        ("expires_at", {"expires_at": "2001-01-01"}),
        ("public_key", {"public_key": "AAAA"}),
    ):
        answer = make_on_page(fresh, account, **changes)
        assert answer.status_code == 200 and list(answer.context["form"].errors) == [field], field
    assert not ApiKey.objects.exists()


def test_an_ed25519_key_signs_requests_and_nothing_secret_is_kept(fresh, alice):
    private_key = Ed25519PrivateKey.generate()
    made = make(fresh, public_key=public_key_of(private_key)).json()
    assert (made["kind"], made["secret"], made["public_key"]) == ("ed25519", None, public_key_of(private_key))
    assert ApiKey.objects.get().encrypted_secret == ""
    assert read_with_ed25519(made["key"], private_key).status_code == 200

    assert code_of(read_with_ed25519(made["key"], Ed25519PrivateKey.generate())) == (401, "bad_signature")
    assert code_of(read_with_ed25519(made["key"], private_key, **{"X-API-Nonce": "another"})) == (401, "bad_signature")
    public_key = ed25519.decode(made["public_key"], length=32)
    for secret in ("", made["public_key"], public_key.hex()):
        assert code_of(read_with(made["key"], secret)) == (401, "bad_signature")


def test_a_signature_in_another_spelling_is_refused(fresh):
    private_key = Ed25519PrivateKey.generate()
    key = make(fresh, public_key=public_key_of(private_key)).json()["key"]
    headers = sign_headers(key, "", "GET", "/api/v1/accounts")
    signature = ed25519.encode(private_key.sign(signed_text(headers, "GET", "/api/v1/accounts")))
    last = signature[-3]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    loose = signature[:-3] + alphabet[alphabet.index(last) ^ 1] + "=="  # the same 64 bytes to a lenient decoder
    for spelt in (signature.rstrip("="), signature + "=", " " + signature, loose, signature.replace("=", "")):
        answer = Client().get("/api/v1/accounts", headers={**headers, "X-API-Signature": spelt})
        assert code_of(answer) == (401, "bad_signature"), spelt
    assert Client().get("/api/v1/accounts", headers={**headers, "X-API-Signature": signature}).status_code == 200


def test_without_the_password_typed_again_no_key_is_made(browser, alice):
    answer = make(browser)
    assert code_of(answer) == (401, "unauthenticated")
    assert answer.json()["error"]["details"] == {"reauthenticate": "/reauthenticate"}
    for method in (browser.get, browser.post):
        response = method("/api-keys/new")
        assert (response.status_code, response["Location"]) == (302, "/reauthenticate?next=%2Fapi-keys%2Fnew")
    assert browser.get("/reauthenticate").status_code == 200
    assert not ApiKey.objects.exists()


def test_a_wrong_password_does_not_count(browser):
    assert reauthenticate(browser, "wrong").status_code == 200
    assert code_of(make(browser)) == (401, "unauthenticated")


def test_it_counts_for_five_minutes_and_for_this_session_only(fresh, alice):
    assert code_of(make(signed_in(alice))) == (401, "unauthenticated")
    assert make(fresh).status_code == 201
    for age_s, status in ((290, 201), (310, 401)):
        session = fresh.session
        session["account_authentication_methods"] = [
            {**record, "at": time.time() - age_s} for record in session["account_authentication_methods"]
        ]
        session.save()
        assert make(fresh).status_code == status


def test_what_was_filled_in_is_done_after_the_password(browser, alice):
    make_on_page(browser, alice.accounts.get(), label="mine")
    browser.post("/reauthenticate", {"password": "correct horse battery", "next": "/api-keys/new"})
    assert ApiKey.objects.get().label == "mine"


def test_a_deleted_key_is_useless_at_once(fresh):
    made, kept = make(fresh).json(), make(fresh).json()
    assert read_with(made["key"], made["secret"]).status_code == 200
    for _ in range(2):
        answer = fresh.delete(f"{KEYS}/{made['key']}")
        assert (answer.status_code, answer.json()) == (200, {"key": made["key"]})
    assert listed(fresh) == [kept["key"]]
    on_page = fresh.post(f"/api-keys/{kept['key']}/delete", follow=True)
    assert "is deleted" in on_page.content.decode() and listed(fresh) == []


@pytest.mark.django_db(transaction=True)
def test_a_deleted_key_is_refused_by_the_process_that_deleted_it(fresh):
    made = make(fresh).json()
    assert read_with(made["key"], made["secret"]).status_code == 200
    fresh.delete(f"{KEYS}/{made['key']}")
    assert code_of(read_with(made["key"], made["secret"])) == (401, "unauthenticated")


def test_nobody_sees_makes_or_deletes_keys_of_another(fresh, bob):
    bobs_account = bob.accounts.get()
    bobs, _ = create_api_key(account=bobs_account, label="bobs", scopes=["read"])
    assert listed(fresh) == [] and "bobs" not in fresh.get("/api-keys").content.decode()
    for public_id in (bobs.public_id, secrets.token_hex(16)):
        answer = fresh.delete(f"{KEYS}/{public_id}")
        assert code_of(answer) == (404, "not_found")
        assert fresh.post(f"/api-keys/{public_id}/delete").status_code == 404
    for account_id in (bobs_account.id, 10**9):
        answer = fresh.post(
            KEYS,
            {"label": "x", "scopes": ["read"]},
            content_type="application/json",
            headers={"X-Account": str(account_id)},
        )
        assert code_of(answer) == (404, "account_not_found")
    assert list(make_on_page(fresh, bobs_account).context["form"].errors) == ["account"]
    bobs.refresh_from_db()
    assert bobs.revoked_at is None and ApiKey.objects.count() == 1


def test_a_key_is_for_the_account_the_session_names(fresh, alice):
    second = create_account(owner=alice, name="bots")
    answer = fresh.post(
        KEYS, {"label": "x", "scopes": ["read"]}, content_type="application/json", headers={"X-Account": str(second.id)}
    )
    assert answer.json()["account_id"] == second.id


def test_keys_never_manage_keys(fresh):
    made = make(fresh, scopes=["read", "trade", "transfer"], networks=["127.0.0.1"]).json()
    headers = sign_headers(made["key"], made["secret"], "GET", KEYS)
    for client in (Client(), fresh):  # cookies do not help
        assert code_of(client.get(KEYS, headers=headers)) == (403, "forbidden_scope")


def test_a_page_of_another_site_makes_no_key(alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert make(browser).status_code == 403
    assert browser.post("/api-keys/new", {}).status_code == 403
    assert not ApiKey.objects.exists()


def test_there_is_a_most_of_keys_and_deleted_ones_do_not_count(fresh, monkeypatch):
    monkeypatch.setattr("exchange.identity.services.MAXIMUM_KEYS", 2)
    first, second = make(fresh).json(), make(fresh)
    assert second.status_code == 201
    assert code_of(make(fresh)) == (400, "invalid_parameter")
    fresh.delete(f"{KEYS}/{first['key']}")
    assert make(fresh).status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "ed25519"},
        {"public_key": "x"},
        {"encrypted_secret": ""},
        {"kind": "ed25519", "public_key": "x"},
        {"kind": "ed25519", "encrypted_secret": ""},
    ],
)
def test_the_database_keeps_a_key_of_one_kind(alice, change):
    key, _ = create_api_key(account=alice.accounts.get(), label="bot", scopes=["read"])
    with pytest.raises(IntegrityError, match="api_key_kind_known"), transaction.atomic():
        ApiKey.objects.filter(pk=key.pk).update(**change)


def test_the_command_takes_a_public_key_and_prints_no_secret(alice):
    private_key, output = Ed25519PrivateKey.generate(), StringIO()
    options = ["--account=main", "--label=bot", "--scopes=read", f"--public-key={public_key_of(private_key)}"]
    call_command("create_api_key", alice.email, *options, stdout=output)
    name, key = output.getvalue().split()
    assert name == "key" and read_with_ed25519(key, private_key).status_code == 200
    with pytest.raises(CommandError, match="Ed25519 public key"):
        call_command("create_api_key", alice.email, *options[:-1], "--public-key=AAAA", stdout=output)


def test_an_expired_ed25519_key_is_refused(alice):
    private_key = Ed25519PrivateKey.generate()
    key, _ = create_api_key(
        account=alice.accounts.get(),
        label="bot",
        scopes=["read"],
        public_key=public_key_of(private_key),
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
    ApiKey.objects.update(
        created_at=datetime.now(UTC) - timedelta(hours=2), expires_at=datetime.now(UTC) - timedelta(hours=1)
    )
    assert code_of(read_with_ed25519(key.public_id, private_key)) == (401, "unauthenticated")
