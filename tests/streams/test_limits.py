"""How much one connection may do, and that whoever does much does not take the heartbeats from the others."""

import asyncio
import threading
from types import SimpleNamespace

import msgspec
import pytest
from django.test import RequestFactory

from exchange.contract.errors import ApiError
from trading.engine.replies import Outcome
from trading.streams import hub as hub_module
from trading.streams.hub import THREADS, Hub
from trading.streams.limits import OPERATIONS_A_SECOND
from trading.streams.order_entry import MAXIMUM_IN_FLIGHT, OrderEntry
from trading.streams.requests import read_message
from trading.streams.socket import Socket

pytestmark = pytest.mark.asyncio


def outcome(command, sequence, events):
    return Outcome(command.command_id, sequence, 1, events, None, 0, 0)


class Gateway:
    """Keeps what is sent; a test says what came of it."""

    def __init__(self):
        self.sent = []

    def submit_many(self, commands, then):
        self.sent.append((commands, then))


class Talker:
    """Orders over a gateway of the test."""

    def __init__(self):
        self.gateway, self.frames = Gateway(), []
        hub = SimpleNamespace(gateway=self.gateway, markets=None, read=asyncio.to_thread)
        principal = SimpleNamespace(key_id="key", user=SimpleNamespace(pk=1), acting_account_id=lambda: 7)
        handshake = RequestFactory().get("/ws/v1")
        self.entry = OrderEntry(hub, principal, handshake, bytes(16), self.frames.append)

    async def say(self, op, **fields):
        text = msgspec.json.encode({"op": op, "nonce": str(len(self.gateway.sent)), **fields}).decode()
        await self.entry.take(read_message(text))

    async def cancel(self, count):
        await self.say("order.batch", args={"operations": [{"op": "cancel", "id": 1}] * count})

    async def cancel_all_in_vain(self):
        await self.say("order.cancel_all")
        commands, then = self.gateway.sent[-1]
        then([outcome(commands[0], len(self.gateway.sent), [])])
        await asyncio.gather(*self.entry._tasks)


async def test_a_batch_under_way_counts_as_its_operations():
    talker = Talker()
    for _ in range(MAXIMUM_IN_FLIGHT // 50):
        await talker.cancel(50)
    await talker.cancel(MAXIMUM_IN_FLIGHT % 50)
    with pytest.raises(ApiError, match="under way"):
        await talker.cancel(1)
    commands, then = talker.gateway.sent[0]
    then([ApiError("engine_busy")] * 50)
    assert len(commands) == 50 and len(talker.frames) == 1
    await talker.cancel(50)
    with pytest.raises(ApiError, match="under way"):
        await talker.cancel(1)


async def test_cancels_that_find_nothing_are_free_until_there_is_a_debt(settings, valkey_url):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "key": (3, 2)}
    talker = Talker()
    for _ in range(4):
        await talker.cancel_all_in_vain()
    with pytest.raises(ApiError) as refused:
        await talker.say("order.cancel_all")
    assert refused.value.code == "rate_limited"
    await asyncio.sleep(1)
    await talker.cancel_all_in_vain()


async def test_a_batch_takes_as_much_of_the_pace_as_its_operations():
    operations = [{"op": "cancel", "id": 1}] * 50
    batch = msgspec.json.encode({"op": "order.batch", "nonce": "n", "args": {"operations": operations}}).decode()
    socket, frames = Socket(Hub(), None, None, None), []
    socket.put = lambda frame: frames.append(msgspec.json.decode(frame["text"])["error"]["code"])
    for _ in range(OPERATIONS_A_SECOND // 50 + 3):
        await socket._take(batch)
    assert frames[: OPERATIONS_A_SECOND // 50] == ["unauthenticated"] * (OPERATIONS_A_SECOND // 50)
    assert frames[-1] == "rate_limited"


async def test_heartbeats_do_not_wait_for_what_keeps_the_threads_busy(monkeypatch):
    monkeypatch.setattr(hub_module, "stream_positions", lambda keys: {})
    hub, done = Hub(), threading.Event()
    hub._loop = asyncio.get_running_loop()
    busy = [asyncio.create_task(hub.read(done.wait, timeout=10)) for _ in range(2 * THREADS)]
    try:
        await asyncio.wait_for(hub._beat(), 2)
    finally:
        done.set()
        assert await asyncio.gather(*busy) == [True] * len(busy)
