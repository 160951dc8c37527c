"""Funding: the public cases to the last unit, and that what longs pay shorts receive, dust apart."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.core.funding import (
    EIGHT_HOURS_NS,
    FUNDING_SCALE,
    FundingRules,
    advance_funding_index,
    average_premium_ppb,
    continuous_payment_units,
    continuous_rate_ppb,
    eight_hour_rate_ppb,
    funding_payment_units,
    funding_rate_ppb,
    interest_rate_ppb,
    premium_ppb,
    settle_funding,
)
from risk.core.inverse import inverse_bankruptcy_price_ticks, inverse_pnl_units, inverse_value_units
from trading.core.terms import PPB

PERCENT = PPB // 100
HOUR_NS = 3_600 * 10**9
USDT = 10**6
BITCOIN = 10**8
HOURLY = FundingRules(
    interest_ppb=PERCENT // 100, clamp_ppb=PERCENT // 20, cap_ppb=4 * PERCENT, interval_ns=HOUR_NS
)  # Hyperliquid's
FIRST = HOURLY._replace(interval_ns=8 * HOUR_NS, cap_ppb=PERCENT * 3 // 4)


def test_public_case_2_of_hourly_funding():
    """Hyperliquid: impact bid 10,100 on 10,000 is 1 %: 0.95 % in 8 h, 0.11875 % an hour; long 10 BTC pays 118.75."""
    premium = premium_ppb(
        impact_bid_nanoticks=10_100 * PPB, impact_ask_nanoticks=10_101 * PPB, index_price_ticks=10_000
    )
    assert premium == PERCENT
    average = average_premium_ppb(premium_sum_ppb=720 * premium, samples=720)
    assert eight_hour_rate_ppb(average_premium_ppb=average, rules=HOURLY) == PERCENT * 95 // 100
    rate = funding_rate_ppb(average_premium_ppb=average, rules=HOURLY)
    assert rate * 100_000 == 11_875 * PERCENT
    value_units = 10 * 10_000 * USDT
    assert funding_payment_units(position_value_units=value_units, rate_ppb=rate) == 118_750_000
    assert funding_payment_units(position_value_units=-value_units, rate_ppb=rate) == -118_750_000


def test_public_case_3_of_inverse_funding():
    """BitMEX: long 15,000 XBTUSD at 750 is 20 XBT; 0.25 % of it is 0.05; closed at 800 it has made 1.25, net 1.20."""
    contract = {"lots": 15_000, "lot_tick_units": 2 * BITCOIN}  # one dollar, ticks of half a dollar
    value_units = inverse_value_units(price_ticks=1_500, **contract)
    assert value_units == 20 * BITCOIN
    rate = interest_rate_ppb(quote_interest_ppb=PERCENT, base_interest_ppb=PERCENT // 4, intervals_a_day=3)
    assert rate == PERCENT // 4
    paid = funding_payment_units(position_value_units=value_units, rate_ppb=rate)
    assert paid == BITCOIN * 5 // 100
    pnl = inverse_pnl_units(entry_price_ticks=1_500, exit_price_ticks=1_600, **contract)
    assert pnl == BITCOIN * 125 // 100
    assert pnl - paid == BITCOIN * 120 // 100


def test_public_case_4_of_continuous_funding():
    """Deribit: mark 10,010 on an index of 10,000 is 0.10 %, 0.075 % in 8 h, 0.00015625 % of the size in a minute."""
    rate = continuous_rate_ppb(
        mark_price_ticks=10_010, index_price_ticks=10_000, damper_ppb=PERCENT // 40, cap_ppb=PERCENT // 2
    )
    assert rate * 1_000 == 75 * PERCENT
    size_units = 100_000_000 * USDT
    paid = continuous_payment_units(
        position_value_units=size_units, rate_ppb=rate, elapsed_ns=EIGHT_HOURS_NS // (8 * 60)
    )
    assert Fraction(paid, size_units) == Fraction(15_625, 100_000_000) / 100


@pytest.mark.parametrize(("mark", "expected"), [(10_002, 0), (9_998, 0), (9_990, -75), (10_200, 500), (9_800, -500)])
def test_continuous_rate_is_damped_and_capped(mark, expected):
    rate = continuous_rate_ppb(
        mark_price_ticks=mark, index_price_ticks=10_000, damper_ppb=PERCENT // 40, cap_ppb=PERCENT // 2
    )
    assert rate * 1_000 == expected * PERCENT


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [(9_990, 10_010, 0), (10_010, 10_020, 10), (9_980, 9_990, -10), (0, 9_990, -10), (10_010, 0, 10), (0, 0, 0)],
)
def test_premium_of_each_side(bid, ask, expected):
    premium = premium_ppb(impact_bid_nanoticks=bid * PPB, impact_ask_nanoticks=ask * PPB, index_price_ticks=10_000)
    assert premium * 10_000 == expected * PPB


def test_interest_holds_while_the_premium_is_near_it():
    for premium, expected in ((0, 100_000), (599_999, 100_000), (700_000, 200_000), (-500_000, 0)):
        assert funding_rate_ppb(average_premium_ppb=premium, rules=FIRST) == expected


def test_the_rate_is_capped_either_way():
    assert funding_rate_ppb(average_premium_ppb=PPB, rules=FIRST) == FIRST.cap_ppb
    assert funding_rate_ppb(average_premium_ppb=-PPB, rules=FIRST) == -FIRST.cap_ppb
    assert funding_rate_ppb(average_premium_ppb=PPB, rules=HOURLY) == HOURLY.cap_ppb


def test_without_samples_there_is_no_premium():
    assert average_premium_ppb(premium_sum_ppb=0, samples=0) == 0
    assert average_premium_ppb(premium_sum_ppb=-5, samples=2) == -2


values = st.integers(-(10**18), 10**18)
rates = st.integers(-(10**8), 10**8)


@given(values, rates)
def test_a_payment_is_rounded_against_the_customer(value_units, rate_ppb):
    paid = funding_payment_units(position_value_units=value_units, rate_ppb=rate_ppb)
    received = -funding_payment_units(position_value_units=-value_units, rate_ppb=rate_ppb)
    assert received <= Fraction(value_units * rate_ppb, PPB) <= paid <= received + 1


@given(
    st.integers(-(10**6), 10**6), st.integers(1, 10**8), st.integers(1, 10**4), rates, st.integers(-(10**20), 10**20)
)
def test_the_index_charges_what_the_formula_does(lots, price_ticks, value_units, rate_ppb, before):
    after = advance_funding_index(
        funding_index=before, price_ticks=price_ticks, value_units=value_units, rate_ppb=rate_ppb
    )
    settlement = settle_funding(lots=lots, from_index=before, to_index=after)
    value = lots * price_ticks * value_units
    assert settlement.charge_units == funding_payment_units(position_value_units=value, rate_ppb=rate_ppb)
    assert 0 <= settlement.dust_scaled < FUNDING_SCALE


trades = st.tuples(st.just("trade"), st.integers(0, 4), st.integers(0, 4), st.integers(1, 1_000))
periods = st.tuples(st.just("period"), st.integers(1, 10**7), st.integers(1, 100), rates)
touches = st.tuples(st.just("touch"), st.integers(0, 4), st.none(), st.none())


@given(st.lists(trades | periods | touches, max_size=40))
def test_all_payments_and_the_dust_sum_to_zero(history):
    lots, indices, paid = [0] * 5, [0] * 5, [0] * 5
    funding_index = dust_scaled = settlements = 0

    def settle(account):
        nonlocal dust_scaled, settlements
        settlement = settle_funding(lots=lots[account], from_index=indices[account], to_index=funding_index)
        indices[account] = funding_index
        paid[account] += settlement.charge_units
        dust_scaled += settlement.dust_scaled
        settlements += 1

    for kind, first, second, third in history:
        if kind == "period":
            funding_index = advance_funding_index(
                funding_index=funding_index, price_ticks=first, value_units=second, rate_ppb=third
            )
            continue
        settle(first)
        if kind == "trade":
            settle(second)
            lots[first] += third
            lots[second] -= third
        unsettled = sum(held * (funding_index - index) for held, index in zip(lots, indices, strict=True))
        assert sum(paid) * FUNDING_SCALE + unsettled == dust_scaled
    for account in range(5):
        settle(account)
    assert sum(paid) * FUNDING_SCALE == dust_scaled
    assert 0 <= sum(paid) <= settlements


@given(st.integers(1, 10**6), st.sampled_from((1, -1)), st.integers(1, 10**6), st.integers(1, 10**12))
def test_an_inverse_position_is_solvent_at_its_bankruptcy_price_and_not_beyond(size, side, entry, margin):
    def equity(price):
        return margin + side * size * 10**8 * (Fraction(1, entry) - Fraction(1, price))

    price = inverse_bankruptcy_price_ticks(
        lots=side * size, entry_price_ticks=entry, margin_units=margin, lot_tick_units=10**8
    )
    if price == 0:
        assert side == -1
        assert margin * entry >= size * 10**8  # a short can lose no more than its value at entry
        return
    assert equity(price) >= 0
    assert price == side or equity(price - side) < 0


@given(values, st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 10**9))
def test_inverse_profit_is_rounded_down(lots, entry, leave, lot_tick_units):
    pnl = inverse_pnl_units(lots=lots, entry_price_ticks=entry, exit_price_ticks=leave, lot_tick_units=lot_tick_units)
    assert pnl == math.floor(lots * lot_tick_units * (Fraction(1, entry) - Fraction(1, leave)))
