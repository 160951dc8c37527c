"""Buckets of credits, filled up steadily and kept in Valkey; with Valkey away a bucket of this process stands in.

A bucket is one number: the time at which it will be full again. A charge is taken from all of its buckets or from none.
What costs nothing is refused only while a bucket is in debt, and only a charge that is not enforced makes debts: so
cancels stay free, and missing over and over does not.
"""

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import redis
from django.conf import settings
from prometheus_client import Counter
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

VALKEY_TIMEOUT_SECONDS: Final = 0.25
VALKEY_PAUSE_SECONDS: Final = 1.0
REFUSALS: Final = Counter("exchange_rate_limit_refusals", "Charges that found a bucket empty.", ["bucket"])
_MAXIMUM_LOCAL_BUCKETS: Final = 50_000

# KEYS: buckets. ARGV: enforce, cost, then per bucket its capacity and the microseconds in which a credit comes back.
# Answers whether it was charged, then per bucket the microseconds until it is full.
_SCRIPT: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local charged, before, after = 1, {}, {}
for index, name in ipairs(KEYS) do
  local capacity, spacing = ARGV[2 * index + 1], ARGV[2 * index + 2]
  before[index] = math.max(tonumber(redis.call('GET', name) or '0'), now)
  after[index] = math.max(before[index] + ARGV[2] * spacing, now)
  if ARGV[1] == '1' and after[index] - now > capacity * spacing then charged = 0 end
end
local answer = {charged}
for index, name in ipairs(KEYS) do
  local full_at = charged == 1 and after[index] or before[index]
  if charged == 1 and full_at > now then
    redis.call('SET', name, string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
  elseif charged == 1 then
    redis.call('DEL', name)
  end
  answer[index + 1] = full_at - now
end
return answer
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Holds at most `capacity` credits; `credits_per_second` come back."""

    name: str
    capacity: int
    credits_per_second: float

    @property
    def spacing_us(self) -> int:
        return round(1_000_000 / self.credits_per_second)


@dataclass(frozen=True, slots=True)
class Charge:
    """What became of a charge, and how its tightest bucket stands: `remaining` credits (below zero: debt), seconds
    until it is full, and seconds until the same charge would be taken (0: it was)."""

    is_taken: bool
    limit: int
    remaining: int
    reset_seconds: int
    retry_after_seconds: int


def charge(buckets: Sequence[Bucket], *, cost: int = 1, enforce: bool = True) -> Charge:
    """Takes `cost` credits (below zero: gives them back) from each of `buckets`, one or more.

    With `enforce`, from none of them if one has too few; without, a bucket may end in debt.
    """
    is_taken, until_full_us = _charge_in_valkey(buckets, cost, enforce) or _charge_here(buckets, cost, enforce)
    states = [
        (bucket.capacity - math.ceil(until_us / bucket.spacing_us), bucket, until_us)
        for bucket, until_us in zip(buckets, until_full_us, strict=True)
    ]
    remaining, tightest, until_us = min(states, key=lambda state: state[0])
    wait_us = max(until_us - (bucket.capacity - cost) * bucket.spacing_us for _, bucket, until_us in states)
    if not is_taken:
        REFUSALS.labels(tightest.name.split(":")[1]).inc()
    return Charge(
        is_taken=is_taken,
        limit=tightest.capacity,
        remaining=remaining,
        reset_seconds=math.ceil(until_us / 1_000_000),
        retry_after_seconds=0 if is_taken else max(1, math.ceil(wait_us / 1_000_000)),
    )


Outcome = tuple[bool, list[int]]

_valkey_away_until = 0.0


def _charge_in_valkey(buckets: Sequence[Bucket], cost: int, enforce: bool) -> Outcome | None:
    """None when Valkey is away; it is then left alone for a second, so that requests do not wait for it in turn."""
    global _valkey_away_until
    if time.monotonic() < _valkey_away_until:
        return None
    arguments: list[int] = [int(enforce), cost]
    for bucket in buckets:
        arguments += (bucket.capacity, bucket.spacing_us)
    try:
        taken, *until_full_us = _script_at(settings.VALKEY_URL)(
            keys=[bucket.name for bucket in buckets], args=arguments
        )
    except redis.RedisError:
        _valkey_away_until = time.monotonic() + VALKEY_PAUSE_SECONDS
        return None
    return bool(taken), until_full_us


@lru_cache(maxsize=2)
def _script_at(url: str) -> Script:
    client = redis.Redis.from_url(
        url,
        socket_timeout=VALKEY_TIMEOUT_SECONDS,
        socket_connect_timeout=VALKEY_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),
    )
    return client.register_script(_SCRIPT)


_local_full_at_us: dict[str, int] = {}
_local_lock = threading.Lock()


def _charge_here(buckets: Sequence[Bucket], cost: int, enforce: bool) -> Outcome:
    now_us = time.monotonic_ns() // 1000
    with _local_lock:
        before = [max(_local_full_at_us.get(bucket.name, 0), now_us) for bucket in buckets]
        after = [
            max(full_at + cost * bucket.spacing_us, now_us) for full_at, bucket in zip(before, buckets, strict=True)
        ]
        if enforce and any(
            full_at - now_us > bucket.capacity * bucket.spacing_us
            for full_at, bucket in zip(after, buckets, strict=True)
        ):
            return False, [full_at - now_us for full_at in before]
        if len(_local_full_at_us) >= _MAXIMUM_LOCAL_BUCKETS:
            _local_full_at_us.clear()
        _local_full_at_us.update(zip((bucket.name for bucket in buckets), after, strict=True))
    return True, [full_at - now_us for full_at in after]
