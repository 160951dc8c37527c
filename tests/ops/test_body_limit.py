"""Large bodies are refused at the door, with and without a declared length."""

import json

import pytest
from asgiref.sync import async_to_sync

from exchange.ops.body_limit import limit_body


async def echo(scope, receive, send):
    """Answers with the whole body."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@async_to_sync
async def post(*chunks, headers=()):
    """(status, body) of a request whose body comes in chunks."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    await limit_body(echo, maximum_bytes=10)({"type": "http", "headers": list(headers)}, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    return sent[0]["status"], sent[1]["body"]


def test_a_body_of_the_allowed_size_passes():
    assert post(b"12345", b"67890", headers=[(b"content-length", b"10")]) == (200, b"1234567890")


@pytest.mark.parametrize("headers", [[(b"content-length", b"11")], [], [(b"content-length", b"nonsense")]])
def test_a_larger_one_is_refused(headers):
    status, body = post(b"12345", b"67890", b"1", headers=headers)
    assert status == 413
    assert json.loads(body)["error"]["code"] == "payload_too_large"
