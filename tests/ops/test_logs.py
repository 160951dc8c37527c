"""Logs: JSON with the request's id and the engine's sequence, something to read on a terminal, and never a secret."""

import io
import json
import logging
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client, RequestFactory

from exchange.identity.models import ApiKey
from exchange.ops import logs
from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)


@pytest.fixture
def written():
    """What is logged from here on at DEBUG, as a process would print it: call it for the text since the last call."""
    options = dict(settings.LOGGING["formatters"]["line"])
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(options.pop("()")(**options))
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield lambda: handler.setStream(io.StringIO()).getvalue()
    root.removeHandler(handler)
    root.setLevel(level)


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.django_db
def test_a_request_is_logged_as_json_with_its_id(written):
    response = Client().get("/health/live", headers={"X-Request-ID": "abc.DEF-1_2"})
    assert response["X-Request-ID"] == "abc.DEF-1_2"
    (line,) = [line for line in lines_of(written()) if line["logger"] == "exchange.ops.observation"]
    assert (line["request_id"], line["route"], line["status"]) == ("abc.DEF-1_2", "/health/live", 200)
    assert {"time", "level", "event", "process", "pid", "duration_ms", "method"} <= line.keys()


@pytest.mark.parametrize("offered", ["", "a b", "x" * 65, 'a"b', "<script>", "a\u00e9"])
def test_a_malformed_id_is_replaced(offered):
    answers = [Client().get("/health/live", headers={"X-Request-ID": offered})["X-Request-ID"] for _ in range(2)]
    assert offered not in answers and len(set(answers)) == 2
    assert all(len(answer) == 16 for answer in answers)


@pytest.mark.django_db(transaction=True)
def test_an_error_of_ours_is_logged_with_the_id_of_its_request(written, monkeypatch):
    monkeypatch.setattr("frontend.views.market_lines", lambda: 1 / 0)
    response = Client(raise_request_exception=False).get("/markets", headers={"X-Request-ID": "failing"})
    assert (response.status_code, response["X-Request-ID"]) == (500, "failing")
    found = [line for line in lines_of(written()) if "ZeroDivisionError" in line.get("exception", "")]
    assert found and all(line["request_id"] == "failing" for line in found)


def test_nothing_of_a_request_is_left_after_it(written):
    Client().get("/health/live", headers={"X-Request-ID": "gone"})
    written()
    logging.getLogger("after").warning("quiet", extra={"sequence": 42})
    (line,) = lines_of(written())
    assert "request_id" not in line
    assert (line["event"], line["sequence"], line["level"]) == ("quiet", 42, "warning")


@pytest.fixture
def market(engine_gateway, valkey_url, monkeypatch):  # noqa: F811
    from tests.api.market import Market

    return Market(engine_gateway, monkeypatch)


@pytest.mark.django_db(transaction=True)
def test_the_engines_sequence_is_logged_where_it_is_known(market, written):
    alice = market.trader("alice")
    alice.get("/account")
    lines = [line for line in lines_of(written()) if line.get("route") == "/api/v1/account"]
    assert [line["sequence"] for line in lines] == [market.engine.state.sequence]


@pytest.mark.django_db(transaction=True)
def test_no_secret_is_logged(market, written):
    alice = market.trader("alice")
    password, browser = "correct horse battery", Client()
    alice.user.take_email_as_verified()
    browser.post("/sign-in", {"login": "alice@example.com", "password": f"{password} wrong"})
    assert browser.post("/sign-in", {"login": "alice@example.com", "password": password}).status_code == 302
    browser.get("/admin/")
    browser.get("/confirm-email/key-of-a-letter")
    alice.place()
    alice.post("/orders", raw=b"{")
    alice.send("GET", "/account", signed={"X-API-Key": alice.key, "X-API-Signature": "0" * 64})
    log = logging.getLogger("careless")
    log.warning("at %s and %s", settings.DATABASE_URL, settings.VALKEY_URL)
    log.warning("at postgresql://somebody:hunter22@db.example/exchange", extra={"api_secret": alice.secret})
    letter = "/reset-password/1a-key-of-a-letter"
    request = RequestFactory().get(letter, {"token": "key-of-a-letter"})
    log.error("Internal Server Error: %s", letter, extra={"request": request, "status_code": 500})
    log.error("%s %s", settings.SECRET_KEY, settings.METRICS_TOKEN, extra={"headers_cookie": "sessionid=abc123"})
    text = written()
    assert len(lines_of(text)) > 8
    key = ApiKey.objects.get(public_id=alice.key)
    secrets = [password, alice.secret, key.encrypted_secret, "hunter22", "abc123", settings.SECRET_KEY]
    secrets += [*settings.SECRET_KEYS, settings.METRICS_TOKEN, settings.LOCAL.postgres_password]
    secrets += [settings.LOCAL.valkey_password, browser.cookies["sessionid"].value, "key-of-a-letter"]
    assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize(
    ("line", "event"),
    [("plain words", "plain words"), ('{"event": "own"}', "own"), ('a "quoted" line', 'a "quoted" line')],
)
def test_what_other_programs_print_becomes_json(line, event):
    assert json.loads(logs.wrapped("valkey", line))["event"] == event


BREAK = """
import django, logging
django.setup()
logging.getLogger("probe").error("it %s", "broke", extra={"sequence": 7})
"""


def run(style, **environment):
    """What a process of the exchange prints when it fails, with its logs in this style."""
    command = [sys.executable, "-c", BREAK]
    known = {"DJANGO_SETTINGS_MODULE": "exchange.settings", "VAR_DIR": str(settings.VAR_DIR), "LOG_FORMAT": style}
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=known | environment, capture_output=True, text=True, check=True
    )
    return done.stderr


def test_a_process_logs_json_with_its_name():
    line = json.loads(run("json", PROCESS_NAME="readers"))
    assert (line["process"], line["event"], line["sequence"]) == ("readers", "it broke", 7)


def test_on_a_terminal_a_line_can_be_read():
    text = run("console")
    assert "it broke" in text and "sequence" in text and not text.startswith("{")
