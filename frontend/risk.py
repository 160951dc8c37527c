"""The pages of what protects the market: liquidations, the insurance fund, funding."""

import time
from decimal import Decimal
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from exchange.contract.errors import ApiError
from exchange.contract.numbers import format_rate
from frontend import acting, charts, risk_presenters
from frontend.pages import error_page, private
from risk.selectors import funding_estimate
from trading.api import risk_presenting
from trading.api.listed import listed_now, scale_by_id
from trading.api.presenting import milliseconds, price
from trading.api.reading import reading_after
from trading.api.scales import scale_of
from trading.core.terms import INSURANCE_FUND
from trading.selectors import accounts, liquidations
from trading.selectors.funding import funding_rates
from trading.selectors.instruments import list_instruments
from trading.selectors.insurance_fund import fund_holdings
from trading.selectors.sequences import journal_head

SHOWN_CHANGES: Final = 200
SHOWN_LIQUIDATIONS: Final = 50
SHOWN_PERIODS: Final = 200


@require_GET
def insurance_fund(request: HttpRequest) -> HttpResponse:
    """The page; asked for by itself its numbers alone."""
    holdings = fund_holdings()
    lines = accounts.ledger_lines(account_id=INSURANCE_FUND, limit=SHOWN_CHANGES)
    fund = risk_presenting.insurance_fund(
        balance_units=holdings.balance_units,
        held=holdings.positions,
        marks=holdings.marks,
        lines=lines,
        following=None,
        scale_by_id=scale_by_id,
    )
    now_ms = milliseconds(time.time_ns())
    chart = charts.steps(
        [(change.time, Decimal(change.balance)) for change in reversed(fund.results)], places=2, until=now_ms
    )
    context = {"fund": fund, "chart": chart, "kinds": risk_presenters.KINDS, "shown": SHOWN_CHANGES}
    return render(request, _template(request, "risk/_fund.html", "risk/fund.html"), context)


@require_GET
def public_liquidations(request: HttpRequest) -> HttpResponse:
    """Everybody's without whose they were, and above them one's own; asked for by itself the former alone."""
    rows = liquidations.closed_in_public(limit=SHOWN_LIQUIDATIONS)
    context: dict[str, Any] = {
        "closed": [risk_presenting.public_liquidation(row, scale=scale_by_id(row.instrument_id)) for row in rows],
        "steps": risk_presenters.STEPS,
        "sides": risk_presenters.SIDES,
    }
    if request.headers.get("HX-Request"):
        return render(request, "risk/_closed.html", context)
    _, account_id = acting.accounts_of(request)
    if account_id is not None:
        own = liquidations.liquidations(account_id=account_id, limit=SHOWN_LIQUIDATIONS)
        shown = [risk_presenting.liquidation(row, account_id=account_id, scale_by_id=scale_by_id) for row in own]
        context["own"] = [(row, risk_presenters.scope_of(row)) for row in shown]
    return render(request, "risk/liquidations.html", context)


@require_GET
@private
def liquidation(request: HttpRequest, liquidation_id: int) -> HttpResponse:
    """The story of one, to whom it concerns."""
    account_id = acting.principal_of(request).acting_account_id()
    reading = reading_after("liquidations", journal_head())
    found = liquidations.story(account_id=account_id, liquidation_id=liquidation_id)
    if found is None:
        raise reading.not_found("not_found")
    story = risk_presenting.story(found, account_id=account_id, sequence=reading.sequence, scale_by_id=scale_by_id)
    context = {
        "liquidation": story.liquidation,
        "scope": risk_presenters.scope_of(story.liquidation),
        "lines": [risk_presenters.step_line(step, is_own=found.is_own) for step in story.steps],
    }
    return render(request, "risk/liquidation.html", context)


@require_GET
def any_funding(request: HttpRequest) -> HttpResponse:
    """That of the first market."""
    markets = list_instruments()
    return redirect("funding", symbol=markets[0].terms.symbol) if markets else redirect("markets")


@require_GET
def predicted_funding(request: HttpRequest, symbol: str) -> HttpResponse:
    """The rate alone, for pages that show how it moves."""
    try:
        view = listed_now(symbol)
    except ApiError as error:
        return error_page(request, error)
    risk = view.parameters.risk
    estimate = funding_estimate(instrument_id=view.terms.instrument_id, risk=risk, now_ns=time.time_ns())
    predicted = format_rate(estimate.rate_ppb) if estimate.samples else None
    return render(request, "risk/_predicted.html", {"predicted": predicted})


@require_GET
def funding(request: HttpRequest, symbol: str) -> HttpResponse:
    try:
        view = listed_now(symbol)
    except ApiError as error:
        return error_page(request, error)
    instrument_id, risk = view.terms.instrument_id, view.parameters.risk
    rows = funding_rates(instrument_id=instrument_id, limit=SHOWN_PERIODS)
    estimate = funding_estimate(instrument_id=instrument_id, risk=risk, now_ns=time.time_ns())
    periods = [(milliseconds(row.period_ns), format_rate(row.rate_ppb), row.index_price_ticks) for row in rows]
    series = [(moment, Decimal(rate) * 100) for moment, rate, _ in reversed(periods)]
    predicted = format_rate(estimate.rate_ppb) if estimate.samples else None
    if predicted is not None:
        series.append((milliseconds(estimate.period_ns), Decimal(predicted) * 100))
    scale = scale_of(view.terms)
    context = {
        "symbol": symbol,
        "symbols": [each.terms.symbol for each in list_instruments()],
        "chart": charts.steps(series, places=4),
        "predicted": predicted,
        "next_at": milliseconds(estimate.period_ns),
        "periods": [(moment, rate, price(ticks, scale)) for moment, rate, ticks in periods],
    }
    return render(request, "risk/funding.html", context)


def _template(request: HttpRequest, fragment: str, page: str) -> str:
    return fragment if request.headers.get("HX-Request") else page
