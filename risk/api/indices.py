"""Indices and funding, for everybody: what marks and payments are made of."""

import time
from typing import Annotated, Final, Literal

from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from exchange.contract.errors import ApiError
from exchange.identity.scopes import PUBLIC
from risk import selectors
from risk.api import index_answers, index_presenting
from risk.models import IndexTick
from trading.api import requests
from trading.api.listed import listed_now
from trading.api.operations import Endpoint, answer, operation
from trading.api.pages import read_page
from trading.api.reading import public_reading
from trading.api.scales import scale_of
from trading.selectors.funding import funding_rates

INTERVALS_NS: Final = {"1s": 10**9, "10s": 10 * 10**9, "1m": 60 * 10**9, "10m": 600 * 10**9}


class IndexHistoryQuery(requests.Page):
    interval: Annotated[Literal["1s", "10s", "1m", "10m"], Meta(description="One price each.")] = "1s"


class IndicesEndpoint(Endpoint):
    @operation(scope=PUBLIC, answers={200: index_answers.Indices})
    def get(self, request: Request) -> Response:
        """All indices."""
        rows = selectors.latest_ticks().values()
        return answer(index_answers.Indices(results=[index_presenting.index_price(row) for row in rows]))


class IndexEndpoint(Endpoint):
    @operation(scope=PUBLIC, answers={200: index_answers.Index}, errors=("not_found",))
    def get(self, request: Request, asset: str) -> Response:
        """An index with its constituents.

        Each venue's price, weight, and what became of it: used, clamped around the median, or dropped and why.
        """
        return answer(index_presenting.index(present_index(asset)))


class IndexHistoryEndpoint(Endpoint):
    @operation(scope=PUBLIC, query=IndexHistoryQuery, answers={200: index_answers.IndexHistory}, errors=("not_found",))
    def get(self, request: Request, asset: str, query: IndexHistoryQuery) -> Response:
        """What an index was, and its venues."""
        present_index(asset)
        rows, following = read_page(
            query,
            list_name=f"{query.interval} of index {asset}",
            read=lambda limit, before: selectors.index_history(
                asset=asset, limit=limit, interval_ns=INTERVALS_NS[query.interval], before_ns=before
            ),
            key_of=lambda row: row.time_ns - row.time_ns % INTERVALS_NS[query.interval],
        )
        results = [index_presenting.index_moment(row) for row in rows]
        return answer(index_answers.IndexHistory(results=results, next=following))


class FundingEndpoint(Endpoint):
    @operation(
        scope=PUBLIC,
        query=requests.Page,
        answers={200: index_answers.FundingRates},
        errors=("instrument_not_found", "read_behind"),
        is_read=True,
    )
    def get(self, request: Request, symbol: str, query: requests.Page) -> Response:
        """The predicted funding rate, and those paid."""
        reading = public_reading(request, "instruments")
        view = listed_now(symbol)
        scale, risk = scale_of(view.terms), view.parameters.risk
        rows, following = read_page(
            query,
            list_name=f"funding of {symbol}",
            read=lambda limit, before: funding_rates(instrument_id=scale.instrument_id, limit=limit, before_ns=before),
            key_of=lambda row: row.period_ns,
        )
        estimate = selectors.funding_estimate(instrument_id=scale.instrument_id, risk=risk, now_ns=time.time_ns())
        content = index_presenting.funding_rates(
            estimate, list(rows), scale=scale, interval_ns=risk.funding_interval_ns, following=following
        )
        return answer(content, sequence=reading.sequence)


def present_index(asset: str) -> IndexTick:
    """Refuses with not_found."""
    row = selectors.latest_tick(asset=asset)
    if row is None:
        raise ApiError("not_found", "There is no such index: see GET /api/v1/indices.", {"asset": asset[:16]})
    return row
