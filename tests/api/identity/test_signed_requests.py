"""Requests signed with an API key: what is accepted, and how every other thing is refused."""

import base64
import time
from datetime import timedelta

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from exchange.contract.digests import command_id_for
from exchange.identity.models import ApiKey, User
from tests.api.identity.conftest import Bot

pytestmark = pytest.mark.urls("tests.api.identity.probe")


def refused(response, status, code):
    assert response.status_code == status, response.content
    error = response.json()["error"]
    assert set(error) == {"code", "message", "details"}
    assert error["code"] == code
    return error["details"]


def now_ms():
    return time.time_ns() // 1_000_000


def test_a_signed_request_acts_for_the_account_of_its_key(bot, account):
    headers = bot.sign(path="/probe?a=1&b=%20")
    answer = bot.send(path="/probe?a=1&b=%20", headers=headers).json()
    assert answer == {
        "user": "alice@example.com",
        "account_id": account.id,
        "scopes": ["public", "read", "trade"],
        "key_id": bot.key,
        "command_id": command_id_for(bot.key, bytes.fromhex(headers["X-API-Signature"])).hex(),
    }


def test_a_replayed_write_has_the_same_command_id(bot):
    body = b'{"side": "buy"}'
    headers = bot.sign("POST", body=body)
    first, second = (bot.send("POST", body=body, headers=headers).json() for _ in range(2))
    assert first == second
    assert first["body"] == {"side": "buy"}
    assert bot.send("POST", body=body).json()["command_id"] != first["command_id"]


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        (("POST", "/probe", b"{}"), ("POST", "/probe", b'{"a":1}')),
        (("POST", "/probe", b"{}"), ("POST", "/probe", b"")),
        (("GET", "/probe", b""), ("GET", "/probe?a=1", b"")),
        (("GET", "/probe?a=1", b""), ("GET", "/probe?a=2", b"")),
        (("GET", "/probe?a=1&b=2", b""), ("GET", "/probe?b=2&a=1", b"")),
        (("GET", "/probe/a", b""), ("GET", "/probe/b", b"")),
        (("GET", "/probe", b""), ("POST", "/probe", b"")),
        (("get", "/probe", b""), ("GET", "/probe", b"")),
        (("GET", "/probe?", b""), ("GET", "/probe", b"")),
    ],
)
def test_what_was_not_signed_is_refused(bot, signed, sent):
    refused(bot.send(*sent, headers=bot.sign(*signed)), 401, "bad_signature")


@pytest.mark.parametrize("field", ["X-API-Timestamp", "X-API-Nonce", "X-API-Recv-Window"])
def test_every_signed_header_counts(bot, field):
    headers = bot.sign(recv_window_ms=5000)
    changed = {
        "X-API-Timestamp": str(int(headers["X-API-Timestamp"]) - 1),
        "X-API-Nonce": "n",
        "X-API-Recv-Window": "6000",
    }
    refused(bot.send(headers={**headers, field: changed[field]}), 401, "bad_signature")


def test_the_default_recv_window_is_signed_as_5000(bot):
    headers = bot.sign()
    assert "X-API-Recv-Window" not in headers
    assert bot.send(headers=headers).status_code == 200
    assert bot.send(headers={**headers, "X-API-Recv-Window": "5000"}).status_code == 200
    refused(bot.send(headers={**headers, "X-API-Recv-Window": "4999"}), 401, "bad_signature")


@pytest.mark.parametrize(
    "respell",
    [
        str.upper,
        lambda text: base64.b64encode(bytes.fromhex(text)).decode(),
        lambda text: text[:-1],
        lambda text: text + "0",
        lambda text: text + "=",
        lambda text: "0x" + text,
        lambda text: " " + text[:-1],
        lambda text: "",
        lambda text: "0" * 64,
        lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
        lambda text: "\u0661" + text[1:],
    ],
)
def test_only_the_right_signature_in_lower_case_hex_is_accepted(bot, respell):
    headers = bot.sign(nonce="a" * 32)
    spelled = respell(headers["X-API-Signature"])
    assert spelled != headers["X-API-Signature"]
    refused(bot.send(headers={**headers, "X-API-Signature": spelled}), 401, "bad_signature")


def test_a_wrong_secret_is_refused(bot):
    bot.secret = "0" * 64
    refused(bot.send(), 401, "bad_signature")


@pytest.mark.parametrize("name", ["X-API-Key", "X-API-Timestamp", "X-API-Nonce", "X-API-Signature"])
def test_a_missing_header_is_named(bot, name):
    headers = bot.sign()
    del headers[name]
    assert refused(bot.send(headers=headers), 401, "unauthenticated") == {"header": name}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-API-Key", "no such key"),
        ("X-API-Key", "x" * 33),
        ("X-API-Key", "'; --"),
        ("X-API-Timestamp", "-1"),
        ("X-API-Timestamp", "1.5"),
        ("X-API-Timestamp", "01"),
        ("X-API-Timestamp", "9" * 5000),
        ("X-API-Timestamp", "now"),
        ("X-API-Timestamp", "\u0661"),
        ("X-API-Nonce", ""),
        ("X-API-Nonce", "x" * 33),
        ("X-API-Nonce", "a b"),
        ("X-API-Nonce", "\xe9"),
        ("X-API-Recv-Window", "60001"),
        ("X-API-Recv-Window", "5e3"),
        ("X-API-Recv-Window", "-5000"),
        ("X-API-Recv-Window", ""),
    ],
)
def test_a_malformed_header_is_named(bot, name, value):
    assert refused(bot.send(headers={**bot.sign(), name: value}), 401, "unauthenticated") == {"header": name}


def test_an_unknown_key_is_refused(bot):
    bot.key = "0" * 32
    refused(bot.send(), 401, "unauthenticated")


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_garbage_in_a_header_is_a_refusal_and_nothing_else(bot, data):
    headers = bot.sign()
    name = data.draw(st.sampled_from([*headers, "X-API-Recv-Window", "X-Account", "X-Forwarded-For"]))
    garbage = data.draw(st.text(st.characters(max_codepoint=255), max_size=80))
    response = bot.send(headers={**headers, name: garbage})
    assert response.status_code in (200, 401, 404)
    assert response.status_code != 200 or garbage == headers.get(name) or name == "X-Forwarded-For"


@pytest.mark.parametrize(
    ("offset_ms", "recv_window_ms", "is_fresh"),
    [
        (-4_000, None, True),
        (-6_000, None, False),
        (-6_000, 10_000, True),
        (-1_500, 1_000, False),
        (-59_000, 60_000, True),
        (-61_000, 60_000, False),
        (500, None, True),
        (3_000, None, False),
        (3_000, 60_000, False),
        (10**12, None, False),
        (-1_000, 0, False),
    ],
)
def test_a_request_is_fresh_within_its_window(bot, offset_ms, recv_window_ms, is_fresh):
    headers = bot.sign(timestamp_ms=now_ms() + offset_ms, recv_window_ms=recv_window_ms)
    response = bot.send(headers=headers)
    if is_fresh:
        assert response.status_code == 200
    else:
        assert abs(refused(response, 401, "stale_timestamp")["server_time"] - now_ms()) < 5_000


def test_a_revoked_or_expired_key_is_refused(client, account):
    refused(bot_with(client, account, revoked_at=timezone.now()).send(), 401, "unauthenticated")
    past, soon = timezone.now() - timedelta(seconds=1), timezone.now() + timedelta(hours=1)
    expired = bot_with(client, account, created_at=past - timedelta(days=1), expires_at=past)
    refused(expired.send(), 401, "unauthenticated")
    assert bot_with(client, account, expires_at=soon).send().status_code == 200


def bot_with(client, account, **change):
    bot = Bot(client, account)
    ApiKey.objects.filter(pk=bot.row.pk).update(**change)
    return bot


def test_a_key_expires_while_it_is_kept_in_memory(bot, monkeypatch):
    ApiKey.objects.filter(pk=bot.row.pk).update(expires_at=timezone.now() + timedelta(hours=1))
    assert bot.send().status_code == 200
    later = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr("exchange.identity.authentication.timezone.now", lambda: later)
    refused(bot.send(), 401, "unauthenticated")


def test_the_key_of_a_user_who_is_off_is_refused(bot, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    refused(bot.send(), 401, "unauthenticated")


def test_last_use_is_noted_only_of_good_signatures(bot):
    bot.send(headers={**bot.sign(), "X-API-Signature": "0" * 64})
    assert ApiKey.objects.get(pk=bot.row.pk).last_used_at is None
    bot.send()
    assert timezone.now() - ApiKey.objects.get(pk=bot.row.pk).last_used_at < timedelta(minutes=1)


def test_a_known_key_costs_no_query(bot, django_assert_num_queries):
    bot.send()
    bot.send()
    with django_assert_num_queries(0):
        assert bot.send().status_code == 200


@pytest.mark.parametrize(
    ("networks", "remote", "forwarded", "proxies", "is_allowed"),
    [
        (["192.0.2.0/24"], "192.0.2.9", None, [], True),
        (["192.0.2.0/24"], "192.0.3.9", None, [], False),
        (["192.0.2.0/24", "2001:db8::/32"], "2001:db8::1", None, [], True),
        (["192.0.2.0/24"], "::ffff:192.0.2.9", None, [], True),
        (["192.0.2.0/24"], "", None, [], False),
        (["192.0.2.0/24"], "10.0.0.1", "192.0.2.9", [], False),
        (["192.0.2.0/24"], "10.0.0.1", "192.0.2.9", ["10.0.0.0/8"], True),
        (["192.0.2.0/24"], "10.0.0.1", "192.0.2.9, 203.0.113.5", ["10.0.0.0/8"], False),
        (["192.0.2.0/24"], "10.0.0.1", "203.0.113.5, 192.0.2.9, 10.0.0.2", ["10.0.0.0/8"], True),
        (["192.0.2.0/24"], "10.0.0.1", "192.0.2.9, nonsense", ["10.0.0.0/8"], False),
        (["192.0.2.0/24"], "192.0.2.9", "203.0.113.5", ["10.0.0.0/8"], True),
        (["10.0.0.0/8"], "10.0.0.1", None, ["10.0.0.0/8"], True),
    ],
)
def test_a_key_is_used_from_its_networks(client, account, settings, networks, remote, forwarded, proxies, is_allowed):
    settings.TRUSTED_PROXIES = proxies
    bot = Bot(client, account, networks=networks)
    headers = bot.sign() | ({"X-Forwarded-For": forwarded} if forwarded else {})
    response = bot.send(headers=headers, REMOTE_ADDR=remote)
    if is_allowed:
        assert response.status_code == 200
    else:
        refused(response, 403, "ip_not_allowed")


def test_x_account_may_only_name_the_account_of_the_key(bot, account, bobs_account):
    assert bot.send(headers={**bot.sign(), "X-Account": str(account.id)}).status_code == 200
    for other in (str(bobs_account.id), "0", "x", "9" * 30):
        refused(bot.send(headers={**bot.sign(), "X-Account": other}), 404, "account_not_found")


def test_a_cookie_neither_helps_a_bad_key_nor_adds_to_a_good_one(bot, bob, bobs_account):
    bot.client.force_login(bob)
    assert bot.send(headers={}).json()["user"] == "bob@example.com"
    assert bot.send().json()["user"] == "alice@example.com"
    refused(bot.send(headers={**bot.sign(), "X-API-Signature": "0" * 64}), 401, "bad_signature")
    refused(bot.send(path="/transfer"), 403, "forbidden_scope")


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("raw_path", "query", "signed", "status"),
    [
        (b"/probe/a%2Db", b"x=%c3%a9&y=+", "/probe/a%2Db?x=%c3%a9&y=+", 200),
        (b"/probe/a%2db", b"", "/probe/a%2db", 200),
        (b"/probe/a%2Db", b"", "/probe/a-b", 401),
        (b"/probe/a-b", b"x=%C3%A9", "/probe/a-b?x=%c3%a9", 401),
    ],
)
async def test_path_and_query_are_signed_byte_for_byte(bot, raw_path, query, signed, status):
    headers = {"Host": "localhost", **bot.sign(path=signed)}
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/probe/a-b",
        "raw_path": raw_path,
        "query_string": query,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ["127.0.0.1", 50000],
        "server": ["localhost", 80],
    }
    communicator = ApplicationCommunicator(get_asgi_application(), scope)
    await communicator.send_input({"type": "http.request", "body": b""})
    start = await communicator.receive_output(timeout=15)
    await communicator.wait(timeout=15)
    assert start["status"] == status


def test_a_body_that_is_too_large_is_refused(bot, settings):
    body = b'"' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"'
    refused(bot.send("POST", body=body), 413, "payload_too_large")
