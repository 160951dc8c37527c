"""All streams of one process: each group of the channel layer is joined once, whoever listens.

Belongs to the event loop it was started in.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer
from django.db import InterfaceError, OperationalError, connection
from redis.exceptions import RedisError

from exchange.contract.errors import ApiError
from trading.api.scales import Scale
from trading.projections.changes import HeardChange, decode_changes, group_name
from trading.projections.publisher import LAYER
from trading.selectors.streams import StreamKey, stream_positions
from trading.services.async_gateway import AsyncGateway
from trading.streams.channels import Channel, Sources, group_of, stream_of
from trading.streams.guard import Guard
from trading.streams.markets import Markets, NotInMemory
from trading.streams.stream import Stream

logger = logging.getLogger(__name__)

BEAT_S: Final = 1.0
START_TIMEOUT_S: Final = 4.0
IDLE_BEATS: Final = 10  # before a stream that nobody listens to is dropped
THREADS: Final = 4
RETRY_S: Final = 0.5

Key = tuple[str, int]  # a channel's name, and the account of a private one (else 0)


class Hub:
    def __init__(self) -> None:
        self.gateway = AsyncGateway()
        self.markets = Markets(self.read)
        self.guard = Guard(self._read_for_beat)
        self._made_of = Sources(self.read, self.markets, self.gateway.heartbeat)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="streams")
        self._beat_pool = ThreadPoolExecutor(1, thread_name_prefix="beat")  # whatever keeps the others busy
        self._streams: dict[Key, Stream] = {}
        self._starting: dict[Key, asyncio.Task[None]] = {}
        self._idle_beats: dict[Key, int] = {}
        self._hearing: dict[StreamKey, list[Stream]] = {}
        self._groups: dict[str, set[Key]] = {}

    @classmethod
    def here(cls) -> "Hub":
        """The hub of the running loop."""
        loop = asyncio.get_running_loop()
        hub = _hubs.get(loop)
        if hub is None:
            hub = _hubs[loop] = cls()
            hub._start(loop)
        return hub

    async def stop(self) -> None:
        _hubs.pop(self._loop, None)
        tasks = (self._name, *self._tasks, *self._starting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for stream in self._streams.values():
            stream.close()
        await self._layer.flush()
        await self.gateway.stop()
        self._pool.shutdown()
        self._beat_pool.shutdown()

    async def read(self, function: Callable[..., Any], **arguments: Any) -> Any:
        """Call what uses the database, in a thread. Raises ApiError: engine_unavailable when it is away."""
        return await self._loop.run_in_executor(self._pool, partial(_with_database, function, arguments))

    async def _read_for_beat(self, function: Callable[..., Any], **arguments: Any) -> Any:
        return await self._loop.run_in_executor(self._beat_pool, partial(_with_database, function, arguments))

    async def open(self, channel: Channel, *, account_id: int) -> Stream:
        """The stream, started; join it soon. Refuses with instrument_not_found, engine_unavailable."""
        scale = await self._scale(channel.symbol) if channel.symbol else None
        key = (channel.name, account_id if channel.is_private else 0)
        if key not in self._streams:
            self._streams[key] = stream_of(channel, scale=scale, account_id=account_id, made_of=self._made_of)
            self._starting[key] = self._loop.create_task(self._start_stream(key, channel))
        stream, self._idle_beats[key] = self._streams[key], 0
        starting = self._starting.get(key)
        if starting is not None:
            try:
                await asyncio.shield(starting)
            except (ApiError, RedisError, OSError, TimeoutError):
                raise ApiError("engine_unavailable", "Streams are away for a moment: try again.") from None
        return stream

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._layer = get_channel_layer(LAYER)
        self.gateway.start()
        self._name = loop.create_task(self._new_channel())
        self._tasks = [loop.create_task(self._hear_forever()), loop.create_task(self._beat_forever())]

    async def _new_channel(self) -> str:
        """The name under which this process gets what its groups get; waits for Valkey."""
        while True:
            try:
                return await self._layer.new_channel()
            except (RedisError, OSError):
                await asyncio.sleep(RETRY_S)

    async def _scale(self, symbol: str) -> Scale:
        with suppress(NotInMemory):
            return self.markets.scale_by_symbol(symbol)
        await self.markets.look_again()
        try:
            return self.markets.scale_by_symbol(symbol)
        except NotInMemory:
            raise ApiError("instrument_not_found", details={"symbol": symbol[:40]}) from None

    async def _start_stream(self, key: Key, channel: Channel) -> None:
        """Join the group first, so that nothing falls between; then find out where the stream stands."""
        stream = self._streams[key]
        self._hearing.setdefault(stream.key, []).append(stream)
        group = group_of(channel, stream.key[1])
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                if group is not None:
                    await self._join(group_name(*group), key)
                positions = await self.read(stream_positions, keys=[stream.key])
                await stream.start(positions[stream.key])
        except BaseException:
            await self._drop(key)
            raise
        finally:
            self._starting.pop(key, None)

    async def _join(self, group: str, key: Key) -> None:
        self._groups.setdefault(group, set()).add(key)
        await self._layer.group_add(group, await asyncio.shield(self._name))

    async def _drop(self, key: Key) -> None:
        stream = self._streams.pop(key)
        stream.close()
        self._idle_beats.pop(key, None)
        self._hearing[stream.key].remove(stream)
        for group, members in list(self._groups.items()):
            members.discard(key)
            if not members and self._name.done():
                del self._groups[group]
                with suppress(RedisError, OSError):
                    await self._layer.group_discard(group, self._name.result())

    async def _hear_forever(self) -> None:
        name = await asyncio.shield(self._name)
        while True:
            try:
                message = await self._layer.receive(name)
                for change in decode_changes(message["changes"]):
                    await self._hand_out(change)
            except Exception:
                logger.exception("A message of the streams was lost.")
                await asyncio.sleep(RETRY_S)

    async def _hand_out(self, change: HeardChange) -> None:
        for stream in tuple(self._hearing.get((change.projection, change.owner_id), ())):
            try:
                stream.hear(change)
            except NotInMemory:  # of an instrument listed a moment ago
                await self.markets.look()
                stream.hear(change)

    async def _beat_forever(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self._beat()
            except Exception:
                logger.exception("A heartbeat of the streams failed.")

    async def _beat(self) -> None:
        positions: dict[StreamKey, int] = {}
        with suppress(ApiError):  # with the database away, heartbeats go on
            await self.guard.check()
            keys = list({stream.key for stream in self._streams.values()})
            positions = await self._read_for_beat(stream_positions, keys=keys)
        for key, stream in list(self._streams.items()):
            stream.beat(positions.get(stream.key, 0))
            self._idle_beats[key] = self._idle_beats[key] + 1 if stream.is_idle() else 0
            if self._idle_beats[key] > IDLE_BEATS and key not in self._starting:
                await self._drop(key)


_hubs: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]] = WeakKeyDictionary()


def _with_database(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    try:
        return function(**arguments)
    except (OperationalError, InterfaceError):
        raise ApiError("engine_unavailable", "The database is away for a moment: try again.") from None
    finally:
        connection.close()
