"""Funding of an instrument: what was paid, and what the next period looks like so far."""

import time

from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from exchange.contract.numbers import format_rate, format_scaled
from exchange.identity.scopes import PUBLIC
from risk.selectors import predicted_rate
from trading.api import requests
from trading.api.fields import Price, Rate, Sequence, Symbol, Time
from trading.api.listed import listed_now
from trading.api.markets import NOT_LISTED
from trading.api.operations import Endpoint, answer, operation
from trading.api.pages import read_page
from trading.api.presenting import milliseconds
from trading.api.reading import public_reading
from trading.api.scales import scale_of
from trading.selectors.funding import funding_rates


class FundingPeriod(Struct):
    """Longs paid shorts `rate` of their value at the index price, shorts longs where it is below zero."""

    time: Time
    rate: Rate
    index_price: Price
    sequence: Sequence


class Funding(Struct):
    """The periods that were funded, newest first. `predicted_rate` is that of the running period, were it to end now
    (null: nothing was sampled yet); it is paid at `next_funding_at`."""

    symbol: Symbol
    predicted_rate: Rate | None
    next_funding_at: Time
    interval_ms: int
    results: list[FundingPeriod]
    next: str | None


class FundingEndpoint(Endpoint):
    @operation(scope=PUBLIC, query=requests.Page, answers={200: Funding}, errors=NOT_LISTED, is_read=True)
    def get(self, request: Request, symbol: str, query: requests.Page) -> Response:
        """Funding rates, and the predicted one."""
        reading = public_reading(request, "instruments")
        view = listed_now(symbol)
        instrument_id, scale, risk = view.terms.instrument_id, scale_of(view.terms), view.parameters.risk
        rows, following = read_page(
            query,
            list_name=f"funding of {symbol}",
            read=lambda limit, before: funding_rates(instrument_id=instrument_id, limit=limit, before_ns=before),
            key_of=lambda row: row.period_ns,
        )
        estimate = predicted_rate(instrument_id=instrument_id, risk=risk, now_ns=time.time_ns())
        content = Funding(
            symbol=scale.symbol,
            predicted_rate=format_rate(estimate.rate_ppb) if estimate.samples else None,
            next_funding_at=milliseconds(estimate.period_ns),
            interval_ms=milliseconds(risk.funding_interval_ns),
            results=[
                FundingPeriod(
                    time=milliseconds(row.period_ns),
                    rate=format_rate(row.rate_ppb),
                    index_price=format_scaled(row.index_price_ticks, scale.price),
                    sequence=row.sequence,
                )
                for row in rows
            ],
            next=following,
        )
        return answer(content, sequence=reading.sequence)
