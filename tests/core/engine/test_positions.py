"""A fill moves value between two positions and loses nothing."""

from hypothesis import given
from hypothesis import strategies as st

from trading.core.positions import fill_position

fills = st.lists(
    st.tuples(st.sampled_from((1, -1)), st.integers(1, 1_000), st.integers(1, 10**8)), min_size=1, max_size=30
)


def test_opening_adds_the_traded_value():
    assert fill_position(0, 0, 1, 5, 100) == (5, 500, 0)
    assert fill_position(-5, -500, -1, 5, 120) == (-10, -1_100, 0)


def test_reducing_realises_and_rounds_down_the_profit():
    assert fill_position(3, 100, -1, 1, 40) == (2, 66, 6)  # releases ceil(33.3) = 34
    assert fill_position(-3, -100, 1, 1, 30) == (-2, -67, 3)  # releases ceil(-33.3) = -33


def test_closing_through_zero_opens_the_other_side():
    assert fill_position(3, 300, -1, 5, 110) == (-2, -220, 30)


@given(fills)
def test_cash_and_cost_are_conserved_between_two_sides(sequence):
    sides = [(0, 0, 0), (0, 0, 0)]
    for side, lots, lot_value_units in sequence:
        for index, own_side in ((0, side), (1, -side)):
            held, entry, cash = sides[index]
            held, entry, realised = fill_position(held, entry, own_side, lots, lot_value_units)
            sides[index] = (held, entry, cash + realised)
    (held_a, entry_a, cash_a), (held_b, entry_b, cash_b) = sides
    assert held_a == -held_b
    assert cash_a + cash_b == entry_a + entry_b
    if held_a == 0:
        assert entry_a == entry_b == 0


@given(st.integers(1, 10**6), st.integers(-(10**15), 10**15), st.integers(1, 10**6), st.integers(1, 10**9))
def test_the_released_cost_is_never_rounded_for_the_customer(held, entry, closed, lot_value_units):
    closed = min(closed, held)
    for side in (1, -1):
        _, left, realised = fill_position(side * held, entry, -side, closed, lot_value_units)
        exact_times_held = side * closed * lot_value_units * held - entry * closed
        assert realised * held <= exact_times_held < (realised + 1) * held
        assert left == entry - (side * closed * lot_value_units - realised)
