"""/health/ready: can this gateway serve? Details belong on the loopback port, so that the answer is one word."""

from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse

from exchange.contract.errors import ApiError
from trading.services import gateway


def database_answers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def cache_answers() -> None:
    cache.get("health")


def engine_lives() -> None:
    if gateway.heartbeat() is None:
        raise ApiError("engine_unavailable")


# Each raises when its part is away.
CHECKS: tuple[Callable[[], None], ...] = (database_answers, cache_answers, engine_lives)


def ready(request: HttpRequest) -> HttpResponse:
    try:
        for check in CHECKS:
            check()
    except Exception:  # whatever is wrong, the answer is the same: not ready
        answer = HttpResponse("not ready\n", status=503, content_type="text/plain")
        answer._has_been_logged = True  # who asks is told; Django would log every probe as an error
        return answer
    return HttpResponse("ready\n", content_type="text/plain")
