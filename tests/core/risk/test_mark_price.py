"""Impact prices, the smoothed basis, and the bounds that no book can push a mark price out of."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.core.mark_price import (
    MARK_INDEX_AND_BASIS,
    MARK_INDEX_ONLY,
    MARK_MEDIAN_OF_THREE,
    MarkInputs,
    MarkRules,
    decay_scaled,
    impact_price_nanoticks,
    mark_price,
    start_of_mark,
)
from trading.core.terms import BUY, PPB, SELL

SECOND = 10**9
HOUR = 3_600 * SECOND
RULES = MarkRules(
    method=MARK_INDEX_AND_BASIS,
    average_ns=30 * SECOND,
    basis_clamp_ppb=5_000_000,
    bound_ppb=10_000_000,
    sample_every_ns=SECOND,
    sample_count=30,
)


def inputs(seconds, index_ticks, bid_ticks=0, ask_ticks=0, **fields):
    values = MarkInputs(
        time_ns=seconds * SECOND,
        index_price_ticks=index_ticks,
        bid_nanoticks=bid_ticks * PPB,
        ask_nanoticks=ask_ticks * PPB,
        last_price_ticks=0,
        funding_rate_ppb=0,
        time_to_funding_ns=0,
        funding_interval_ns=8 * HOUR,
    )
    return values._replace(**fields)


def test_impact_price_of_one_level_is_its_price():
    assert impact_price_nanoticks(side=BUY, levels=[(100, 7)], notional_units=6_999, value_units=10) == 100 * PPB


def test_impact_price_takes_a_part_of_the_last_lot():
    # 1,000 at 100 and 500 at 125 buy 10 + 4 lots: 1,500 / 14.
    levels = [(100, 10), (125, 50)]
    exact = Fraction(1_500 * PPB, 14)
    asked = impact_price_nanoticks(side=SELL, levels=levels, notional_units=1_500, value_units=1)
    bid = impact_price_nanoticks(side=BUY, levels=levels, notional_units=1_500, value_units=1)
    assert (bid, asked) == (math.floor(exact), math.ceil(exact))


def test_a_book_without_the_notional_has_no_impact_price():
    levels = [(100, 10), (99, 10)]
    assert impact_price_nanoticks(side=BUY, levels=levels, notional_units=1_990, value_units=1) == 99_500_000_000
    assert impact_price_nanoticks(side=BUY, levels=levels, notional_units=1_991, value_units=1) == 0
    assert impact_price_nanoticks(side=BUY, levels=[], notional_units=1, value_units=1) == 0


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**4)), min_size=1, max_size=8),
    st.integers(1, 10**3),
    st.integers(1, 10**6),
)
def test_impact_price_is_between_best_and_last_level(levels, value_units, share_ppm):
    levels.sort(reverse=True)
    held_units = sum(price * lots * value_units for price, lots in levels)
    notional_units = max(held_units * share_ppm // 10**6, 1)
    bid = impact_price_nanoticks(side=BUY, levels=levels, notional_units=notional_units, value_units=value_units)
    assert levels[-1][0] * PPB <= bid <= levels[0][0] * PPB
    asks = levels[::-1]
    ask = impact_price_nanoticks(side=SELL, levels=asks, notional_units=notional_units, value_units=value_units)
    assert asks[0][0] * PPB <= ask <= asks[-1][0] * PPB


@given(st.integers(0, 2 * 10**12), st.integers(1, 10**12))
def test_decay_is_the_exponential(elapsed_ns, average_ns):
    assert decay_scaled(elapsed_ns, average_ns) / 2**64 == pytest.approx(
        math.exp(-elapsed_ns / average_ns), rel=1e-9, abs=1e-17
    )


def test_the_basis_comes_in_with_the_time_constant():
    state = start_of_mark(0)
    mark_ticks, state = mark_price(inputs=inputs(0, 1_000_000, 1_003_000, 1_005_000), rules=RULES, state=state)
    assert mark_ticks == 1_000_000
    mark_ticks, state = mark_price(inputs=inputs(30, 1_000_000, 1_003_000, 1_005_000), rules=RULES, state=state)
    assert mark_ticks == round(1_000_000 + 4_000 * (1 - math.exp(-1)))
    mark_ticks, state = mark_price(inputs=inputs(60, 1_000_000), rules=RULES, state=state)
    assert mark_ticks == round(1_000_000 + 4_000 * (1 - math.exp(-1)) * math.exp(-1))


def test_a_sample_counts_at_most_the_clamp():
    state = start_of_mark(0)
    mark_ticks, _ = mark_price(inputs=inputs(10_000, 10_000, 30_000, 30_002), rules=RULES, state=state)
    assert mark_ticks == 10_050


def test_the_mark_stays_in_its_bound_when_the_index_falls():
    state = start_of_mark(0)
    _, state = mark_price(inputs=inputs(10_000, 10_000, 10_050, 10_050), rules=RULES, state=state)
    mark_ticks, _ = mark_price(inputs=inputs(10_000, 1_000, 1_000, 1_000), rules=RULES, state=state)
    assert mark_ticks == 1_010


def test_index_only_ignores_book_and_trades():
    rules = RULES._replace(method=MARK_INDEX_ONLY)
    given_inputs = inputs(5, 10_000, 10_040, 10_060, last_price_ticks=10_090)
    assert mark_price(inputs=given_inputs, rules=rules, state=start_of_mark(0)) == (10_000, start_of_mark(0))


@pytest.mark.parametrize(
    ("last_ticks", "expected_ticks"), [(0, 10_001), (9_000, 10_001), (10_004, 10_004), (10_020, 10_010)]
)
def test_median_of_three_as_binance(last_ticks, expected_ticks):
    rules = RULES._replace(method=MARK_MEDIAN_OF_THREE)
    given_inputs = inputs(
        0,
        10_000,
        10_005,
        10_015,
        last_price_ticks=last_ticks,
        funding_rate_ppb=200_000,
        time_to_funding_ns=4 * HOUR,
    )
    assert mark_price(inputs=given_inputs, rules=rules, state=start_of_mark(0))[0] == expected_ticks


def test_median_of_three_keeps_thirty_samples_a_second_apart():
    rules = RULES._replace(method=MARK_MEDIAN_OF_THREE)
    state = start_of_mark(0)
    for half_second in range(100):
        sampled = inputs(0, 10_000, 10_000 + half_second, 10_000 + half_second, time_ns=half_second * SECOND // 2)
        _, state = mark_price(inputs=sampled, rules=rules, state=state)
    clamped = [min(half_second, 50) for half_second in range(40, 100, 2)]
    assert state.samples_nanoticks == tuple(sample * PPB for sample in clamped)
    assert state.basis_nanoticks == round(Fraction(sum(clamped) * PPB, 30))


steps = st.lists(
    st.tuples(
        st.integers(0, 300),
        st.integers(1, 10**7),
        st.integers(0, 10**8),
        st.integers(0, 10**8),
        st.integers(0, 10**8),
        st.integers(-(10**8), 10**8),
    ),
    min_size=1,
    max_size=10,
)


@given(steps, st.sampled_from((MARK_INDEX_AND_BASIS, MARK_INDEX_ONLY, MARK_MEDIAN_OF_THREE)))
def test_no_book_or_trade_pushes_the_mark_out_of_its_bound(walk, method):
    rules, state, now = RULES._replace(method=method), start_of_mark(0), 0
    for seconds, index_ticks, bid_ticks, ask_ticks, last_ticks, funding_rate_ppb in walk:
        now += seconds
        sampled = inputs(
            now,
            index_ticks,
            bid_ticks,
            ask_ticks,
            last_price_ticks=last_ticks,
            funding_rate_ppb=funding_rate_ppb,
            time_to_funding_ns=HOUR,
        )
        mark_ticks, state = mark_price(inputs=sampled, rules=rules, state=state)
        assert abs(mark_ticks - index_ticks) * 100 <= index_ticks
        assert mark_ticks >= 1


@given(st.integers(1, 600), st.integers(1, 600), st.integers(-50, 50))
def test_two_steps_smooth_like_one(first, second, basis_ticks):
    book = (10_000 + basis_ticks, 10_000 + basis_ticks)
    _, one = mark_price(inputs=inputs(first + second, 10_000, *book), rules=RULES, state=start_of_mark(0))
    _, half_way = mark_price(inputs=inputs(first, 10_000, *book), rules=RULES, state=start_of_mark(0))
    _, two = mark_price(inputs=inputs(first + second, 10_000, *book), rules=RULES, state=half_way)
    assert abs(one.basis_nanoticks - two.basis_nanoticks) <= 2
