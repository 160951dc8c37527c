"""Clients that cost next to nothing: they share the machine with what is measured. Bare sockets, no library."""

import asyncio
import struct
from collections.abc import Callable
from typing import Final

_HANDSHAKE: Final = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_TEXT, _PING, _CLOSE = 0x81, 0x89, 0x88


def text_frame(payload: bytes) -> bytes:
    """As a client sends it: masked, with a mask of zeros."""
    size = len(payload)
    if size < 126:
        return bytes((_TEXT, 0x80 | size, 0, 0, 0, 0)) + payload
    return struct.pack(">BBHI", _TEXT, 0x80 | 126, size, 0) + payload


class WebSocket(asyncio.Protocol):
    """`hear` gets the text of every frame, as bytes."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self.hear = hear
        self._buffer = bytearray()
        self._open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False

    @classmethod
    async def connect(cls, port: int, path: str, hear: Callable[[bytes], None]) -> "WebSocket":
        loop = asyncio.get_running_loop()
        transport, socket = await loop.create_connection(lambda: cls(hear), "127.0.0.1", port)
        transport.write(_HANDSHAKE.format(path=path, port=port).encode())
        await asyncio.wait_for(socket._open, 30)
        return socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True

    def send(self, *payloads: bytes) -> None:
        self._transport.write(b"".join(map(text_frame, payloads)))

    def close(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open.done():
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            assert head.startswith(b"HTTP/1.1 101"), bytes(head)
            self._buffer = rest
            self._open.set_result(None)
        self._take_frames()

    def _take_frames(self) -> None:
        buffer, start = self._buffer, 0
        while len(buffer) - start >= 2:
            kind, size, head = buffer[start], buffer[start + 1], 2
            if size == 126:
                head, size = 4, int.from_bytes(buffer[start + 2 : start + 4])
            elif size == 127:
                head, size = 10, int.from_bytes(buffer[start + 2 : start + 10])
            if len(buffer) - start < head + size:
                break
            payload = bytes(buffer[start + head : start + head + size])
            start += head + size
            if kind == _TEXT:
                self.hear(payload)
            elif kind == _PING:
                self._transport.write(bytes((0x8A, 0x80 | size, 0, 0, 0, 0)) + payload)
            else:
                assert kind == _CLOSE, f"a frame of kind {kind:x}"
        del buffer[:start]


class Http(asyncio.Protocol):
    """One connection that is kept; one request at a time."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answered: asyncio.Future[tuple[int, bytes]]

    @classmethod
    async def connect(cls, port: int) -> "Http":
        _, http = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return http

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    async def post(self, request: bytes) -> tuple[int, bytes]:
        """(status, body) of a whole request as it goes over the line."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    def close(self) -> None:
        self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._answered.done():
            self._answered.set_exception(error or ConnectionError("The server closed the connection."))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = bytes(self._buffer).partition(b"\r\n\r\n")
        if not end:
            return
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if len(body) >= int(fields.get(b"content-length", 0)):
            self._buffer = bytearray()
            self._answered.set_result((int(head[9:12]), body))
