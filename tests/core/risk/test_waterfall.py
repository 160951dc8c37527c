"""Liquidation prices of the public cases, what a round closes and at which limit, and intervals that are truly safe."""

from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from risk.core.liquidation import liquidation_price_ticks
from risk.core.margin import maintenance_margin_units
from risk.core.waterfall import (
    REDUCE_BY_SHARE,
    REDUCE_BY_TIER,
    LiquidationRules,
    cross_bankruptcy_price_ticks,
    is_liquidatable,
    isolated_bankruptcy_price_ticks,
    liquidation_fee_units,
    liquidation_limit_price_ticks,
    lots_to_close,
    safe_bound_ticks,
)
from trading.core.instruments import Bracket
from trading.core.terms import PPB

USDT = 10**6
BINANCE = (
    (0, 4_000_000),
    (50_000 * USDT, 5_000_000),
    (250_000 * USDT, 10_000_000),
    (1_000_000 * USDT, 25_000_000),
    (10_000_000 * USDT, 50_000_000),
)
RULES = LiquidationRules(
    reduce_by=REDUCE_BY_TIER, share_ppb=PPB // 5, buffer_ppb=0, fee_ppb=5_000_000, band_ppb=50_000_000
)


class HeldPosition(NamedTuple):
    lots: int
    mark_price_ticks: int
    value_units: int
    brackets: tuple[Bracket, ...]


class SafeInterval(NamedTuple):
    low_ticks: int
    high_ticks: int


def safe_intervals(*, slack_units, positions):
    """The slack spread over the positions by notional."""
    notionals = [abs(held.lots) * held.mark_price_ticks * held.value_units for held in positions]
    found = []
    for held, notional in zip(positions, notionals, strict=True):
        bound = safe_bound_ticks(*held, slack_units * notional // sum(notionals))
        found.append(SafeInterval(bound, 2**62) if held.lots > 0 else SafeInterval(0, bound))
    return found


def table(rows):
    """Brackets from (floor units, maintenance rate), with cums as listing demands them."""
    brackets, cum_units, previous_ppb = [], 0, rows[0][1]
    for floor_units, rate_ppb in rows:
        cum_units += floor_units * (rate_ppb - previous_ppb) // PPB
        brackets.append(Bracket(floor_units, min(2 * rate_ppb, PPB), 0, rate_ppb, cum_units))
        previous_ppb = rate_ppb
    return tuple(brackets)


BRACKETS = table(BINANCE)


def flat(rate_percent):
    return table([(0, rate_percent * PPB // 100)])


def test_public_case_7_of_liquidation_prices():
    """dYdX: deposit 1,000, short 3 ETH at 3,000, MMF 5 %: 3,174.60; short 1.5 beside 1,000 STRK at 1.75: 3,380.95."""
    cents = {"value_units": 10**4 // 2, "brackets": flat(5)}  # half an ETH at a tick of 0.01
    alone = liquidation_price_ticks(
        lots=-6,
        entry_value_units=-9_000 * USDT,
        other_equity_units=1_000 * USDT,
        other_maintenance_units=0,
        **cents,
    )
    assert alone == 317_460
    strk_maintenance = maintenance_margin_units(flat(10), 1_750 * USDT)
    beside = liquidation_price_ticks(
        lots=-3,
        entry_value_units=-4_500 * USDT,
        other_equity_units=1_000 * USDT,
        other_maintenance_units=strk_maintenance,
        **cents,
    )
    assert beside == 338_095


def test_public_case_13_of_brackets_and_isolated_liquidation():
    """Binance BTCUSDT 2021-03-18: cums 0, 50, 1,300, 16,300, 266,300; wallet 3,000, 1 BTC at 60,000, r 0.5 %, cum 50.

    Liquidated at 57,236.18 as a long and 62,736.32 as a short; the long's equity is its maintenance there, 236.18.
    """
    assert [bracket.maintenance_cum_units // USDT for bracket in BRACKETS] == [0, 50, 1_300, 16_300, 266_300]
    fine = 100  # one BTC at a tick of 0.0001, so that the cents are those of the exact result
    for side, cents in ((1, 5_723_618), (-1, 6_273_632)):
        position = {"lots": side, "entry_value_units": side * 60_000 * USDT, "value_units": fine}
        price = liquidation_price_ticks(
            brackets=BRACKETS, other_equity_units=3_000 * USDT, other_maintenance_units=0, **position
        )
        assert round(Fraction(price, 100)) == cents
        equity_units = 3_000 * USDT + side * (price * fine - 60_000 * USDT)
        assert abs(equity_units - maintenance_margin_units(BRACKETS, price * fine)) <= fine
        if side == 1:
            assert round(Fraction(equity_units, 10_000)) == 23_618
        bankrupt = isolated_bankruptcy_price_ticks(margin_units=3_000 * USDT, **position)
        assert bankrupt == (60_000 - side * 3_000) * 10_000


def test_bankruptcy_prices_round_towards_solvency():
    position = {"entry_value_units": 3_000, "value_units": 1, "margin_units": 100}
    assert isolated_bankruptcy_price_ticks(lots=3, **position) == 967  # 966.67
    assert isolated_bankruptcy_price_ticks(lots=-3, **{**position, "entry_value_units": -3_000}) == 1_033  # 1,033.33
    shared = {"mark_price_ticks": 1_000, "value_units": 1, "maintenance_units": 7, "all_maintenance_units": 14}
    assert cross_bankruptcy_price_ticks(lots=3, equity_units=100, **shared) == 984  # 983.33
    assert cross_bankruptcy_price_ticks(lots=-3, equity_units=100, **shared) == 1_016  # 1,016.67
    assert cross_bankruptcy_price_ticks(lots=3, equity_units=-100, **shared) == 1_017  # 1,016.67: worse than the mark


def test_a_long_without_leverage_has_no_bankruptcy_price():
    assert isolated_bankruptcy_price_ticks(lots=1, entry_value_units=100, value_units=1, margin_units=100) == 0


sizes = st.integers(-(10**6), 10**6).filter(bool)
marks = st.integers(1, 10**7)
value_units_of_a_lot = st.integers(1, 10**4)


@given(sizes, st.integers(1, 10**7), value_units_of_a_lot, st.integers(0, 10**13))
def test_isolated_equity_ends_at_zero_at_the_bankruptcy_price(lots, entry_ticks, value_units, margin_units):
    entry_value_units = lots * entry_ticks * value_units
    price = isolated_bankruptcy_price_ticks(
        lots=lots, entry_value_units=entry_value_units, value_units=value_units, margin_units=margin_units
    )
    equity_units = margin_units + lots * price * value_units - entry_value_units
    assert equity_units >= 0
    assert equity_units < abs(lots) * value_units or price == 0


@given(
    st.lists(st.tuples(sizes, marks, value_units_of_a_lot, st.integers(1, 10**12)), min_size=1, max_size=5),
    st.integers(-(10**12), 10**12),
)
def test_closing_all_at_their_bankruptcy_prices_leaves_next_to_nothing(positions, equity_units):
    all_maintenance = sum(maintenance for *_, maintenance in positions)
    left, most = equity_units, 0
    for lots, mark, value_units, maintenance in positions:
        price = cross_bankruptcy_price_ticks(
            lots=lots,
            mark_price_ticks=mark,
            value_units=value_units,
            equity_units=equity_units,
            maintenance_units=maintenance,
            all_maintenance_units=all_maintenance,
        )
        assume(price > 0)
        left += lots * value_units * (price - mark)
        most += abs(lots) * value_units
    assert 0 <= left < most


def close(lots, lot_value_units, equity_units, *, other=0, **rules):
    return lots_to_close(
        lots=lots,
        lot_value_units=lot_value_units,
        brackets=BRACKETS,
        equity_units=equity_units,
        other_maintenance_units=other,
        rules=RULES._replace(**rules),
    )


def test_a_round_closes_into_the_next_lower_tier():
    lot = 1_000 * USDT
    # 300,000 of notional need 1,700 of maintenance; 249,000, the most below the floor of 250,000, need 1,195.
    assert close(300, lot, 1_700 * USDT) == 0
    assert close(300, lot, 1_000 * USDT) == 51
    assert close(-300, lot, 1_000 * USDT) == 51
    assert close(300, lot, -5 * USDT) == 51
    assert close(49, lot, -5 * USDT) == 49


def test_a_round_closes_a_share():
    lot = 1_000 * USDT
    assert close(300, lot, 1_000 * USDT, reduce_by=REDUCE_BY_SHARE) == 60
    assert close(3, lot, USDT, reduce_by=REDUCE_BY_SHARE) == 1


def test_a_round_closes_no_more_than_it_must():
    lot = 1_000 * USDT
    # With 1,600 and no fee, maintenance of 290,000 is enough: 1 % of it less 1,300.
    assert close(300, lot, 1_600 * USDT, fee_ppb=0) == 10
    # A fee of 5 a lot leaves half of what 10 of maintenance a lot give back.
    assert close(300, lot, 1_600 * USDT) == 20
    assert close(300, lot, 1_600 * USDT, fee_ppb=0, buffer_ppb=PPB // 10) == 25  # 1.1 * 1,450 = 1,595
    assert close(300, lot, 1_600 * USDT, other=50 * USDT, fee_ppb=0) == 15


def closing_cases():
    def sized(highest):
        return st.tuples(
            sizes, st.integers(1, highest), st.integers(-highest, 10**4 * highest), st.integers(0, 10 * highest)
        )

    return sized(10**9) | sized(100)


@given(
    closing_cases(),
    st.sampled_from((REDUCE_BY_TIER, REDUCE_BY_SHARE)),
    st.integers(0, 3_000_000),
    st.integers(0, PPB),
)
def test_nobody_is_closed_with_equity_at_maintenance_and_no_more_than_needed(case, reduce_by, fee_ppb, buffer_ppb):
    lots, lot_value_units, equity_units, other = case
    closed = close(
        lots, lot_value_units, equity_units, other=other, reduce_by=reduce_by, fee_ppb=fee_ppb, buffer_ppb=buffer_ppb
    )

    def maintenance_after(closed_lots):
        return other + maintenance_margin_units(BRACKETS, (abs(lots) - closed_lots) * lot_value_units)

    if not is_liquidatable(equity_units=equity_units, maintenance_units=maintenance_after(0)):
        assert closed == 0
        return

    def is_enough(closed_lots):
        fee_units = -(-closed_lots * lot_value_units * fee_ppb // PPB)
        return (equity_units - fee_units) * PPB >= maintenance_after(closed_lots) * (PPB + buffer_ppb)

    assert 1 <= closed <= abs(lots)
    assert not is_enough(closed - 1)
    if reduce_by == REDUCE_BY_SHARE:
        assert is_enough(closed) or closed == -(-abs(lots) // 5)


@given(sizes, st.integers(1, 10**9), st.sampled_from((REDUCE_BY_TIER, REDUCE_BY_SHARE)))
def test_rounds_come_to_an_end(lots, lot_value_units, reduce_by):
    rounds = 0
    while lots:
        lots -= (1 if lots > 0 else -1) * close(lots, lot_value_units, -1, reduce_by=reduce_by)
        rounds += 1
    assert rounds <= (len(BRACKETS) if reduce_by == REDUCE_BY_TIER else 70)


@pytest.mark.parametrize(
    ("lots", "bankrupt", "expected"),
    [
        (1, 9_000, 9_500),  # the band ends before the bankruptcy price
        (1, 9_800, 9_800),
        (1, 10_400, 10_400),  # bankrupt already: only a better price than the mark would do
        (1, 10_501, 0),
        (1, 0, 9_500),
        (-1, 11_000, 10_500),
        (-1, 10_200, 10_200),
        (-1, 9_600, 9_600),
        (-1, 9_499, 0),
        (-1, 0, 0),
    ],
)
def test_limit_of_a_liquidation_order(lots, bankrupt, expected):
    limit = liquidation_limit_price_ticks(
        lots=lots, bankruptcy_price_ticks=bankrupt, mark_price_ticks=10_000, band_ppb=50_000_000
    )
    assert limit == expected


@given(sizes, st.integers(0, 10**7), marks, st.integers(0, 2 * PPB))
def test_a_limit_is_in_the_band_and_no_worse_than_bankruptcy(lots, bankrupt, mark, band_ppb):
    limit = liquidation_limit_price_ticks(
        lots=lots, bankruptcy_price_ticks=bankrupt, mark_price_ticks=mark, band_ppb=band_ppb
    )
    if limit:
        assert abs(limit - mark) * PPB <= band_ppb * mark
        assert limit >= bankrupt if lots > 0 else limit <= bankrupt
    else:
        beyond = (bankrupt - mark) * (1 if lots > 0 else -1)
        assert beyond * PPB > band_ppb * mark or bankrupt == 0


@given(st.integers(0, 10**15), st.integers(-(10**12), 10**12), st.integers(0, PPB))
def test_a_fee_never_takes_equity_below_zero(closed_value_units, equity_units, fee_ppb):
    fee = liquidation_fee_units(closed_value_units=closed_value_units, equity_units=equity_units, fee_ppb=fee_ppb)
    assert 0 <= fee <= max(equity_units, 0)
    assert fee == -(-closed_value_units * fee_ppb // PPB) or fee == max(equity_units, 0)


def test_safe_interval_of_one_position():
    held = HeldPosition(10, 1_000, 1, flat(5))
    assert safe_intervals(slack_units=999, positions=[held])[0].low_ticks == 901
    high = safe_intervals(slack_units=1_052, positions=[held._replace(lots=-10)])[0].high_ticks
    assert high == 1_100  # (1,052 - 2) / (10 * 1.05)


def test_a_safe_interval_allows_for_the_rounding_of_cums():
    brackets = table([(0, 7_208_089), (89, 93_219_687), (116, 125_840_607), (134, 162_850_932), (139, 183_338_336)])
    [interval] = safe_intervals(slack_units=19, positions=[HeldPosition(-2, 66, 1, brackets)])
    risen_units = maintenance_margin_units(brackets, 2 * 74) - maintenance_margin_units(brackets, 2 * 66)
    assert 2 * 8 + risen_units > 19
    assert interval.high_ticks < 74


def test_a_safe_interval_takes_the_rate_of_the_bracket_it_may_reach():
    brackets = table([(0, PPB // 100), (100_000, PPB // 2)])
    [interval] = safe_intervals(slack_units=10_000, positions=[HeldPosition(-10, 9_999, 1, brackets)])
    lost_units = 10 * (interval.high_ticks - 9_999)
    risen_units = maintenance_margin_units(brackets, 10 * interval.high_ticks) - 1_000
    assert lost_units > 6_000
    assert lost_units + risen_units <= 10_000


def tables(highest_floor_units):
    floors = st.lists(st.integers(1, highest_floor_units), max_size=4, unique=True).map(sorted)
    rates = st.lists(st.integers(10**7, 3 * 10**8), min_size=4, max_size=4).map(sorted)
    return st.builds(lambda floors, rates: table([(0, 10**7), *zip(floors, rates, strict=False)]), floors, rates)


large_positions = st.builds(HeldPosition, sizes, st.integers(1, 10**5), st.integers(1, 100), tables(10**12))
small_positions = st.builds(
    HeldPosition, st.integers(-3, 3).filter(bool), st.integers(1, 200), st.integers(1, 2), tables(300)
)
held_positions = large_positions | small_positions


@given(
    st.lists(held_positions, min_size=1, max_size=4),
    st.integers(0, 10**9) | st.integers(0, 100),
    st.just([0] * 4) | st.lists(st.integers(0, 1_000), min_size=4, max_size=4),
)
def test_a_safe_interval_is_truly_safe(positions, slack_units, within):
    intervals = safe_intervals(slack_units=slack_units, positions=positions)
    slack_after = slack_units
    for held, interval, permille in zip(positions, intervals, within, strict=False):
        assert interval.low_ticks <= held.mark_price_ticks <= interval.high_ticks
        worst = interval.low_ticks if held.lots > 0 else interval.high_ticks
        best = 2 * held.mark_price_ticks if held.lots > 0 else 0
        mark = worst + (best - worst) * permille // 1_000
        assert interval.low_ticks <= mark <= interval.high_ticks
        size_units = abs(held.lots) * held.value_units
        slack_after += held.lots * held.value_units * (mark - held.mark_price_ticks)
        slack_after -= maintenance_margin_units(held.brackets, size_units * mark)
        slack_after += maintenance_margin_units(held.brackets, size_units * held.mark_price_ticks)
    assert slack_after >= 0


@given(held_positions, st.integers(0, 10**9))
def test_a_safe_interval_is_not_much_shorter_than_it_could_be(held, slack_units):
    """Twice its distance and a few ticks further all slack would be lost, at the rates of the tables above."""
    [interval] = safe_intervals(slack_units=slack_units, positions=[held])
    side = 1 if held.lots > 0 else -1
    distance = held.mark_price_ticks - interval.low_ticks if side > 0 else interval.high_ticks - held.mark_price_ticks
    further = held.mark_price_ticks - side * (2 * distance + 9)
    assume(further > 0)
    size_units = abs(held.lots) * held.value_units
    assert size_units * abs(further - held.mark_price_ticks) > slack_units
