"""What is on its way to one client. It is bounded: who does not read is cut off, not waited for."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from trading.streams import counters
from trading.streams.frames import Frame
from trading.streams.wire import Wire

MAXIMUM_BYTES: Final = 2 * 1024 * 1024
MAXIMUM_FRAMES: Final = 4096


class Outbox:
    """`overflow` is called once, when more waits than a reading client would leave."""

    def __init__(self, wire: Wire, overflow: Callable[[], None]) -> None:
        self._wire = wire
        self._overflow = overflow
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._largest_bytes = 0
        self._wake: asyncio.Future[None] | None = None
        self._is_cut = False

    def put(self, frame: Frame) -> None:
        """Never waits. After an overflow nothing more is taken. What waits is judged without its largest frame."""
        if self._is_cut:
            return
        waiting_bytes = self._bytes + self._wire.unsent_bytes()
        if not waiting_bytes:
            self._largest_bytes = 0
        if waiting_bytes - self._largest_bytes > MAXIMUM_BYTES or len(self._frames) >= MAXIMUM_FRAMES:
            self.cut()
            return self._overflow()
        self._frames.append(frame)
        size_bytes = len(frame["text"])
        self._bytes += size_bytes
        self._largest_bytes = max(self._largest_bytes, size_bytes)
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def cut(self) -> None:
        """Forget what waits, take no more."""
        self._is_cut = True
        self._frames.clear()

    async def run(self) -> None:
        """Sends until cancelled, or until the client has gone."""
        loop, frames, send = asyncio.get_running_loop(), self._frames, self._wire.send
        while True:
            while frames:
                frame = frames.popleft()
                self._bytes -= len(frame["text"])
                await send(frame)
                counters.SENT.inc()
            self._wake = loop.create_future()
            await self._wake
