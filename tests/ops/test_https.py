"""Behind a proxy that ends TLS, the gateway knows that its pages were asked for securely."""

import re

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator

pytestmark = pytest.mark.django_db(transaction=True)
HOST = b"exchange.example"


@async_to_sync
async def ask(method, path, headers=(), body=b""):
    """(status, headers, body) of one request that arrives in plain at the gateway."""
    from exchange.asgi import application

    scope = {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": path, "query_string": b"",
        "headers": [(b"host", HOST), *headers], "client": ("127.0.0.1", 1),
    }  # fmt: skip
    gateway = ApplicationCommunicator(application, scope)
    await gateway.send_input({"type": "http.request", "body": body})
    start = await gateway.receive_output(timeout=10)
    content = await gateway.receive_output(timeout=10)
    return start["status"], dict(start["headers"]), content["body"].decode()


def sign_in(settings, *, is_https):
    """Shows the form and sends it back as a browser on an https page does: the two answers."""
    settings.HTTPS, settings.ALLOWED_HOSTS = is_https, [HOST.decode()]
    settings.SECURE_HSTS_SECONDS = 31_536_000
    shown = ask("GET", "/sign-in")
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', shown[2])[1]
    headers = [
        (b"origin", b"https://" + HOST),
        (b"cookie", shown[1][b"Set-Cookie"].split(b";")[0]),
        (b"content-type", b"application/x-www-form-urlencoded"),
    ]
    return shown, ask("POST", "/sign-in", headers, f"csrfmiddlewaretoken={token}&login=a@example.com".encode())


def test_pages_are_secure_behind_a_proxy(settings):
    shown, sent = sign_in(settings, is_https=True)
    assert shown[1][b"Strict-Transport-Security"] == b"max-age=31536000"
    assert sent[0] == 200


def test_they_are_not_without_https(settings):
    shown, sent = sign_in(settings, is_https=False)
    assert b"Strict-Transport-Security" not in shown[1]
    assert sent[0] == 403
