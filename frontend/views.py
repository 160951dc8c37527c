"""The pages: a view parses, calls one selector or service, and renders."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from frontend.presenters import present_instrument
from trading.selectors.instruments import list_instruments


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home/page.html", {"instruments": [*map(present_instrument, list_instruments())]})
