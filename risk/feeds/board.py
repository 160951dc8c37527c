"""The latest quote of each venue, as an index wants it: in nanoticks, with its age and how long it has not changed."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from risk.core.index_price import IndexRecord, VenueQuote, index_price
from risk.feeds.definitions import IndexDefinition
from risk.feeds.source import Quote
from trading.core.terms import PPB

HIGHEST_TICKS: Final = 9 * 10**9  # what is above is no price, and its nanoticks no column
BENCHMARK_WEIGHT: Final = 1  # it has to have one, and counts nowhere


class QuoteBoard:
    def __init__(self) -> None:
        self._quotes: dict[tuple[str, str], tuple[Quote, int]] = {}  # with the time of its last change

    def learn(self, quotes: Iterable[Quote], *, now_ns: int) -> None:
        for quote in quotes:
            key = quote.venue, quote.underlying
            known, changed_at_ns = self._quotes.get(key, (None, now_ns))
            is_same = known is not None and _legible_prices(known) == _legible_prices(quote)
            self._quotes[key] = quote, changed_at_ns if is_same else now_ns

    def index(self, definition: IndexDefinition, *, now_ns: int) -> IndexRecord:
        """The index at `now_ns` of what was learnt: a venue that never said anything is there as invalid."""
        quotes = [self._venue_quote(definition, venue, weight, now_ns) for venue, weight in definition.weights.items()]
        return index_price(
            quotes=quotes, rules=definition.rules, benchmark_nanoticks=self._benchmark_nanoticks(definition, now_ns)
        )

    def _venue_quote(self, definition: IndexDefinition, venue: str, weight: int, now_ns: int) -> VenueQuote:
        known = self._quotes.get((venue, definition.asset))
        if known is None:
            return VenueQuote(venue, 0, 0, 0, weight, 0, 0, False)
        quote, changed_at_ns = known
        prices = [nanoticks(price, definition.tick) for price in _prices(quote)]
        bid, ask, price = (0 if number is None else number for number in prices)
        age_ns = now_ns - quote.said_at_ns
        return VenueQuote(venue, bid, ask, price, weight, age_ns, now_ns - changed_at_ns, None not in prices)

    def _benchmark_nanoticks(self, definition: IndexDefinition, now_ns: int) -> int:
        """The benchmark's price when it is usable by the rules of the constituents, else 0: there is none."""
        if not definition.benchmark:
            return 0
        quote = self._venue_quote(definition, definition.benchmark, BENCHMARK_WEIGHT, now_ns)
        return index_price(quotes=[quote], rules=definition.rules).median_nanoticks


def nanoticks(price: Decimal, tick: Decimal) -> int | None:
    """Half to even; None for what is no number, or beyond every price."""
    if not price.is_finite() or price.copy_abs() > HIGHEST_TICKS * tick:
        return None
    return round(price * PPB / tick)


def _prices(quote: Quote) -> tuple[Decimal, Decimal, Decimal]:
    return quote.bid, quote.ask, quote.price


def _legible_prices(quote: Quote) -> list[Decimal | None]:
    """For comparing, which fails for some of what is no number: None instead."""
    return [price if price.is_finite() else None for price in _prices(quote)]
