"""Tells every client how its rate limit stands."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

Answer = Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def rate_limit_headers(get_response: Answer) -> Answer:
    """X-RateLimit-Limit, -Remaining (credits) and -Reset (seconds until full) of the tightest bucket; Retry-After."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            return _with_headers(request, await get_response(request))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        return _with_headers(request, get_response(request))

    return answer


def _with_headers(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    charge = getattr(request, "rate_limit_charge", None)
    if charge is not None:
        response.headers["X-RateLimit-Limit"] = str(charge.limit)
        response.headers["X-RateLimit-Remaining"] = str(max(charge.remaining, 0))
        response.headers["X-RateLimit-Reset"] = str(charge.reset_seconds)
        if not charge.is_taken:
            response.headers["Retry-After"] = str(charge.retry_after_seconds)
    return response
