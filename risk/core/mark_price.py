"""The mark price (F3), as pure integer functions: by index and smoothed basis, by index alone, or Binance's median.

    impact price = average price of filling a notional;  basis = clamp(mid of the impact prices - index)
    index and basis:  mark = index + e,  e <- basis + (e - basis) * exp(-t / T)
    median of three:  mark = median(index * (1 + funding rate * time to funding / interval), index + mean(basis), last)
Sources: Deribit's mark price of perpetuals (bounded average of mid - index, bounded around the index), Hyperliquid's
impact prices and its averages that decay with time, Binance's mark price of perpetuals since 2025-09-18.

Prices between ticks are nanoticks (10^-9 tick). The mark is rounded once, half to even, to ticks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from risk.core.rounding import ceiling, half_even
from trading.core.terms import BUY, PPB

MARK_INDEX_AND_BASIS: Final = 1
MARK_INDEX_ONLY: Final = 2
MARK_MEDIAN_OF_THREE: Final = 3

MARK_METHODS: Final = {
    "index_and_basis": MARK_INDEX_AND_BASIS,
    "index_only": MARK_INDEX_ONLY,
    "median_of_three": MARK_MEDIAN_OF_THREE,
}

_ONE: Final = 2**64
_NOTHING_LEFT: Final = 45 * _ONE  # exp(-45) is less than one part of 2^64


class MarkRules(NamedTuple):
    """Parameters of a mark price.

    `average_ns`: T above. `basis_clamp_ppb` bounds each sample of the basis, `bound_ppb` the mark, both around the
    index. `sample_every_ns`, `sample_count`: how the median of three samples the basis (Binance: a second, 30).
    """

    method: int
    average_ns: int
    basis_clamp_ppb: int
    bound_ppb: int
    sample_every_ns: int
    sample_count: int


class MarkState(NamedTuple):
    """What a mark price remembers: the averaged basis as of `time_ns`, or the latest samples, oldest first."""

    time_ns: int
    basis_nanoticks: int
    samples_nanoticks: tuple[int, ...]


class MarkInputs(NamedTuple):
    """What a mark price is made of at `time_ns`.

    `bid_nanoticks`, `ask_nanoticks`: impact prices, or for the median of three the best prices; 0: there is none.
    `last_price_ticks` 0: no trade yet. `funding_rate_ppb` is the last one, over `funding_interval_ns`.
    """

    time_ns: int
    index_price_ticks: int
    bid_nanoticks: int
    ask_nanoticks: int
    last_price_ticks: int
    funding_rate_ppb: int
    time_to_funding_ns: int
    funding_interval_ns: int


def impact_price_nanoticks(
    *, side: int, levels: Iterable[tuple[int, int]], notional_units: int, value_units: int
) -> int:
    """The average price of filling the notional from (price ticks, lots) levels, best first; 0: they do not hold it.

    side: BUY for bids, SELL for asks. Rounded away from the middle: bids down, asks up.
    """
    taken_lots, left_units = 0, notional_units
    for price_ticks, lots in levels:
        level_units = price_ticks * lots * value_units
        if level_units >= left_units:
            # N / (q * v) with q * v = taken * v + left / price, a part of a lot included.
            numerator = notional_units * price_ticks * PPB
            denominator = taken_lots * value_units * price_ticks + left_units
            return numerator // denominator if side == BUY else ceiling(numerator, denominator)
        taken_lots += lots
        left_units -= level_units
    return 0


def start_of_mark(time_ns: int) -> MarkState:
    """No basis yet: the mark starts at the index."""
    return MarkState(time_ns, 0, ())


def mark_price(*, inputs: MarkInputs, rules: MarkRules, state: MarkState) -> tuple[int, MarkState]:
    """Return (mark in ticks, what to remember). At least 1 tick, and within the bound around the index.

    A book without bid or ask has no basis: its mark goes back to the index.
    """
    assert inputs.index_price_ticks > 0
    state = _remember(inputs, rules, state)
    if rules.method == MARK_INDEX_AND_BASIS:
        price_nanoticks = inputs.index_price_ticks * PPB + state.basis_nanoticks
    elif rules.method == MARK_MEDIAN_OF_THREE:
        price_nanoticks = _median_of_three(inputs, state)
    else:
        price_nanoticks = inputs.index_price_ticks * PPB
    reach_ticks = inputs.index_price_ticks * rules.bound_ppb // PPB
    price_ticks = _clamp(half_even(price_nanoticks, PPB), inputs.index_price_ticks, reach_ticks)
    return max(price_ticks, 1), state


def decay_scaled(elapsed_ns: int, average_ns: int) -> int:
    """exp(-elapsed / average) * 2^64, rounded down."""
    exponent = elapsed_ns * _ONE // average_ns
    if exponent > _NOTHING_LEFT:
        return 0
    growth = term = _ONE
    count = 0
    while term:
        count += 1
        term = term * exponent // (count * _ONE)
        growth += term
    return _ONE * _ONE // growth


def basis_nanoticks(*, inputs: MarkInputs, clamp_ppb: int) -> int:
    """mid - index (half to even), within the clamp around 0; 0 without bid or ask."""
    if not (inputs.bid_nanoticks and inputs.ask_nanoticks):
        return 0
    mid = half_even(inputs.bid_nanoticks + inputs.ask_nanoticks, 2)
    return _clamp(mid - inputs.index_price_ticks * PPB, 0, inputs.index_price_ticks * clamp_ppb)


def _remember(inputs: MarkInputs, rules: MarkRules, state: MarkState) -> MarkState:
    elapsed_ns = max(inputs.time_ns - state.time_ns, 0)
    sample = basis_nanoticks(inputs=inputs, clamp_ppb=rules.basis_clamp_ppb)
    if rules.method == MARK_INDEX_AND_BASIS:
        decay = decay_scaled(elapsed_ns, rules.average_ns)
        averaged = sample + half_even((state.basis_nanoticks - sample) * decay, _ONE)
        return MarkState(state.time_ns + elapsed_ns, averaged, ())
    if rules.method == MARK_MEDIAN_OF_THREE and (elapsed_ns >= rules.sample_every_ns or not state.samples_nanoticks):
        samples = (*state.samples_nanoticks, sample)[-rules.sample_count :]
        return MarkState(state.time_ns + elapsed_ns, half_even(sum(samples), len(samples)), samples)
    return state


def _median_of_three(inputs: MarkInputs, state: MarkState) -> int:
    index_nanoticks = inputs.index_price_ticks * PPB
    expected_funding = inputs.index_price_ticks * inputs.funding_rate_ppb * inputs.time_to_funding_ns
    by_funding = index_nanoticks + half_even(expected_funding, inputs.funding_interval_ns)
    by_basis = index_nanoticks + state.basis_nanoticks
    last = inputs.last_price_ticks * PPB or index_nanoticks
    return sorted((by_funding, by_basis, last))[1]


def _clamp(number: int, middle: int, reach: int) -> int:
    return min(max(number, middle - reach), middle + reach)
