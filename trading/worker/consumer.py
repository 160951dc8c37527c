"""The engine's event loop: receive, decide, commit, tell. A channels worker that listens only while it has room."""

import asyncio
import gc
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import redis.asyncio
from channels.exceptions import ChannelFull
from channels.worker import Worker
from channels_redis.core import RedisChannelLayer
from redis.exceptions import RedisError

from trading.engine.engine import Engine
from trading.engine.state import NEVER_NS
from trading.services.engine_channel import (
    COMMANDS,
    HEARTBEAT_EVERY_S,
    HEARTBEAT_LIFE_MS,
    TRANSIT_TIMEOUT_S,
    Heartbeat,
    channel_name,
    heartbeat_key,
    replies_message,
)
from trading.worker.group_commit import GroupCommit, Lease, Replies
from trading.worker.journal import PostgresJournal

logger = logging.getLogger(__name__)

TRANSIT_FAILURES: Final = (RedisError, OSError, TimeoutError, ChannelFull)
RETRY_S: Final = 0.2
ROOM_POLL_S: Final = 0.005
TIDY_EVERY_S: Final = 60.0


class EngineWorker(Worker):
    """Runs until SIGTERM or SIGINT; raises whatever ends the engine. `unhandled` gets what a callback raises."""

    def __init__(
        self,
        *,
        engine: Engine,
        journal: PostgresJournal,
        lease: Lease,
        layer: RedisChannelLayer,
        valkey_url: str,
        unhandled: Callable[[BaseException], Any],
    ) -> None:
        self._channel = channel_name(domain=lease.domain, epoch=lease.epoch)
        super().__init__(application=None, channels=[self._channel], channel_layer=layer)
        self._lease = lease
        self._journal = journal
        self._unhandled = unhandled
        self._commit = GroupCommit(engine=engine, journal=journal, lease=lease, clock=time.time_ns, tell=self._tell)
        self._outbox: Replies = {}
        self._heart = redis.asyncio.Redis.from_url(valkey_url, socket_timeout=1, socket_connect_timeout=1)
        self._in_touch = True
        self._timer: asyncio.TimerHandle | None = None
        self._tidied_s = time.monotonic()

    async def handle(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self._unhandled(context.get("exception") or JobFailed(context)))
        self._wake, self._told, self._stopping = asyncio.Event(), asyncio.Event(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        self._journal.start()
        listening = asyncio.ensure_future(self.listener(self._channel))
        telling, beating = asyncio.ensure_future(self._tell_forever()), asyncio.ensure_future(self._beat_forever())
        deciding, stopping = asyncio.ensure_future(self._decide_forever()), asyncio.ensure_future(self._stopping.wait())
        jobs = {listening, telling, beating, deciding, stopping}
        done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
        for job in done:
            job.result()  # raises what ended it
        await self._stop(listening, beating, deciding)

    async def listener(self, channel: str) -> None:
        while True:
            if not self._commit.has_room():
                await asyncio.sleep(ROOM_POLL_S)
            elif (message := await self._in_transit(self.channel_layer.receive(channel))) is None:
                await asyncio.sleep(RETRY_S)
            else:
                self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        reply_channel, commands = message.get("reply_channel"), message.get("commands")
        if message.get("type") != COMMANDS or not isinstance(reply_channel, str) or not isinstance(commands, list):
            logger.warning("A message that is none of ours came in and was dropped.")
            return
        self._commit.receive(reply_channel=reply_channel, commands=commands)
        self._wake.set()

    async def _decide_forever(self) -> None:
        """Ends when it is to stop and nothing is left to commit."""
        while not (self._stopping.is_set() and self._commit.is_idle()):
            if self._commit.step():
                await asyncio.sleep(0)  # let the sockets speak
                continue
            self._set_timer()
            await self._wake.wait()
            self._wake.clear()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_ns = self._commit.engine.next_timer_ns()
        if due_ns != NEVER_NS:
            delay_s = max(0.0, (due_ns - time.time_ns()) / 1e9)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._wake.set)

    def _tell(self, replies: Replies) -> None:
        """After a COMMIT: what is told while a message is on its way travels with the next one."""
        for channel, encoded in replies.items():
            self._outbox.setdefault(channel, []).extend(encoded)
        self._told.set()
        self._wake.set()

    async def _tell_forever(self) -> None:
        while True:
            await self._told.wait()
            self._told.clear()
            await self._empty_outbox()

    async def _empty_outbox(self) -> None:
        """Replies that cannot be delivered are lost: their senders learn the outcome another way."""
        outbox, self._outbox = self._outbox, {}
        await asyncio.gather(*(self._reply(channel, replies) for channel, replies in outbox.items()))

    async def _reply(self, channel: str, replies: list[bytes]) -> None:
        sending = self.channel_layer.send(channel, replies_message(replies=replies))
        await self._in_transit(asyncio.wait_for(sending, TRANSIT_TIMEOUT_S))

    async def _beat_forever(self) -> None:
        key = heartbeat_key(domain=self._lease.domain)
        while True:
            await self._in_transit(self._heart.set(key, self._heartbeat(), px=HEARTBEAT_LIFE_MS))
            self._tidy_when_idle()
            await asyncio.sleep(HEARTBEAT_EVERY_S)

    def _heartbeat(self) -> bytes:
        commit, written = self._commit, self._journal.written
        return msgspec.json.encode(
            Heartbeat(
                epoch=self._lease.epoch,
                channel=self._channel,
                sequence=commit.committed_sequence,
                time_ns=commit.engine.state.time_ns,
                lag_ms=commit.lag_ns() // 1_000_000,
                waiting=commit.waiting(),
                batches=written.batches,
                records=written.records,
                commit_ns=written.commit_ns,
            )
        )

    async def _in_transit(self, job: Awaitable[Any]) -> Any:
        """The result, or None when Valkey or the receiver's channel is in trouble: the engine lives on."""
        try:
            result = await job
        except TRANSIT_FAILURES as error:
            if self._in_touch and not isinstance(error, ChannelFull):
                logger.warning("Valkey is away: %s", error)
                self._in_touch = False
            return None
        if not self._in_touch:
            logger.info("Valkey is back.")
            self._in_touch = True
        return result

    def _tidy_when_idle(self) -> None:
        """The cyclic collector is off; what asyncio's errors leave behind is swept when nobody waits, young objects
        only."""
        if self._commit.is_idle() and time.monotonic() - self._tidied_s > TIDY_EVERY_S:
            gc.collect()
            gc.freeze()
            self._tidied_s = time.monotonic()

    async def _stop(self, *jobs: asyncio.Future[Any]) -> None:
        listening, beating, deciding = jobs
        listening.cancel()
        beating.cancel()
        self._wake.set()
        await deciding
        await self._in_transit(self._heart.delete(heartbeat_key(domain=self._lease.domain)))
        await self._empty_outbox()
        self._journal.disconnect()


class JobFailed(Exception):
    """An error that asyncio describes without an exception."""
