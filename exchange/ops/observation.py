"""Around every request: its id, its time, and a line in the log: at DEBUG, or at INFO when it was slow. Faults of
ours Django logs itself, with the same id."""

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from structlog.contextvars import bound_contextvars

from exchange.ops.counters import REQUESTS

HEADER: Final = "X-Request-ID"
WELL_FORMED: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"))
SLOW_S: Final = 1.0

logger = logging.getLogger(__name__)
Answer = Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def observe(get_response: Answer) -> Answer:
    """Takes X-Request-ID if it is well formed, else makes one; `request.request_id`, every line that is logged
    meanwhile and the response have it."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            started_s = time.perf_counter()
            with bound_contextvars(request_id=_take_id(request)):
                return _finish(request, await get_response(request), started_s)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        started_s = time.perf_counter()
        with bound_contextvars(request_id=_take_id(request)):
            return _finish(request, get_response(request), started_s)

    return answer


def _take_id(request: HttpRequest) -> str:
    offered = request.headers.get(HEADER, "")
    request.request_id = offered if WELL_FORMED.fullmatch(offered) else secrets.token_hex(8)
    return request.request_id


def _finish(request: HttpRequest, response: HttpResponseBase, started_s: float) -> HttpResponseBase:
    duration_s = time.perf_counter() - started_s
    response.headers[HEADER] = request.request_id
    method = request.method if request.method in METHODS else "other"
    route, status = _route_of(request), response.status_code
    REQUESTS.labels(method, route, status).observe(duration_s)
    level = logging.INFO if duration_s >= SLOW_S else logging.DEBUG
    if logger.isEnabledFor(level):
        facts = {"method": method, "route": route, "status": status, "duration_ms": round(duration_s * 1000, 1)}
        logger.log(level, "%s %s", method, route, extra=facts | _sequence_of(response))
    return response


def _route_of(request: HttpRequest) -> str:
    """The pattern that matched: there are only so many, and no key of a letter is in it."""
    if request.resolver_match is not None:
        return f"/{request.resolver_match.route}"
    return "static" if request.path.startswith(settings.STATIC_URL) else "unmatched"


def _sequence_of(response: HttpResponseBase) -> dict[str, int]:
    sequence = response.headers.get("X-Sequence", "")
    return {"sequence": int(sequence)} if sequence.isdecimal() else {}
