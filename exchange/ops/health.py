"""/health/live: is this process there? /health/ready: can it serve? Each part that it needs is tried, with its time.

Feeds are looked at too, and do not count: without them trading stops, and orders can still be cancelled.
"""

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from risk import selectors
from trading.selectors.operations import reader_states
from trading.selectors.sequences import journal_head
from trading.services import gateway

READY_LAG_MS: Final = 10_000  # rows older than this are too old to trade on
FRESH_INDEX_MS: Final = 10_000

Facts = dict[str, Any]


class Check(NamedTuple):
    """`facts` are numbers anybody may see; what an error says stays here."""

    name: str
    is_well: bool
    duration_ms: float
    facts: Facts


class Unwell(Exception):
    """Its first argument are the facts."""


def database_answers() -> Facts:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {}


def valkey_answers() -> Facts:
    cache.get("health")
    return {}


def engine_lives() -> Facts:
    heartbeat = gateway.heartbeat()
    if heartbeat is None:
        raise Unwell({})
    return {"sequence": heartbeat.sequence, "epoch": heartbeat.epoch, "lag_ms": heartbeat.lag_ms}


def readers_follow() -> Facts:
    states = reader_states(now_ns=time.time_ns())
    lag_ms = max((state.lag_ms for state in states), default=0)
    facts = {"lag_ms": lag_ms, "behind": {state.name: state.behind for state in states if state.behind}}
    if lag_ms > READY_LAG_MS or (not states and journal_head()):
        raise Unwell(facts)
    return facts


def feeds_speak() -> Facts:
    states = selectors.feed_states(now_ns=time.time_ns())
    facts = {state.asset: {"status": state.status, "age_ms": state.age_ms, "venues": state.fates} for state in states}
    if not states or any(state.status != "firm" or state.age_ms > FRESH_INDEX_MS for state in states):
        raise Unwell({"indices": facts})
    return {"indices": facts}


# Each raises when its part is away.
CHECKS: Final[dict[str, Callable[[], Facts]]] = {
    "database": database_answers,
    "valkey": valkey_answers,
    "engine": engine_lives,
    "readers": readers_follow,
}


def check_all() -> list[Check]:
    return [_check(name, look) for name, look in CHECKS.items()]


def check_feeds() -> Check:
    return _check("feeds", feeds_speak)


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"live": True})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    checks = check_all()
    is_ready = all(check.is_well for check in checks)
    body = {
        "ready": is_ready,
        "checks": {check.name: _described(check) for check in checks},
        "feeds": _described(check_feeds()),
    }
    answer = JsonResponse(body, status=200 if is_ready else 503, headers={"Cache-Control": "no-store"})
    answer._has_been_logged = True  # who asks is told; Django would log every probe as an error
    return answer


def _described(check: Check) -> Facts:
    return {"ok": check.is_well, "duration_ms": check.duration_ms, **check.facts}


def _check(name: str, look: Callable[[], Facts]) -> Check:
    started_s = time.perf_counter()
    is_well, facts = True, {}
    try:
        facts = look()
    except Unwell as error:
        is_well, facts = False, error.args[0]
    except Exception:  # whatever is wrong, the part does not serve
        is_well = False
    return Check(name, is_well, round((time.perf_counter() - started_s) * 1000, 1), facts)
