"""Tells the gateways what changed, through the channel layer's groups.

A batch is published before its transaction commits: a process that dies in between publishes it once more, and
receivers ignore what they already have. With Valkey away the batch is dropped and receivers see the gap.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import redis
from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from trading.projections.changes import Change, encode_changes, group_name
from trading.projections.registry import PROJECTIONS

logger = logging.getLogger(__name__)

LAYER: Final = "streams"
CHANGES: Final = "stream.changes"
TIMEOUT_S: Final = 0.25
PAUSE_S: Final = 1.0
_KINDS: Final = {projection.name: projection.owner for projection in PROJECTIONS}


class Publisher:
    """Sends as the channel layer would, but from a thread without an event loop and all groups in one round trip."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        config = settings.CHANNEL_LAYERS[LAYER]["CONFIG"]
        self._layer = RedisPubSubChannelLayer(**config)
        self._names = RedisPubSubLoopLayer(**config)
        self._client = redis.Redis.from_url(
            settings.VALKEY_URL,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 1),
        )
        self._monotonic = monotonic
        self._away_until_s = float("-inf")

    def publish(self, changes: Sequence[Change]) -> None:
        """Never raises for Valkey's sake; it is left alone for a second after a failure, so that rows go on."""
        if not changes or self._monotonic() < self._away_until_s:
            return
        pipeline = self._client.pipeline(transaction=False)
        for group, members in _by_group(changes).items():
            pipeline.publish(self._names._get_group_channel_name(group), self._layer.serialize(_message(members)))
        try:
            pipeline.execute()
        except redis.RedisError as error:
            self._away_until_s = self._monotonic() + PAUSE_S
            logger.warning("Valkey is away, streams have a gap: %s", str(error).splitlines()[0])


def _by_group(changes: Sequence[Change]) -> dict[str, list[Change]]:
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(group_name(_KINDS[change.projection], change.owner_id), []).append(change)
    return groups


def _message(changes: list[Change]) -> dict[str, Any]:
    return {"type": CHANGES, "changes": encode_changes(changes)}
