"""A client that keeps books, on the library `websockets`: connects again, and subscribes again after a gap."""

import asyncio
import contextlib
import json

import websockets

from tests.streams.following import FollowedBook, Gap

SILENT_S = 5.0  # heartbeats come each second


class BookClient:
    """`observed(symbol, sequence, bids, asks)` is called after every message that changed a book."""

    def __init__(self, url, symbols, observed):
        self.url, self.symbols, self.observed = url, symbols, observed
        self.messages = self.deltas = self.snapshots = self.connections = self.gaps = 0

    async def run(self):
        """Until cancelled."""
        while True:
            with contextlib.suppress(OSError, TimeoutError, websockets.WebSocketException):
                async with websockets.connect(self.url, max_size=None, open_timeout=SILENT_S) as socket:
                    self.connections += 1
                    await self._follow(socket)
            await asyncio.sleep(0.2)

    async def _follow(self, socket):
        books = {f"book.{symbol}": FollowedBook() for symbol in self.symbols}
        await socket.send(json.dumps({"op": "subscribe", "id": 1, "channels": list(books)}))
        while True:
            message = json.loads(await asyncio.wait_for(socket.recv(), SILENT_S))
            if "error" in message:
                return  # away for a moment
            if "channel" not in message:
                continue
            channel = message["channel"]
            try:
                self._take(channel, books[channel], message)
            except Gap:
                self.gaps += 1
                books[channel] = FollowedBook()
                await socket.send(json.dumps({"op": "unsubscribe", "id": 2, "channels": [channel]}))
                await socket.send(json.dumps({"op": "subscribe", "id": 3, "channels": [channel]}))

    def _take(self, channel, book, message):
        self.messages += 1
        if book.take(message):
            self.deltas += message["type"] == "delta"
            self.snapshots += message["type"] == "snapshot"
            self.observed(channel.partition(".")[2], book.sequence, dict(book.bids), dict(book.asks))
