"""What gateways and the engine say to each other through Valkey: names, messages, heartbeat. Transit only."""

import time
from typing import Any, Final

import msgspec
from channels.exceptions import ChannelFull
from channels_redis.core import RedisChannelLayer
from django.conf import settings

COMMANDS: Final = "engine.commands"
REPLIES: Final = "engine.replies"
HEARTBEAT_EVERY_S: Final = 0.5
HEARTBEAT_LIFE_MS: Final = 2000  # Valkey forgets it: no comparing of two machines' clocks
TRANSIT_TIMEOUT_S: Final = 2.0
SEND: Final = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
"""


class Heartbeat(msgspec.Struct, frozen=True):
    """The engine leads, has recovered and takes commands on `channel`. `sequence` is committed; `lag_ms` is how long
    the oldest command without an answer has waited in the engine. `waiting` commands are not decided yet; `batches` of
    `records` in all were committed by this leader, which took `commit_ns` in all."""

    epoch: int
    channel: str
    sequence: int
    time_ns: int
    lag_ms: int
    waiting: int = 0
    batches: int = 0
    records: int = 0
    commit_ns: int = 0


def channel_name(*, domain: int, epoch: int) -> str:
    """Each leader listens on a channel of its own: exactly one receiver, whatever a dying one still does."""
    return f"engine.{domain}.{epoch}"


def heartbeat_key(*, domain: int) -> str:
    return f"engine:{domain}:heartbeat"


def commands_message(*, reply_channel: str, commands: list[bytes]) -> dict[str, Any]:
    return {"type": COMMANDS, "reply_channel": reply_channel, "commands": commands}


def replies_message(*, replies: list[bytes]) -> dict[str, Any]:
    return {"type": REPLIES, "replies": replies}


class EngineLayer(RedisChannelLayer):
    """The channel layer for channels with one receiver each: the same keys, messages and capacity in one round trip
    where the stock layer takes four. It keeps no copy of a message under way: a lost one does no harm here."""

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Raises ChannelFull."""
        now_s = time.time()
        arguments = (now_s - self.expiry, self.get_capacity(channel), now_s, self.serialize(message), self.expiry)
        connection = self.connection(self.consistent_hash(channel))
        if not await connection.eval(SEND, 1, self.prefix + channel, *arguments):
            raise ChannelFull

    async def receive(self, channel: str) -> dict[str, Any]:
        connection = self.connection(self.consistent_hash(channel))
        while True:
            popped = await connection.bzpopmin(self.prefix + channel, timeout=self.brpop_timeout)
            if popped is not None:
                return self.deserialize(popped[1])


def own_layer() -> EngineLayer:
    """A layer of the caller's own, with the settings of the default one: an instance serves one event loop.

    A connection that died without a word is noticed: the time-out is longer than a blocking receive.
    """
    config = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    time_outs = {"socket_connect_timeout": 2, "socket_timeout": 3 * EngineLayer.brpop_timeout}
    return EngineLayer(**{**config, "hosts": [{**host, **time_outs} for host in config["hosts"]]})
