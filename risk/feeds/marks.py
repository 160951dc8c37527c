"""An instrument's mark from its index and the exchange's own book, by the method its parameters name."""

from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from risk.core.funding import premium_ppb
from risk.core.mark_price import (
    MARK_MEDIAN_OF_THREE,
    MarkInputs,
    MarkRules,
    MarkState,
    impact_price_nanoticks,
    mark_price,
)
from trading.core.instruments import InstrumentTerms, RiskParameters
from trading.core.terms import BUY, PPB, SELL
from trading.selectors.market import Book

SAMPLE_EVERY_NS: Final = 10**9  # of the median of three, as its source has them
SAMPLE_COUNT: Final = 30

NO_BOOK: Final = Book(0, [], [])


class Sides(NamedTuple):
    """A price of each side of the book, in nanoticks; 0: that side has none."""

    bid_nanoticks: int
    ask_nanoticks: int


class Market(NamedTuple):
    """What a mark is made of besides the index. `funding_rate_ppb` is that of the interval under way."""

    terms: InstrumentTerms
    risk: RiskParameters
    book: Book
    last_price_ticks: int
    funding_rate_ppb: int


def index_in_ticks(*, index_price_ticks: int, index_tick: Decimal, terms: InstrumentTerms) -> int:
    """The published index in the instrument's ticks, half to even."""
    return round(index_price_ticks * Fraction(index_tick) / Fraction(terms.tick))


def impact_prices(market: Market) -> Sides:
    """What filling the impact notional costs on average; 0 where the book does not hold it."""
    sides = ((BUY, market.book.bids), (SELL, market.book.asks))
    notional_units, value_units = market.risk.impact_notional_units, market.terms.value_units
    return Sides(
        *(
            impact_price_nanoticks(side=side, levels=levels, notional_units=notional_units, value_units=value_units)
            for side, levels in sides
        )
    )


def premium(*, market: Market, index_price_ticks: int) -> int:
    """One sample of the premium in ppb."""
    impact = impact_prices(market)
    return premium_ppb(
        impact_bid_nanoticks=impact.bid_nanoticks,
        impact_ask_nanoticks=impact.ask_nanoticks,
        index_price_ticks=index_price_ticks,
    )


def next_mark(*, market: Market, index_price_ticks: int, state: MarkState, time_ns: int) -> tuple[int, MarkState]:
    """(mark in ticks, what to remember): see `risk.core.mark_price`."""
    risk = market.risk
    prices = _best_prices(market.book) if risk.mark_method == MARK_MEDIAN_OF_THREE else impact_prices(market)
    inputs = MarkInputs(
        time_ns=time_ns,
        index_price_ticks=index_price_ticks,
        **prices._asdict(),
        last_price_ticks=market.last_price_ticks,
        funding_rate_ppb=market.funding_rate_ppb,
        time_to_funding_ns=risk.funding_interval_ns - time_ns % risk.funding_interval_ns,
        funding_interval_ns=risk.funding_interval_ns,
    )
    rules = MarkRules(
        method=risk.mark_method,
        average_ns=risk.basis_average_ns,
        basis_clamp_ppb=risk.basis_clamp_ppb,
        bound_ppb=risk.basis_clamp_ppb,
        sample_every_ns=SAMPLE_EVERY_NS,
        sample_count=SAMPLE_COUNT,
    )
    return mark_price(inputs=inputs, rules=rules, state=state)


def _best_prices(book: Book) -> Sides:
    bid, ask = (levels[0][0] * PPB if levels else 0 for levels in (book.bids, book.asks))
    return Sides(bid, ask)
