"""Live venues through ccxt: each is asked by a task of its own, so that a slow or broken one delays nobody.

A venue that fails keeps its last quote, which ages until the index drops it, and is asked again after a pause that
doubles with each failure, with jitter. Quotes in USD become USDT by the same venue's own USDT/USD book:
bid = bid / its ask, ask = ask / its bid. No stablecoin is taken to be worth a dollar.
"""

import asyncio
import logging
import random
import re
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple, Self

from ccxt import async_support
from ccxt.base.errors import DDoSProtection, ExchangeError, NetworkError, RateLimitExceeded, RequestTimeout

from risk.feeds.counters import VENUE_FAILURES
from risk.feeds.definitions import BadDefinition, IndexDefinition
from risk.feeds.source import Quote
from risk.feeds.venue_table import VENUES, Venue

logger = logging.getLogger(__name__)

CURRENCY: Final = "USDT"  # of every index
USER_AGENT: Final = "exchange-feeds"
REQUEST_TIMEOUT_S: Final = 5.0
POLL_TIMEOUT_S: Final = 20.0  # with the venue's list of markets, which the first poll reads
SHORTEST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
RATE_LIMITED_PAUSE_S: Final = 10.0
ORIGIN: Final = re.compile(r"^https?://[^/]+")

NONE: Final = Decimal(0)
MOST_DIGITS: Final = 30  # before or behind the point: with more, reckoning with it could overflow
LAST_NS: Final = 2**63  # no time is that late


class Top(NamedTuple):
    """Best bid and ask of one book, and when (UTC) they were so."""

    bid: Decimal
    ask: Decimal
    said_at_ns: int


class VenueSource:
    """A PriceSource for the venues of the definitions.

    `origins` may give venues other addresses: of stand-ins, which are asked as fast as they answer.
    """

    def __init__(
        self,
        *,
        definitions: Mapping[str, IndexDefinition],
        origins: Mapping[str, str] | None = None,
        request_timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        self._followers = [
            Follower(name, assets, (origins or {}).get(name), request_timeout_s)
            for name, assets in _assets_by_venue(definitions).items()
        ]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(follower.follow()) for follower in self._followers]
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def quotes(self, *, now_ns: int) -> Sequence[Quote]:
        return [quote for follower in self._followers for quote in follower.quotes.values()]


class Follower:
    """Asks one venue for the books of the assets, again and again."""

    def __init__(self, name: str, assets: Sequence[str], origin: str | None, request_timeout_s: float) -> None:
        self.quotes: dict[str, Quote] = {}
        self._name, self._assets, self._origin = name, assets, origin
        self._venue: Venue = VENUES[name]
        self._request_timeout_s = request_timeout_s
        self._failures = 0

    async def follow(self) -> None:
        """Until it is cancelled."""
        exchange = _exchange(self._venue, self._origin, self._request_timeout_s)
        try:
            while True:
                await asyncio.sleep(await self._poll(exchange))
        finally:
            await exchange.close()

    async def _poll(self, exchange: async_support.Exchange) -> float:
        """Asks once; returns the seconds until the next time."""
        try:
            async with asyncio.timeout(POLL_TIMEOUT_S):
                tops = await _tops(exchange, self._venue, self._assets)
            quotes = {asset: _quote(self._name, asset, self._venue.currency, tops) for asset in self._assets}
        except Exception as error:  # whatever a venue sends, the others go on
            return self._fail(exchange, error)
        if self._failures:
            logger.info("%s answers again.", self._name)
        self._failures = 0
        self.quotes.update((asset, quote) for asset, quote in quotes.items() if quote is not None)
        return self._venue.every_s

    def _fail(self, exchange: async_support.Exchange, error: Exception) -> float:
        kind = _kind(error)
        VENUE_FAILURES.labels(self._name, kind).inc()
        if not self._failures:
            logger.warning("%s fails (%s): %s", self._name, kind, str(error)[:200])
        self._failures = min(self._failures + 1, 10)
        pause_s = min(SHORTEST_PAUSE_S * 2 ** (self._failures - 1), LONGEST_PAUSE_S) * random.uniform(0.5, 1)
        if kind == "rate_limited":
            pause_s = max(pause_s, RATE_LIMITED_PAUSE_S, _retry_after_s(exchange))
        return pause_s


def _assets_by_venue(definitions: Mapping[str, IndexDefinition]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for asset, definition in definitions.items():
        for name in (*definition.weights, *filter(None, [definition.benchmark])):
            if name not in VENUES:
                raise BadDefinition(f"{asset}: {name} is none of the venues {', '.join(VENUES)}")
            found.setdefault(name, []).append(asset)
    return found


def _exchange(venue: Venue, origin: str | None, request_timeout_s: float) -> async_support.Exchange:
    """ccxt's class for the venue, with neither keys nor lists of currencies, which some give to customers only."""
    exchange = getattr(async_support, venue.ccxt_name)(
        {
            "timeout": round(request_timeout_s * 1000),
            "enableRateLimit": origin is None,
            "userAgent": USER_AGENT,
            "options": venue.options,
        }
    )
    exchange.has["fetchCurrencies"] = False
    exchange.number = str  # as the venue wrote it
    if origin is not None:
        exchange.urls["api"] = _moved(exchange.urls["api"], origin)
    return exchange


def _moved(urls: Any, origin: str) -> Any:
    if isinstance(urls, str):
        return ORIGIN.sub(origin, urls)
    return {name: _moved(url, origin) for name, url in urls.items()}


async def _tops(exchange: async_support.Exchange, venue: Venue, assets: Sequence[str]) -> dict[str, Top]:
    """By symbol; without those the venue does not list."""
    await exchange.load_markets()
    wanted = [f"{asset}/{venue.currency}" for asset in assets]
    if venue.currency != CURRENCY:
        wanted.append(f"{CURRENCY}/{venue.currency}")
    symbols = [symbol for symbol in wanted if symbol in exchange.markets]
    if venue.is_batched:
        tickers = await exchange.fetch_tickers(symbols)
        return {symbol: _top(ticker) for symbol, ticker in tickers.items()}
    return {symbol: _top(await exchange.fetch_ticker(symbol)) for symbol in symbols}


def _top(ticker: Mapping[str, Any]) -> Top:
    """A venue that gives no time is taken at the time of its answer. Raises ValueError for a time beyond all clocks."""
    stamp_ms = ticker["timestamp"]
    said_at_ns = time.time_ns() if stamp_ms is None else int(stamp_ms) * 10**6
    if not 0 <= said_at_ns < LAST_NS:
        raise ValueError("its time is beyond all clocks")
    return Top(_number(ticker["bid"]), _number(ticker["ask"]), said_at_ns)


def _quote(name: str, asset: str, currency: str, tops: Mapping[str, Top]) -> Quote | None:
    """In USDT; None when the venue does not have what it takes."""
    top = tops.get(f"{asset}/{currency}")
    if top is None or currency == CURRENCY:
        return top and Quote(name, asset, top.bid, top.ask, NONE, top.said_at_ns)
    dollar = tops.get(f"{CURRENCY}/{currency}")
    if dollar is None:
        return None
    said_at_ns = min(top.said_at_ns, dollar.said_at_ns)
    return Quote(name, asset, _quotient(top.bid, dollar.ask), _quotient(top.ask, dollar.bid), NONE, said_at_ns)


def _number(text: Any) -> Decimal:
    """What is missing is 0, and what is no number or beyond all prices NaN: the index refuses both."""
    try:
        number = NONE if text is None else Decimal(str(text))
    except InvalidOperation:
        return Decimal("NaN")
    return number if number.is_finite() and abs(number.adjusted()) <= MOST_DIGITS else Decimal("NaN")


def _quotient(price: Decimal, rate: Decimal) -> Decimal:
    if not (price.is_finite() and rate.is_finite() and rate > 0):
        return Decimal("NaN")
    return price / rate


def _kind(error: Exception) -> str:
    if isinstance(error, (TimeoutError, RequestTimeout)):
        return "timeout"
    if isinstance(error, (RateLimitExceeded, DDoSProtection)):
        return "rate_limited"
    if isinstance(error, NetworkError):
        return "unreachable"
    return "refused" if isinstance(error, ExchangeError) else "malformed"


def _retry_after_s(exchange: async_support.Exchange) -> float:
    """What the venue asked for, within bounds."""
    headers = exchange.last_response_headers or {}
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return min(float(text), LONGEST_PAUSE_S) if text.isdecimal() else 0.0
