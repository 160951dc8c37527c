"""Paths within bars: all four prices touched, in the order asked for, the same for the same seed."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from risk.backtest.bars import Bar
from risk.backtest.path import bridged_path, following_path

PRICES = st.integers(10**12, 10**14)
LENGTHS = st.sampled_from([4, 5, 60, 300, 900])


@st.composite
def bars(draw):
    opened, closed = draw(PRICES), draw(PRICES)
    low = draw(st.integers(min(opened, closed) // 2, min(opened, closed)))
    high = draw(st.integers(max(opened, closed), max(opened, closed) * 2))
    return Bar(opened, high, low, closed)


@given(bars(), LENGTHS, st.integers(0, 2**32))
def test_a_bridge_touches_open_high_low_and_close_and_nothing_beyond(bar, seconds, seed):
    path = bridged_path(bar, seconds=seconds, rng=Random(seed))
    assert (len(path), path[0], path[-1], min(path), max(path)) == (seconds, bar.open, bar.close, bar.low, bar.high)
    assert path == bridged_path(bar, seconds=seconds, rng=Random(seed))


@given(LENGTHS, st.integers(0, 2**32))
def test_a_falling_bar_has_its_high_first_and_another_one_its_low(seconds, seed):
    falling = bridged_path(Bar(200, 300, 100, 190), seconds=seconds, rng=Random(seed))
    rising = bridged_path(Bar(200, 300, 100, 210), seconds=seconds, rng=Random(seed))
    level = bridged_path(Bar(200, 300, 100, 200), seconds=seconds, rng=Random(seed))
    assert falling.index(300) < len(falling) - 1 - falling[::-1].index(100)
    assert rising.index(100) < len(rising) - 1 - rising[::-1].index(300)
    assert level.index(100) < len(level) - 1 - level[::-1].index(300)


@given(bars(), bars(), LENGTHS, st.integers(0, 2**32))
def test_who_follows_touches_its_own_four_prices_where_the_other_has_them(bar, other, seconds, seed):
    reference = bridged_path(other, seconds=seconds, rng=Random(seed))
    path = following_path(bar, reference=reference)
    assert (len(path), path[0], path[-1], min(path), max(path)) == (seconds, bar.open, bar.close, bar.low, bar.high)
    inner = range(1, seconds - 1)
    assert path[max(inner, key=reference.__getitem__)] == bar.high


def test_venues_with_alike_bars_stay_close():
    reference = bridged_path(Bar(60_000, 61_000, 58_000, 59_000), seconds=900, rng=Random(1))
    path = following_path(Bar(60_010, 61_030, 57_980, 59_020), reference=reference)
    assert max(abs(one - other) for one, other in zip(path, reference, strict=True)) <= 30


def test_a_venue_that_was_further_down_was_so_for_a_minute_only():
    reference = bridged_path(Bar(60_000, 61_000, 58_000, 59_000), seconds=900, rng=Random(1))
    path = following_path(Bar(60_000, 61_000, 50_000, 59_000), reference=reference)
    apart = [second for second in range(900) if abs(path[second] - reference[second]) > 100]
    assert 0 < len(apart) < 120 and min(path) == 50_000
