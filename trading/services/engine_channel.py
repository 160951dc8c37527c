"""What gateways and the engine say to each other through Valkey: names, messages, heartbeat. Transit only."""

from typing import Any, Final

import msgspec
from channels.layers import channel_layers
from channels_redis.core import RedisChannelLayer

COMMANDS: Final = "engine.commands"
REPLIES: Final = "engine.replies"
HEARTBEAT_EVERY_S: Final = 0.5
HEARTBEAT_LIFE_MS: Final = 2000  # Valkey forgets it: no comparing of two machines' clocks
TRANSIT_TIMEOUT_S: Final = 2.0


class Heartbeat(msgspec.Struct, frozen=True):
    """The engine leads, has recovered and takes commands on `channel`. `sequence` is committed; `lag_ms` is how long
    the oldest command without an answer has waited in the engine."""

    epoch: int
    channel: str
    sequence: int
    time_ns: int
    lag_ms: int


def channel_name(*, domain: int, epoch: int) -> str:
    """Each leader listens on a channel of its own: exactly one receiver, whatever a dying one still does."""
    return f"engine.{domain}.{epoch}"


def heartbeat_key(*, domain: int) -> str:
    return f"engine:{domain}:heartbeat"


def commands_message(*, reply_channel: str, commands: list[bytes]) -> dict[str, Any]:
    return {"type": COMMANDS, "reply_channel": reply_channel, "commands": commands}


def replies_message(*, replies: list[bytes]) -> dict[str, Any]:
    return {"type": REPLIES, "replies": replies}


def own_layer() -> RedisChannelLayer:
    """A channel layer of the caller's own: an instance may receive in one event loop only."""
    return channel_layers.make_backend("default")
