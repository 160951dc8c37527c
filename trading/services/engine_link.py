"""A process's line to the engine: sends, receives and keeps waiting callers by command id, in a background thread with
an event loop of its own, or in the caller's."""

import asyncio
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

import msgspec
import redis.asyncio
from channels.exceptions import ChannelFull
from django.conf import settings
from redis.exceptions import RedisError

from exchange.contract.errors import ApiError
from trading.engine.answers import decode_answers
from trading.engine.replies import Reply
from trading.models.journal import DOMAIN
from trading.services.engine_channel import (
    TRANSIT_TIMEOUT_S,
    Heartbeat,
    commands_message,
    heartbeat_key,
    own_layer,
)

logger = logging.getLogger(__name__)

TRANSIT_FAILURES: Final = (RedisError, OSError, TimeoutError)
HEARTBEAT_CACHED_S: Final = 0.25
COMMANDS_A_MESSAGE: Final = 256
WAITING_COMMANDS: Final = 20_000
RETRY_S: Final = 0.1


@dataclass(slots=True, kw_only=True)
class Errand:
    """Encoded commands that stay together and in order, and the future of each one's reply."""

    command_ids: list[bytes]
    encoded: list[bytes]
    futures: list[Future[Reply]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.futures = [Future() for _ in self.command_ids]

    def fail(self, code: str) -> None:
        for future in self.futures:
            _settle(future, error=ApiError(code))


class EngineLink:
    """`start` or `start_here` comes first. After `start_here` everything else is for the thread of that loop."""

    def __init__(self) -> None:
        self._errands: deque[Errand] = deque()
        self._waiting: dict[bytes, list[Future[Reply]]] = {}
        self._woken = False
        self._heartbeat: Heartbeat | None = None
        self._heartbeat_read_s = float("-inf")

    def start(self) -> None:
        """In a thread of its own."""
        ready = threading.Event()
        threading.Thread(target=self._run_thread, args=(ready,), name="engine-link", daemon=True).start()
        ready.wait()

    def start_here(self) -> None:
        """In the running loop: whoever sends from it needs no other thread."""
        self._open()
        self._call: Callable[..., object] = _call_now
        self._work_task = self._loop.create_task(self._work())

    async def stop(self) -> None:
        """After `start_here`."""
        self._work_task.cancel()
        with suppress(asyncio.CancelledError):
            await self._work_task
        await self._valkey.aclose()
        await self._layer.close_pools()

    def run(self, errand: Errand) -> None:
        """Send it as soon as possible; its futures get replies, or ApiError when surely nothing was done."""
        if len(self._waiting) > WAITING_COMMANDS:
            errand.fail("engine_busy")
            return
        self._errands.append(errand)
        if not self._woken:
            self._woken = True
            self._call(self._wake.set)

    def give_up(self, errand: Errand) -> None:
        """Nobody waits for it any more."""
        for future in errand.futures:
            future.cancel()
        self._call(self._forget, errand)

    def heartbeat(self) -> Heartbeat | None:
        """Waits for it; after `start_here` use `current_heartbeat`."""
        return asyncio.run_coroutine_threadsafe(self.current_heartbeat(), self._loop).result()

    def _run_thread(self, ready: threading.Event) -> None:
        async def work() -> None:
            self._open()
            self._call = self._loop.call_soon_threadsafe
            ready.set()
            await self._work()

        asyncio.run(work())

    def _open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._reading_heartbeat = asyncio.Lock()
        self._layer = own_layer()
        self._reply_channel = f"gateway.{uuid.uuid4().hex}"
        self._valkey = redis.asyncio.Redis.from_url(settings.VALKEY_URL, socket_timeout=1, socket_connect_timeout=1)

    async def _work(self) -> None:
        await asyncio.gather(self._send_forever(), self._receive_forever())

    async def _send_forever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._woken = False
            while self._errands:
                try:
                    await self._send(self._next_errands())
                except Exception:
                    logger.exception("A message to the engine failed.")

    def _next_errands(self) -> list[Errand]:
        errands, commands = [], 0
        while self._errands and (not errands or commands + len(self._errands[0].encoded) <= COMMANDS_A_MESSAGE):
            errand = self._errands.popleft()
            errands.append(errand)
            commands += len(errand.encoded)
        return errands

    async def _send(self, errands: list[Errand]) -> None:
        heartbeat = await self.current_heartbeat()
        if heartbeat is None:
            return _fail(errands, "engine_unavailable")
        self._expect_replies(errands)
        commands = [encoded for errand in errands for encoded in errand.encoded]
        message = commands_message(reply_channel=self._reply_channel, commands=commands)
        try:
            await asyncio.wait_for(self._layer.send(heartbeat.channel, message), TRANSIT_TIMEOUT_S)
        except ChannelFull:
            for errand in errands:
                self._forget(errand)
            _fail(errands, "engine_busy")
        except TRANSIT_FAILURES:  # it may have arrived all the same: whoever waits goes on waiting
            self._heartbeat_read_s = float("-inf")

    def _expect_replies(self, errands: list[Errand]) -> None:
        for errand in errands:
            for command_id, future in zip(errand.command_ids, errand.futures, strict=True):
                self._waiting.setdefault(command_id, []).append(future)

    def _forget(self, errand: Errand) -> None:
        for command_id, future in zip(errand.command_ids, errand.futures, strict=True):
            futures = self._waiting.get(command_id, [])
            if future in futures:
                futures.remove(future)
            if not futures:
                self._waiting.pop(command_id, None)

    async def _receive_forever(self) -> None:
        while True:
            try:
                message = await self._layer.receive(self._reply_channel)
                self._hand_out(message)
            except TRANSIT_FAILURES:
                self._heartbeat_read_s = float("-inf")
                await asyncio.sleep(RETRY_S)
            except Exception:
                logger.exception("A message from the engine was lost.")
                await asyncio.sleep(RETRY_S)

    def _hand_out(self, message: dict[str, Any]) -> None:
        for reply in chain.from_iterable(map(decode_answers, message["replies"])):
            futures = self._waiting.pop(reply.command_id, None)
            if futures:  # else its sender has gone
                _settle(futures.pop(0), reply=reply)
            if futures:  # the same command, sent more than once
                self._waiting[reply.command_id] = futures

    async def current_heartbeat(self) -> Heartbeat | None:
        async with self._reading_heartbeat:
            if time.monotonic() - self._heartbeat_read_s > HEARTBEAT_CACHED_S:
                self._heartbeat = await self._read_heartbeat()
                self._heartbeat_read_s = time.monotonic()
        return self._heartbeat

    async def _read_heartbeat(self) -> Heartbeat | None:
        try:
            data = await self._valkey.get(heartbeat_key(domain=DOMAIN))
        except TRANSIT_FAILURES:
            return None
        return msgspec.json.decode(data, type=Heartbeat) if data else None


def _call_now(function: Callable[..., object], *arguments: object) -> None:
    function(*arguments)


def _fail(errands: list[Errand], code: str) -> None:
    for errand in errands:
        errand.fail(code)


def _settle(future: Future[Reply], *, reply: Reply | None = None, error: ApiError | None = None) -> None:
    """Callers that lost patience have cancelled theirs."""
    with suppress(InvalidStateError):
        if error is not None:
            future.set_exception(error)
        elif reply is not None:
            future.set_result(reply)
