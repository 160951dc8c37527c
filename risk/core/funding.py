"""Funding of perpetuals as pure integer functions: by interval (F4), continuous (F5), and the funding index.

    premium = (max(0, impact bid - X) - max(0, X - impact ask)) / X         X: index price
    8-hour rate = average premium + clamp(interest - average premium, -c, c);   rate of N hours = 8-hour rate * N / 8
    payment = lots * X * rate; longs pay a rate above 0, shorts one below
Sources: Hyperliquid's and Binance's funding, BitMEX's interest rate; for F5 Deribit's funding of perpetuals.

Rates are parts per billion, rounded half to even; amounts are ledger units, rounded against the customer: who pays pays
the higher unit, who receives receives the lower one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from risk.core.margin import ceil_ppb
from risk.core.rounding import ceiling, half_even, towards_zero
from trading.core.terms import PPB

FUNDING_SCALE: Final = PPB  # a funding index is in ledger units a lot, times this: it then needs no rounding

EIGHT_HOURS_NS: Final = 8 * 3_600 * 10**9


class FundingRules(NamedTuple):
    """Parameters of interval funding.

    `interest_ppb` and `clamp_ppb` are of eight hours, `cap_ppb` bounds the rate of one interval of `interval_ns`.
    """

    interest_ppb: int
    clamp_ppb: int
    cap_ppb: int
    interval_ns: int


class FundingSettlement(NamedTuple):
    """What a position is charged (below 0: receives), and by how much less than a unit that is more than it owed."""

    charge_units: int
    dust_scaled: int


def premium_ppb(*, impact_bid_nanoticks: int, impact_ask_nanoticks: int, index_price_ticks: int) -> int:
    """One sample of the premium, rounded towards zero. A side that the book does not hold (price 0) adds nothing."""
    index_nanoticks = index_price_ticks * PPB
    above = max(0, impact_bid_nanoticks - index_nanoticks)
    below = max(0, index_nanoticks - impact_ask_nanoticks) if impact_ask_nanoticks else 0
    return towards_zero(above - below, index_price_ticks)


def average_premium_ppb(*, premium_sum_ppb: int, samples: int) -> int:
    """The mean of samples taken at a fixed cadence; 0 without any."""
    return half_even(premium_sum_ppb, samples) if samples else 0


def interest_rate_ppb(*, quote_interest_ppb: int, base_interest_ppb: int, intervals_a_day: int) -> int:
    """Interest of one interval from the daily rates of the two currencies."""
    return half_even(quote_interest_ppb - base_interest_ppb, intervals_a_day)


def eight_hour_rate_ppb(*, average_premium_ppb: int, rules: FundingRules) -> int:
    """The funding rate of eight hours, before it is spread over intervals and capped."""
    return average_premium_ppb + _clamp(rules.interest_ppb - average_premium_ppb, -rules.clamp_ppb, rules.clamp_ppb)


def funding_rate_ppb(*, average_premium_ppb: int, rules: FundingRules) -> int:
    """The funding rate of one interval. With the samples so far it is the predicted rate."""
    eight_hours = eight_hour_rate_ppb(average_premium_ppb=average_premium_ppb, rules=rules)
    return _clamp(half_even(eight_hours * rules.interval_ns, EIGHT_HOURS_NS), -rules.cap_ppb, rules.cap_ppb)


def funding_payment_units(*, position_value_units: int, rate_ppb: int) -> int:
    """What the position pays (below 0: receives) at the rate; its value has the position's sign."""
    return ceil_ppb(position_value_units, rate_ppb)


def advance_funding_index(*, funding_index: int, price_ticks: int, value_units: int, rate_ppb: int) -> int:
    """The funding index after one more interval at this price and rate, exact."""
    return funding_index + price_ticks * value_units * rate_ppb


def settle_funding(*, lots: int, from_index: int, to_index: int) -> FundingSettlement:
    """What a position that held `lots` from one funding index to the other is charged, rounded up to a unit.

    The account that is credited with every charge ends with their dust once all positions, whose lots sum to zero, are
    settled to the same index: sum(charge) * FUNDING_SCALE = sum(dust).
    """
    owed_scaled = lots * (to_index - from_index)
    charge_units = ceiling(owed_scaled, FUNDING_SCALE)
    return FundingSettlement(charge_units, charge_units * FUNDING_SCALE - owed_scaled)


def continuous_rate_ppb(*, mark_price_ticks: int, index_price_ticks: int, damper_ppb: int, cap_ppb: int) -> int:
    """F5: clamp(max(damper, premium) + min(-damper, premium), -cap, cap) of eight hours; premium of mark to index."""
    premium = half_even((mark_price_ticks - index_price_ticks) * PPB, index_price_ticks)
    return _clamp(max(damper_ppb, premium) + min(-damper_ppb, premium), -cap_ppb, cap_ppb)


def continuous_payment_units(*, position_value_units: int, rate_ppb: int, elapsed_ns: int) -> int:
    """F5: value * eight-hour rate * elapsed / eight hours, rounded up; the value has the position's sign."""
    return ceiling(position_value_units * rate_ppb * elapsed_ns, PPB * EIGHT_HOURS_NS)


def _clamp(number: int, low: int, high: int) -> int:
    return min(max(number, low), high)
