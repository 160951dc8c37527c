"""The guide to the WebSocket: every request in it is one the server takes, its book comes out as it says, and no
operation, channel, limit or close code is missing."""

import json
import re
from typing import get_args

import pytest
from django.conf import settings
from django.test import Client

from tests.streams.following import FollowedBook
from tests.whole_exchange import ROOT
from trading.models.market import INTERVALS_S
from trading.streams import channels, guard, limits, order_entry, outbox, socket
from trading.streams import requests as r

GUIDE = (ROOT / "docs" / "websocket.md").read_text()
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)]


def test_every_request_is_taken_and_every_operation_is_named():
    requests = [example for example in EXAMPLES if "op" in example]
    assert len(requests) > 8
    for request in requests:
        r.read_message(json.dumps(request))
    for operation in get_args(r.AnyMessage):
        assert f"`{operation.__struct_config__.tag}`" in GUIDE, operation


def test_every_channel_is_named():
    kinds = [*channels.PRIVATE, "status", "liquidations", *(f"{kind}.SYMBOL" for kind in channels.MARKET_STREAMS)]
    for kind in kinds:
        assert re.search(rf"`{re.escape(kind)}(\.INTERVAL)?`", GUIDE), kind
    assert all(f"`{interval}`" in GUIDE for interval in INTERVALS_S)


def test_its_book_comes_out_as_it_says():
    book = FollowedBook()
    for message in (example for example in EXAMPLES if str(example.get("channel")).startswith("book.")):
        book.take(message)
    (said,) = re.findall(r"After the two messages above: bids (.*?); asks (.*?)\.\n", GUIDE)
    shown = tuple(", ".join(f"{price} × {lots}" for price, lots in side.items()) for side in (book.bids, book.asks))
    assert shown == said


@pytest.mark.parametrize(
    "code", [guard.NO_LONGER_VALID, socket.NOT_USED, socket.SLOW_READER, socket.FLOODED, socket.FAULT]
)
def test_every_close_code_is_explained(code):
    assert f"| {code} |" in GUIDE


def test_limits_are_the_ones_that_hold():
    assert f"{r.MAXIMUM_FRAME_BYTES // 1024} KiB" in GUIDE
    assert f"{limits.OPERATIONS_A_SECOND} a second" in GUIDE
    assert f"after {limits.FLOOD:,} refusals in {limits.FLOOD_S:.0f} s" in GUIDE
    assert f"| {order_entry.MAXIMUM_IN_FLIGHT} |" in GUIDE and f"| {r.MAXIMUM_SUBSCRIPTIONS} |" in GUIDE
    assert f"| {guard.SOCKETS_A_USER} on each server |" in GUIDE
    assert f"| {settings.ANONYMOUS_SOCKETS_PER_ADDRESS} on each server |" in GUIDE
    assert f"| {socket.IDLE_S:.0f} s | the connection ends ({socket.NOT_USED})" in GUIDE
    assert f"| {outbox.MAXIMUM_BYTES // 2**20} MiB |" in GUIDE
    assert f"within {order_entry.SWITCH_MS // 1000} seconds" in GUIDE


@pytest.mark.django_db
def test_the_guide_is_served_beside_the_description():
    answer = Client().get("/api/docs/websocket.md")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert answer.content.decode() == GUIDE
    assert "/api/docs/websocket.md" in Client().get("/api/schema/").content.decode()
