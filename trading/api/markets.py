"""Public market data. It never waits and never asks the engine: it is as the read models have it."""

import time
from typing import Final

from rest_framework.request import Request
from rest_framework.response import Response

from exchange.contract.errors import ApiError
from exchange.identity.scopes import PUBLIC
from trading.api import answers, instrument_answers, market_presenting, requests
from trading.api.listed import listed_now, scale_by_id
from trading.api.operations import Endpoint, answer, operation
from trading.api.pages import read_page
from trading.api.reading import Reading, check_reached, minimum_sequence, public_reading
from trading.api.scales import scale_of
from trading.selectors import market
from trading.selectors.instruments import forget_instruments, list_instruments

NOT_LISTED: Final = ("instrument_not_found", "read_behind")


class InstrumentsEndpoint(Endpoint):
    @operation(scope=PUBLIC, answers={200: instrument_answers.Instruments}, is_read=True)
    def get(self, request: Request) -> Response:
        """All instruments."""
        reading = _fresh_instruments(request)
        results = [market_presenting.instrument(view) for view in list_instruments()]
        return answer(instrument_answers.Instruments(results=results), sequence=reading.sequence)


class InstrumentEndpoint(Endpoint):
    @operation(scope=PUBLIC, answers={200: instrument_answers.Instrument}, errors=NOT_LISTED, is_read=True)
    def get(self, request: Request, symbol: str) -> Response:
        """An instrument."""
        reading = _fresh_instruments(request)
        return answer(market_presenting.instrument(listed_now(symbol)), sequence=reading.sequence)


class BookEndpoint(Endpoint):
    @operation(scope=PUBLIC, query=requests.BookQuery, answers={200: answers.Book}, errors=NOT_LISTED, is_read=True)
    def get(self, request: Request, symbol: str, query: requests.BookQuery) -> Response:
        """The book, aggregated by price."""
        scale = scale_of(listed_now(symbol).terms)
        demanded = minimum_sequence(request)
        book = market.book(instrument_id=scale.instrument_id, depth=query.depth)
        check_reached(book.sequence, demanded)
        return answer(market_presenting.book(book, scale=scale), sequence=book.sequence)


class TradesEndpoint(Endpoint):
    @operation(scope=PUBLIC, query=requests.Page, answers={200: answers.Trades}, errors=NOT_LISTED, is_read=True)
    def get(self, request: Request, symbol: str, query: requests.Page) -> Response:
        """The latest trades."""
        reading = public_reading(request, "trades")
        scale = scale_of(listed_now(symbol).terms)
        rows, following = read_page(
            query,
            list_name=f"trades of {symbol}",
            read=lambda limit, before: market.trades(
                instrument_id=scale.instrument_id, limit=limit, before_trade_id=before
            ),
            key_of=lambda row: row.trade_id,
        )
        results = [market_presenting.trade(row, scale=scale) for row in rows]
        return answer(answers.Trades(results=results, next=following), sequence=reading.sequence)


class CandlesEndpoint(Endpoint):
    @operation(
        scope=PUBLIC, query=requests.CandlesQuery, answers={200: answers.Candles}, errors=NOT_LISTED, is_read=True
    )
    def get(self, request: Request, symbol: str, query: requests.CandlesQuery) -> Response:
        """Candles of one interval."""
        reading = public_reading(request, "candles")
        scale = scale_of(listed_now(symbol).terms)
        rows, following = read_page(
            query,
            list_name=f"{query.interval} candles of {symbol}",
            read=lambda limit, before: market.candles(
                instrument_id=scale.instrument_id, interval=query.interval, limit=limit, before_ns=before
            ),
            key_of=lambda row: row.start_ns,
        )
        results = [market_presenting.candle(row, scale=scale) for row in rows]
        return answer(answers.Candles(results=results, next=following), sequence=reading.sequence)


class TickerEndpoint(Endpoint):
    @operation(scope=PUBLIC, answers={200: answers.Ticker}, errors=NOT_LISTED, is_read=True)
    def get(self, request: Request, symbol: str) -> Response:
        """Prices now and over the last 24 hours."""
        scale = scale_of(listed_now(symbol).terms)
        reading = public_reading(request, "ticker")
        row = market.ticker(now_ns=time.time_ns(), instrument_id=scale.instrument_id)
        if row is None:
            raise ApiError("read_behind")
        return answer(market_presenting.ticker(row, scale=scale), sequence=reading.sequence)


class TickersEndpoint(Endpoint):
    @operation(scope=PUBLIC, answers={200: answers.Tickers}, is_read=True)
    def get(self, request: Request) -> Response:
        """The tickers of all instruments."""
        reading = public_reading(request, "ticker")
        results = [
            market_presenting.ticker(row, scale=scale_by_id(row.instrument_id))
            for row in market.tickers(now_ns=time.time_ns())
        ]
        return answer(answers.Tickers(results=results), sequence=reading.sequence)


def _fresh_instruments(request: Request) -> Reading:
    """What the process keeps of instruments may be older than the sequence that is answered."""
    reading = public_reading(request, "instruments")
    forget_instruments()
    return reading
