"""One WebSocket: its handshake, its messages, its end."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from exchange.contract.errors import ApiError
from exchange.identity import addresses, sockets, throttles
from exchange.identity.principals import Principal
from exchange.identity.scopes import READ, TRADE
from exchange.identity.sockets import Identity
from trading.streams import counters
from trading.streams import requests as r
from trading.streams.channels import Channel, parse_channel
from trading.streams.frames import Frame, error_frame, result_frame
from trading.streams.hub import Hub
from trading.streams.limits import Pace
from trading.streams.order_entry import OrderEntry
from trading.streams.outbox import Outbox
from trading.streams.stream import Stream
from trading.streams.wire import GONE, Send, Wire

logger = logging.getLogger(__name__)

IDLE_S: Final = 10.0  # to authenticate or subscribe
CLOSE_S: Final = 2.0  # for the closing handshake
NOT_USED: Final = 4001
SLOW_READER: Final = 4008
FLOODED: Final = 4029
FAULT: Final = 1011

Receive = Callable[[], Awaitable[dict[str, Any]]]


async def serve(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI application of /ws/v1."""
    handshake = sockets.handshake_of(scope)
    await receive()
    if not sockets.is_from_allowed_origin(handshake):
        return await send({"type": "websocket.close", "code": 4403})
    hub = Hub.here()
    socket = Socket(hub, handshake, receive, send)
    try:
        await hub.read(throttles.charge_principal, request=handshake, principal=None, cost=1)
        hub.guard.welcome(socket, addresses.client_address(handshake))
    except ApiError:
        return await send({"type": "websocket.close", "code": 4429})
    try:
        await send({"type": "websocket.accept"})
        await socket.run()
    finally:
        hub.guard.dismiss(socket)


class Socket:
    def __init__(self, hub: Hub, handshake: Any, receive: Receive, send: Send) -> None:
        self.hub = hub
        self.handshake = handshake
        self.identity: Identity | None = None
        self._connection = secrets.token_bytes(16)
        self._receive = receive
        self._wire = Wire(send)
        self._outbox = Outbox(self._wire, lambda: self.close(SLOW_READER, "Messages were not read fast enough."))
        self._subscribed: dict[str, Stream] = {}
        self._closing: asyncio.Task[None] | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._pace = Pace()
        self._orders: OrderEntry | None = None

    def put(self, frame: Frame) -> None:
        self._outbox.put(frame)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        writer = loop.create_task(self._outbox.run())
        writer.add_done_callback(self._end_if_mute)
        self._timers.append(loop.call_later(IDLE_S, self._end_if_idle))
        try:
            counters.OPEN.inc()
            while (message := await self._receive())["type"] == "websocket.receive":
                counters.RECEIVED.inc()
                await self._take(message.get("text"))
        finally:
            counters.OPEN.dec()
            self._outbox.cut()
            for timer in self._timers:
                timer.cancel()
            for task in filter(None, (writer, self._closing)):
                task.cancel()
            for stream in self._subscribed.values():
                stream.leave(self)
            if self._orders is not None:
                await self._orders.close()
            await asyncio.gather(writer, *filter(None, (self._closing,)), return_exceptions=True)

    def close(self, code: int, reason: str) -> None:
        """Say why, as far as the client still reads, and end."""
        if self._closing is None:
            counters.CLOSED.labels(code).inc()
            loop = asyncio.get_running_loop()
            self._outbox.cut()
            closing = {"type": "websocket.close", "code": code, "reason": reason}
            self._closing = loop.create_task(self._wire.send(closing))
            self._timers.append(loop.call_later(CLOSE_S, self._wire.abort))

    def _end_if_mute(self, writer: asyncio.Task[None]) -> None:
        """Without its writer the socket would stay open and silent."""
        if not writer.cancelled() and (error := writer.exception()) is not None:
            if not isinstance(error, GONE):
                logger.error("A frame could not be sent.", exc_info=error)
            self.close(FAULT, "A fault of ours. It has been logged.")

    def _end_if_idle(self) -> None:
        if self.identity is None and not self._subscribed:
            self.close(NOT_USED, f"Authenticate or subscribe within {IDLE_S:.0f} s.")

    async def _take(self, text: str | None) -> None:
        if self._closing is not None:
            return
        try:
            self._pace.step()
            message = r.read_message(text)
            self._pace.step(message.operations - 1)
        except ApiError as error:
            if self._pace.is_flooded:
                return self.close(FLOODED, "Too many messages a second.")
            return self.put(error_frame(r.id_of(text), error))
        try:
            await self._carry_out(message)
        except ApiError as error:
            self.put(error_frame(message.id, error))
        except Exception:
            logger.exception("An operation of a socket failed.")
            self.put(error_frame(message.id, ApiError("engine_unavailable", "A fault of ours. It has been logged.")))

    async def _carry_out(self, message: r.AnyMessage) -> None:
        match message:
            case r.OrderMessage():
                await self._order_entry().take(message)
            case r.Subscribe():
                await self._subscribe(message)
            case r.Unsubscribe():
                self._unsubscribe(message)
            case r.Auth():
                await self._authenticate(message)
            case r.Ping():
                self.put(result_frame(message.id, {"time": time.time_ns() // 1_000_000}))

    async def _subscribe(self, message: r.Subscribe) -> None:
        """All of the channels, or none. The answer tells the sequence of each, and comes before their messages."""
        channels = [parse_channel(name) for name in dict.fromkeys(message.channels)]
        account_id = self._account_id_for(channels)
        if len(self._subscribed.keys() | {channel.name for channel in channels}) > r.MAXIMUM_SUBSCRIPTIONS:
            raise ApiError("invalid_parameter", f"A socket may have {r.MAXIMUM_SUBSCRIPTIONS} subscriptions.")
        streams = [await self.hub.open(channel, account_id=account_id) for channel in channels]
        sequences = {stream.channel: stream.sequence for stream in streams}
        self.put(result_frame(message.id, {"channels": sequences}))
        for stream in streams:
            self._subscribed[stream.channel] = stream
            stream.join(self)

    def _account_id_for(self, channels: list[Channel]) -> int:
        """0 when none of them is private. Refuses with unauthenticated, forbidden_scope, account_not_found."""
        if not any(channel.is_private for channel in channels):
            return 0
        return self._principal(READ).acting_account_id()

    def _unsubscribe(self, message: r.Unsubscribe) -> None:
        for name in message.channels:
            stream = self._subscribed.pop(name, None)
            if stream is not None:
                stream.leave(self)
        self.put(result_frame(message.id, {"channels": sorted(self._subscribed)}))

    async def _authenticate(self, message: r.Auth) -> None:
        if self.identity is not None:
            raise ApiError("invalid_parameter", "This socket is authenticated: open another one for another account.")
        identity = await self._identify(message)
        self.hub.guard.admit(self, identity)
        principal = identity.principal
        scopes = sorted(principal.scopes)
        self.put(result_frame(message.id, {"account": principal.account_id, "scopes": scopes}))

    async def _identify(self, message: r.Auth) -> Identity:
        """A refusal costs the address a credit, so that guessing is slow."""
        signed = {name: value for name in sockets.FIELDS if (value := getattr(message, name)) is not None}
        try:
            if not signed:
                return await self.hub.read(
                    sockets.authenticate_session, handshake=self.handshake, account_id=message.account
                )
            if message.account is not None:
                raise ApiError("invalid_parameter", "A key acts for its own account: leave out account.")
            return await self.hub.read(sockets.authenticate_key, handshake=self.handshake, fields=signed)
        except ApiError:
            await self.hub.read(throttles.charge_principal, request=self.handshake, principal=None, cost=1)
            raise

    def _order_entry(self) -> OrderEntry:
        principal = self._principal(TRADE)
        if self._orders is None:
            self._orders = OrderEntry(self.hub, principal, self.handshake, self._connection, self.put)
        return self._orders

    def _principal(self, scope: str) -> Principal:
        if self.identity is None:
            raise ApiError("unauthenticated", "Authenticate first.")
        principal = self.identity.principal
        if scope not in principal.scopes:
            raise ApiError("forbidden_scope", details={"required_scope": scope})
        return principal
