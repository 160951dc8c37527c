"""The pages that show the exchange: a view parses, calls one selector or service, and renders."""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from frontend.indices import index_lines
from frontend.presenters import MarketLine, market_line
from trading.selectors.instruments import list_instruments
from trading.selectors.market import tickers


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home/page.html", {"markets": market_lines()})


def markets(request: HttpRequest) -> HttpResponse:
    """The list; asked for by itself it is the table alone."""
    template = "markets/_table.html" if request.headers.get("HX-Request") else "markets/page.html"
    return render(request, template, {"markets": market_lines(), "indices": index_lines()})


def market_lines() -> list[MarketLine]:
    rows = {row.instrument_id: row for row in tickers(now_ns=time.time_ns())}
    return [market_line(view, rows.get(view.terms.instrument_id)) for view in list_instruments()]
