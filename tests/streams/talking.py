"""A WebSocket to talk over in tests: sends operations, waits for their answers, keeps what came in between."""

import asyncio
import contextlib
import itertools
import json

import websockets

from tests.signing import sign_headers

PATIENCE_S = 15.0


class Talk:
    def __init__(self, socket):
        self.socket = socket
        self.messages = []  # of channels, in order
        self.answers = {}
        self._ids = itertools.count(1)

    async def ask(self, op, **fields):
        """The answer to one operation: its result, or {"error": …}."""
        return (await self.ask_all([(op, fields)]))[0]

    async def ask_all(self, operations):
        """Sends all, then waits for all."""
        ids = []
        for op, fields in operations:
            ids.append(next(self._ids))
            await self.socket.send(json.dumps({"op": op, "id": ids[-1], **fields}))
        return [await self._answer(number) for number in ids]

    async def say(self, text):
        """Sends this very text; the next answer without an id."""
        await self.socket.send(text)
        return await self._answer(None)

    async def hear(self, channel, *, where=lambda message: True):
        """The next message of the channel that is no heartbeat, and takes it out."""
        while True:
            for number, message in enumerate(self.messages):
                if message["channel"] == channel and message["type"] != "heartbeat" and where(message):
                    return self.messages.pop(number)
            await self._receive()

    async def authenticate(self, account, **changes):
        return await self.ask("auth", **{**signed(account), **changes})

    async def closed(self):
        """Waits for the end; its close code."""
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await self._receive()
        return self.socket.close_code

    async def _answer(self, number):
        while number not in self.answers:
            await self._receive()
        answer = self.answers.pop(number)
        return answer if "error" in answer else answer["result"]

    async def _receive(self):
        message = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE_S))
        if "channel" in message:
            self.messages.append(message)
        else:
            self.answers[message["id"]] = message


@contextlib.asynccontextmanager
async def talk(address, **options):
    async with websockets.connect(
        f"ws://{address}/ws/v1", max_size=None, open_timeout=PATIENCE_S, close_timeout=2, **options
    ) as socket:
        yield Talk(socket)


def signed(account):
    """The fields of an auth operation with a demo account's key."""
    headers = sign_headers(account["api_key"], account["api_secret"], "GET", "/ws/v1")
    return {
        "key": headers["X-API-Key"],
        "timestamp": headers["X-API-Timestamp"],
        "nonce": headers["X-API-Nonce"],
        "signature": headers["X-API-Signature"],
    }
