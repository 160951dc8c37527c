"""Orders of one connection over a gateway of the test, which says what came of them."""

import asyncio
from types import SimpleNamespace

import msgspec
from django.test import RequestFactory

from trading.engine.replies import Outcome
from trading.streams.hub import _with_database
from trading.streams.markets import Markets
from trading.streams.order_entry import OrderEntry
from trading.streams.requests import read_message


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
        hub = SimpleNamespace(gateway=self.gateway, markets=Markets(self._read), read=self._read)
        principal = SimpleNamespace(key_id="key", user=SimpleNamespace(pk=1), acting_account_id=lambda: 7)
        handshake = RequestFactory().get("/ws/v1")
        self.entry = OrderEntry(hub, principal, handshake, bytes(16), self.frames.append)

    async def _read(self, function, **arguments):
        return await asyncio.to_thread(_with_database, function, arguments)

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
