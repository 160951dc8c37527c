"""What the pages of who is signed in have in common."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from exchange.contract.errors import ApiError

View = Callable[..., HttpResponse]


def private(view: View) -> View:
    """Strangers are sent to sign in, nothing is cached, and a refusal becomes a page with its own status."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ApiError as error:
            return error_page(request, error)

    return never_cache(login_required(guarded))


def error_page(request: HttpRequest, error: ApiError) -> HttpResponse:
    context = {"title": error.message, "status": error.status}
    return render(request, "error/page.html", context, status=error.status)
