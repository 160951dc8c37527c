"""Every failure under /api/ leaves as {"error": {"code", "message", "details"}}; pages get a plain page."""

import logging
import math
import sys

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response

from exchange.contract.errors import ApiError

log = logging.getLogger(__name__)

CODES: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.UnsupportedMediaType, "unsupported_media_type"),
    (exceptions.MethodNotAllowed, "method_not_allowed"),
    (exceptions.NotAuthenticated, "unauthenticated"),
    (exceptions.AuthenticationFailed, "unauthenticated"),
    (exceptions.PermissionDenied, "forbidden_scope"),
    (DjangoPermissionDenied, "forbidden_scope"),
    (exceptions.NotFound, "not_found"),
    (Http404, "not_found"),
    (exceptions.Throttled, "rate_limited"),
    (RequestDataTooBig, "payload_too_large"),
    (exceptions.ValidationError, "invalid_parameter"),
    (exceptions.ParseError, "invalid_parameter"),
    (OperationalError, "engine_unavailable"),
    (InterfaceError, "engine_unavailable"),
)
PAGE_TITLES = {
    400: "This request cannot be understood",
    403: "Not allowed",
    404: "Not found",
    413: "Too large",
    500: "Something went wrong on our side",
    503: "Away for a moment",
}


def api_error_for(error: BaseException | None) -> ApiError | None:
    """The catalogue's word for an exception of Django, DRF or the database; None for one that is a fault of ours."""
    if isinstance(error, ApiError):
        return error
    code = next((code for kind, code in CODES if isinstance(error, kind)), None)
    if code is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        return ApiError(code, details={"fields": error.detail})
    if isinstance(error, exceptions.ParseError):
        return ApiError(code, str(error.detail))
    return ApiError(code)


def exception_handler(error: Exception, context: dict) -> Response | None:
    """DRF's hook: None lets the exception rise to `server_error`."""
    api_error = api_error_for(error)
    if api_error is None:
        return None
    if isinstance(error, (OperationalError, InterfaceError)):
        log.warning("The database does not answer: %s", type(error).__name__)
    response = Response(api_error.envelope(), status=api_error.status, headers=_headers(error, context["view"]))
    response._has_been_logged = True  # a refusal with a code is an answer; Django would log every 503 as an error
    return response


def _headers(error: Exception, view) -> dict[str, str]:
    if isinstance(error, exceptions.Throttled) and error.wait is not None:
        return {"Retry-After": str(math.ceil(error.wait))}
    if isinstance(error, (exceptions.NotAuthenticated, exceptions.AuthenticationFailed)):
        return {"WWW-Authenticate": getattr(error, "auth_header", "Session")}
    return {}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, api_error_for(exception) or ApiError("invalid_parameter"))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, ApiError("forbidden_scope"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, ApiError("forbidden_scope", "The CSRF token is missing or wrong: reload and try again."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, ApiError("not_found"))


def server_error(request: HttpRequest) -> HttpResponse:
    known = api_error_for(sys.exception())
    if known is not None:
        return _answer(request, known)
    body = {"error": {"code": "internal_error", "message": "A fault of ours. It has been logged.", "details": {}}}
    if _is_api(request):
        return JsonResponse(body, status=500)
    return _page(request, 500)


def _answer(request: HttpRequest, error: ApiError) -> HttpResponse:
    if _is_api(request):
        return JsonResponse(error.envelope(), status=error.status)
    return _page(request, error.status)


def _page(request: HttpRequest, status: int) -> HttpResponse:
    # No context processors: a page about a failure must not ask the database who is signed in.
    return render(
        None, "error/page.html", {"status": status, "title": PAGE_TITLES.get(status, "Refused")}, status=status
    )


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
