"""A client that keeps books, on the library `websockets`: connects again, and subscribes again after a gap."""

import asyncio
import contextlib
import json
from collections import Counter

import websockets

from tests.streams.following import FollowedBook, Gap, digest

SILENT_S = 5.0  # heartbeats come each second


class BookClient:
    """`observed(symbol, sequence, digest)` is called after every message that changed a book.

    `times(message)` says how often a message is taken: 0 loses it, 2 repeats it. `seen` counts (symbol, type) of
    messages that were taken, `books` those that changed a book; `reached` is the sequence of each book.
    """

    def __init__(self, url, symbols, observed, times=lambda message: 1):
        self.url, self.symbols, self.observed, self.times = url, symbols, observed, times
        self.seen, self.reached = Counter(), dict.fromkeys(symbols, 0)
        self.books = self.connections = self.gaps = 0

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
            async with asyncio.timeout(SILENT_S):
                message = json.loads(await socket.recv())
            if "error" in message:
                return  # away for a moment
            if "channel" not in message:
                continue
            channel = message["channel"]
            try:
                for _ in range(self.times(message)):
                    self._take(channel, books[channel], message)
            except Gap:
                self.gaps += 1
                books[channel] = FollowedBook()
                await socket.send(json.dumps({"op": "unsubscribe", "id": 2, "channels": [channel]}))
                await socket.send(json.dumps({"op": "subscribe", "id": 3, "channels": [channel]}))

    def _take(self, channel, book, message):
        symbol = channel.partition(".")[2]
        self.seen[symbol, message["type"]] += 1
        if book.take(message):
            self.books += 1
            self.reached[symbol] = book.sequence
            self.observed(symbol, book.sequence, digest(book.bids, book.asks))
