"""What the exchange is held against, on the same server: an empty view, an echo, a bare send to everybody.

`tests.performance.peers:application` is an ASGI application; the module is a URL configuration too.
"""

import asyncio
import os
from typing import Any, Final

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.performance.settings")

from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exchange.identity.scopes import TRADE

INTERVAL_S: Final = 0.25


class Empty(APIView):
    """Authenticated and charged as an order is, and nothing else."""

    required_scopes = {"POST": TRADE}
    rate_costs = {"POST": 1}

    def post(self, request: Request) -> Response:
        return Response(status=204)


urlpatterns = [path("empty", Empty.as_view())]


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


SOCKETS: Final = {"/echo": Echo.as_asgi(), "/bare-echo": bare_echo, "/fan": Fan().serve}


async def application(scope: Any, receive: Any, send: Any) -> None:
    serve = django_application if scope["type"] == "http" else SOCKETS[scope["path"]]
    await serve(scope, receive, send)
