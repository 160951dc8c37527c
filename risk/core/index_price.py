"""The index price of several venues (F2), as a pure integer function that leaves a record anybody can recompute.

    price = (bid + ask) / 2,  m = median of the usable prices,  index = sum(w * clamp(price, m - c, m + c)) / sum(w)
Source: Deribit's index prices: weighted mean of prices capped around their median, single feed, benchmark, lock.

Prices come in nanoticks (10^-9 tick). Mids, median and clamps are exact; the index is rounded once, half to even, to
ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from risk.core.rounding import half_even
from trading.core.terms import PPB

# What became of a constituent. The first three count, the last one was too far from the median to count.
USED: Final = 1
CLAMPED_LOW: Final = 2
CLAMPED_HIGH: Final = 3
INVALID: Final = 4
STALE: Final = 5
CROSSED: Final = 6
WIDE: Final = 7
FROZEN: Final = 8
OUTLIER: Final = 9

# Only a firm index may liquidate.
INDEX_FIRM: Final = 1
INDEX_FEW_SOURCES: Final = 2
INDEX_DISAGREEMENT: Final = 3
INDEX_OFF_BENCHMARK: Final = 4
INDEX_ABSENT: Final = 5

FATES: Final = {
    "used": USED,
    "clamped_low": CLAMPED_LOW,
    "clamped_high": CLAMPED_HIGH,
    "invalid": INVALID,
    "stale": STALE,
    "crossed": CROSSED,
    "wide": WIDE,
    "frozen": FROZEN,
    "outlier": OUTLIER,
}
INDEX_STATUSES: Final = {
    "firm": INDEX_FIRM,
    "few_sources": INDEX_FEW_SOURCES,
    "disagreement": INDEX_DISAGREEMENT,
    "off_benchmark": INDEX_OFF_BENCHMARK,
    "absent": INDEX_ABSENT,
}

_PARTS: Final = 4 * PPB  # of a nanotick: mids are halves, medians quarters, clamps parts per billion of those


class VenueQuote(NamedTuple):
    """What a venue says: bid and ask, or with both 0 a price.

    `age_ns` since the venue said it (below 0: ahead of our clock), `unchanged_ns` since it last said anything else;
    `is_valid` is false when its adapter could not read it or an operator has excluded it; `weight` is above 0.
    """

    venue: str
    bid_nanoticks: int
    ask_nanoticks: int
    price_nanoticks: int
    weight: int
    age_ns: int
    unchanged_ns: int
    is_valid: bool


class IndexRules(NamedTuple):
    """Parameters of an index; those that say so are off at 0.

    `minimum_sources`: with fewer that count the index stands but is not firm. `outlier_ppb` (0: off): what is further
    from the median does not count, unless half of the sources or more are: then all count, and they disagree.
    `frozen_after_ns` (0: off): a venue unchanged for longer is left out if another one did change meanwhile.
    `maximum_spread_ppb` (0: off) is of the mid, `benchmark_ppb` of the benchmark.
    """

    clamp_ppb: int
    stale_after_ns: int
    minimum_sources: int
    outlier_ppb: int
    frozen_after_ns: int
    maximum_spread_ppb: int
    benchmark_ppb: int


class Constituent(NamedTuple):
    """A quote, what became of it, and the price it counted with (half to even, for showing; 0: it did not count)."""

    quote: VenueQuote
    fate: int
    counted_nanoticks: int


class IndexRecord(NamedTuple):
    """An index price with all it was made from. `benchmark_nanoticks` 0: there was none; price 0: there is no index."""

    rules: IndexRules
    benchmark_nanoticks: int
    constituents: tuple[Constituent, ...]
    median_nanoticks: int
    index_price_ticks: int
    status: int


def index_price(*, quotes: Sequence[VenueQuote], rules: IndexRules, benchmark_nanoticks: int = 0) -> IndexRecord:
    """The index of the quotes, with the fate of each, in the order given. Never fails, whatever venues say."""
    fates = _own_fates(quotes, rules)
    prices = [_price_parts(quote) for quote in quotes]
    usable = sorted(price for price, fate in zip(prices, fates, strict=True) if fate == USED)
    if not usable:
        unused = tuple(Constituent(quote, fate, 0) for quote, fate in zip(quotes, fates, strict=True))
        return IndexRecord(rules, benchmark_nanoticks, unused, 0, 0, INDEX_ABSENT)
    median = (usable[(len(usable) - 1) // 2] + usable[len(usable) // 2]) // 2
    outliers = sum(_is_outlier(price, median, rules) for price in usable)
    do_disagree = 2 * outliers >= len(usable) and outliers > 0
    reach = median * rules.clamp_ppb // PPB
    constituents = []
    weighted, weights = 0, 0
    for quote, price, own_fate in zip(quotes, prices, fates, strict=True):
        fate, counted = own_fate, 0
        if own_fate == USED and _is_outlier(price, median, rules) and not do_disagree:
            fate = OUTLIER
        elif own_fate == USED:
            fate, counted = _clamp(price, median - reach, median + reach)
            weighted += quote.weight * counted
            weights += quote.weight
        constituents.append(Constituent(quote, fate, half_even(counted, _PARTS)))
    price_ticks = half_even(weighted, weights * _PARTS * PPB)
    counting = len(usable) if do_disagree else len(usable) - outliers
    status = _status(price_ticks, counting, do_disagree, rules, benchmark_nanoticks)
    median_nanoticks = half_even(median, _PARTS)
    return IndexRecord(rules, benchmark_nanoticks, tuple(constituents), median_nanoticks, price_ticks, status)


def recompute(record: IndexRecord) -> IndexRecord:
    """The record made again from its quotes, rules and benchmark alone: equal to it, or it was not honest."""
    quotes = [constituent.quote for constituent in record.constituents]
    return index_price(quotes=quotes, rules=record.rules, benchmark_nanoticks=record.benchmark_nanoticks)


def _own_fates(quotes: Sequence[VenueQuote], rules: IndexRules) -> list[int]:
    """What is wrong with each quote by itself, or that it froze while another one moved; else USED."""
    fates = [_own_fate(quote, rules) for quote in quotes]
    if not rules.frozen_after_ns:
        return fates
    is_frozen = [quote.unchanged_ns > rules.frozen_after_ns for quote in quotes]
    does_any_move = any(fate == USED and not frozen for fate, frozen in zip(fates, is_frozen, strict=True))
    return [
        FROZEN if fate == USED and frozen and does_any_move else fate
        for fate, frozen in zip(fates, is_frozen, strict=True)
    ]


def _own_fate(quote: VenueQuote, rules: IndexRules) -> int:
    assert quote.weight > 0
    bid, ask = quote.bid_nanoticks, quote.ask_nanoticks
    has_price = quote.price_nanoticks > 0 if bid == ask == 0 else bid > 0 and ask > 0
    if not (quote.is_valid and has_price):
        return INVALID
    if abs(quote.age_ns) > rules.stale_after_ns:
        return STALE
    if bid > ask:
        return CROSSED
    if rules.maximum_spread_ppb and 2 * (ask - bid) * PPB > rules.maximum_spread_ppb * (ask + bid):
        return WIDE
    return USED


def _price_parts(quote: VenueQuote) -> int:
    """The mid, or else the price, in parts of a nanotick."""
    if quote.bid_nanoticks or quote.ask_nanoticks:
        return (quote.bid_nanoticks + quote.ask_nanoticks) * (_PARTS // 2)
    return quote.price_nanoticks * _PARTS


def _is_outlier(price: int, median: int, rules: IndexRules) -> bool:
    return rules.outlier_ppb > 0 and abs(price - median) * PPB > rules.outlier_ppb * median


def _clamp(price: int, low: int, high: int) -> tuple[int, int]:
    if price < low:
        return CLAMPED_LOW, low
    if price > high:
        return CLAMPED_HIGH, high
    return USED, price


def _status(price_ticks: int, sources: int, do_disagree: bool, rules: IndexRules, benchmark_nanoticks: int) -> int:
    if price_ticks == 0:
        return INDEX_ABSENT
    distance = abs(price_ticks * PPB - benchmark_nanoticks)
    if benchmark_nanoticks and distance * PPB > rules.benchmark_ppb * benchmark_nanoticks:
        return INDEX_OFF_BENCHMARK
    if sources < rules.minimum_sources:
        return INDEX_FEW_SOURCES
    return INDEX_DISAGREEMENT if do_disagree else INDEX_FIRM
