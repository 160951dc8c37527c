"""What the exchange is held against, on the same server: an empty view, echoes, a bare send to everybody."""

import asyncio
from typing import Any, Final

from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.asgi import get_asgi_application

INTERVAL_S: Final = 0.25


class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(text_data=text_data)


class Fan:
    """All its sockets are sent the same text four times a second; the text is what the first socket said first."""

    def __init__(self) -> None:
        self._sends: set[Any] = set()
        self._frame: dict[str, Any] = {}
        self._sending: asyncio.Task[None] | None = None

    async def serve(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self._sends.add(send)
        try:
            while (message := await receive())["type"] == "websocket.receive":
                self._frame = {"type": "websocket.send", "text": message["text"]}
                self._sending = self._sending or asyncio.ensure_future(self._send_forever())
        finally:
            self._sends.discard(send)
            if not self._sends and self._sending is not None:
                self._sending.cancel()
                self._sending = None

    async def _send_forever(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_S)
            for send in tuple(self._sends):
                await send(self._frame)


async def bare_echo(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


DJANGO: Final = get_asgi_application()
SOCKETS: Final = {"/echo": Echo.as_asgi(), "/bare-echo": bare_echo, "/fan": Fan().serve}


async def application(scope: Any, receive: Any, send: Any) -> None:
    serve = DJANGO if scope["type"] == "http" else SOCKETS[scope["path"]]
    await serve(scope, receive, send)
