"""The fund takes over what it can bear, to the last lot, and never what would break it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.core.insurance_fund import deficit_units, takeover_lots
from trading.core.terms import PPB

CASE = {
    "bankruptcy_price_ticks": 9_000,
    "mark_price_ticks": 8_900,
    "value_units": 10,
    "free_units": 10_000,
    "held_lots": 0,
    "margin_ppb": 0,
    "limit_units": 10**9,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 10),  # a loss of 100 ticks, 1,000 units a lot
        ({"free_units": 9_999}, 9),
        ({"free_units": -1}, 0),
        ({"lots": 7}, 7),
        ({"margin_ppb": PPB // 100}, 5),  # and 890 a lot of margin
        ({"bankruptcy_price_ticks": 8_900, "free_units": 0}, 50),
        ({"bankruptcy_price_ticks": 8_900, "free_units": 0, "margin_ppb": 1}, 0),
        ({"bankruptcy_price_ticks": 8_000, "free_units": 0, "margin_ppb": PPB // 100}, 50),  # the gain pays for it
        ({"limit_units": 3 * 89_000 + 88_999}, 3),
        ({"limit_units": 3 * 89_000, "held_lots": 2}, 1),
        ({"limit_units": 3 * 89_000, "held_lots": -2}, 5),
        ({"limit_units": 3 * 89_000, "held_lots": 4}, 0),
        ({"lots": -50, "bankruptcy_price_ticks": 8_800}, 10),
        ({"lots": -50, "bankruptcy_price_ticks": 9_000}, 50),
        ({"lots": -50, "bankruptcy_price_ticks": 8_800, "limit_units": 3 * 89_000, "held_lots": 2}, 5),
    ],
)
def test_what_the_fund_takes_over(changes, expected):
    assert takeover_lots(**{"lots": 50, **CASE, **changes}) == expected


def test_deficit_is_the_loss_at_mark():
    case = {"mark_price_ticks": 8_900, "value_units": 10}
    assert deficit_units(lots=3, bankruptcy_price_ticks=9_000, **case) == 3_000
    assert deficit_units(lots=3, bankruptcy_price_ticks=8_800, **case) == 0
    assert deficit_units(lots=-3, bankruptcy_price_ticks=8_800, **case) == 3_000


@given(
    st.integers(-(10**4), 10**4).filter(bool),
    st.integers(0, 10**5),
    st.integers(1, 10**5),
    st.integers(1, 100),
    st.integers(-(10**6), 10**11),
    st.integers(-(10**4), 10**4),
    st.integers(0, PPB),
    st.integers(0, 10**11),
)
def test_the_fund_stays_whole_and_bears_all_it_can(
    lots, bankrupt, mark, value_units, free_units, held_lots, margin_ppb, limit_units
):
    taken = takeover_lots(
        lots=lots,
        bankruptcy_price_ticks=bankrupt,
        mark_price_ticks=mark,
        value_units=value_units,
        free_units=free_units,
        held_lots=held_lots,
        margin_ppb=margin_ppb,
        limit_units=limit_units,
    )
    side = 1 if lots > 0 else -1

    def is_bearable(count):
        gain = side * count * (mark - bankrupt) * value_units
        margin = count * -(-mark * value_units * margin_ppb // PPB)
        is_paid = gain >= margin or free_units + gain - margin >= 0
        return is_paid and (held_lots + side * count) * side * mark * value_units <= limit_units

    assert 0 <= taken <= abs(lots)
    assert taken == 0 or is_bearable(taken)
    assert taken == abs(lots) or not is_bearable(taken + 1)
