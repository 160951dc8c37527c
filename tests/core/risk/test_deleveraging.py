"""Who is deleveraged: the public case, the exact order of ranks, and never more than asked or held."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.core.deleveraging import (
    Deleveraged,
    RankedPosition,
    deleverage_by_rank,
    deleverage_pro_rata,
    in_queue_order,
    lights,
    rank_ppb,
    rank_scaled,
)
from trading.core.terms import PPB

PUBLIC = [RankedPosition(*row) for row in ((1, 10, 3), (2, 10, 6), (3, 20, 1), (4, 30, 4), (5, 20, 5), (6, 10, 2))]


def test_public_case_10_of_ranks_and_lights():
    """BitMEX: lights 2: 20 %, 5: 40 %, 4: 60 %, 1: 80 %, 6: 80 %, 3: 100 %; short 20 closes 10 of 2 and 10 of 5."""
    queue = in_queue_order(PUBLIC)
    shown = {position.account_id: 20 * light for position, light in zip(queue, lights(queue), strict=True)}
    assert list(shown.items()) == [(2, 20), (5, 40), (4, 60), (1, 80), (6, 80), (3, 100)]
    chosen = deleverage_by_rank(queue, 20)
    assert chosen == [Deleveraged(2, 10), Deleveraged(5, 10)]
    assert PUBLIC[4].lots - chosen[1].lots == 10


def test_the_public_case_pro_rata():
    assert deleverage_pro_rata(PUBLIC, 20) == [
        Deleveraged(1, 2), Deleveraged(2, 2), Deleveraged(3, 4), Deleveraged(4, 6), Deleveraged(5, 4), Deleveraged(6, 2)
    ]  # fmt: skip


def test_largest_remainders_and_then_lower_accounts_get_the_odd_lots():
    positions = [RankedPosition(9, 5, 0), RankedPosition(7, 5, 0), RankedPosition(8, 8, 0)]
    # 4 of 18: 1.11, 1.11, 1.78
    assert deleverage_pro_rata(positions, 4) == [Deleveraged(7, 1), Deleveraged(8, 2), Deleveraged(9, 1)]
    # 1 of 10 each: the remainders are equal
    assert deleverage_pro_rata(positions[:2], 1) == [Deleveraged(7, 1)]


def test_rank_of_profit_and_of_loss():
    # A long of 10 entered at 100, marked at 150: +50 %; with 300 of equity 5 times leveraged.
    winner = rank_scaled(lots=10, entry_value_units=1_000, equity_units=300, lot_value_units=150)
    assert rank_ppb(winner) == 25 * PPB // 10
    # The short against it: -50 %, with 3,000 of equity leveraged by half.
    loser = rank_scaled(lots=-10, entry_value_units=-1_000, equity_units=3_000, lot_value_units=150)
    assert rank_ppb(loser) == -PPB
    # More leverage puts a winner earlier, and a loser too: it divides the loss.
    assert rank_scaled(lots=10, entry_value_units=1_000, equity_units=200, lot_value_units=150) > winner
    assert rank_scaled(lots=-10, entry_value_units=-1_000, equity_units=300, lot_value_units=150) > loser


def test_equal_ranks_stand_by_account_id():
    smaller = rank_scaled(lots=1, entry_value_units=300, equity_units=7, lot_value_units=400)
    larger = rank_scaled(lots=3, entry_value_units=900, equity_units=21, lot_value_units=400)
    assert smaller == larger
    queue = in_queue_order([RankedPosition(12, 3, larger), RankedPosition(11, 1, smaller)])
    assert [position.account_id for position in queue] == [11, 12]


def test_an_account_without_equity_has_a_rank():
    exact = rank_scaled(lots=1, entry_value_units=100, equity_units=1, lot_value_units=150)
    assert rank_scaled(lots=1, entry_value_units=100, equity_units=-50, lot_value_units=150) == exact
    assert rank_scaled(lots=1, entry_value_units=0, equity_units=0, lot_value_units=150) > 0


def test_more_than_the_other_side_holds_cannot_be_asked():
    for deleverage in (deleverage_by_rank, deleverage_pro_rata):
        with pytest.raises(AssertionError):
            deleverage(PUBLIC, 101)


def exact_rank(lots, entry_value_units, equity_units, lot_value_units):
    mark_value = lots * lot_value_units
    gain = Fraction(mark_value - entry_value_units, abs(entry_value_units))
    leverage = Fraction(abs(mark_value), equity_units)
    return gain * leverage if gain > 0 else gain / leverage


held = st.tuples(
    st.integers(-(10**3), 10**3).filter(bool) | st.integers(1, 2**61).map(lambda lots: -lots),
    st.integers(1, 2**61) | st.integers(1, 100),
    st.integers(1, 2**62) | st.integers(1, 100),
)


HIGHEST = 2**63 - 1  # of what an event can carry


@given(held, held, st.integers(1, 2) | st.integers(1, 10**6))
def test_ranks_order_as_the_fractions_do(first, second, lot_value_units):
    def both(lots, entry, equity):
        entry = entry if lots > 0 else -entry
        keys = {"lots": lots, "entry_value_units": entry, "equity_units": equity, "lot_value_units": lot_value_units}
        return rank_scaled(**keys), exact_rank(**keys)

    (first_rank, first_exact), (second_rank, second_exact) = both(*first), both(*second)
    assert (first_rank > second_rank) == (first_exact > second_exact)
    assert (first_rank == second_rank) == (first_exact == second_exact)
    exact_ppb = first_exact * PPB // 1
    assert rank_ppb(first_rank) in {max(-HIGHEST, min(one, HIGHEST)) for one in (exact_ppb, exact_ppb - 1)}


def test_fractions_closer_than_any_usual_precision_keep_their_order():
    """One unit of profit on a very large position: 1 / (M - 1) and 1 / M, over an equity of 2^62, are 2^-184 apart."""
    ranks = [
        rank_scaled(lots=1, entry_value_units=value - 1, equity_units=2**62, lot_value_units=value)
        for value in (2**61 - 1, 2**61, 2**61 + 1)
    ]
    assert ranks == sorted(set(ranks), reverse=True)


populations = st.lists(
    st.tuples(st.integers(1, 10**6), st.integers(-5, 5)), min_size=1, max_size=12
).map(lambda rows: [RankedPosition(number, *row) for number, row in enumerate(rows, 1)])  # fmt: skip


@given(populations, st.data(), st.sampled_from((deleverage_by_rank, deleverage_pro_rata)))
def test_lots_closed_are_those_asked_and_never_more_than_a_position(positions, data, deleverage):
    asked = data.draw(st.integers(0, sum(position.lots for position in positions)))
    chosen = deleverage(in_queue_order(positions), asked)
    assert sum(share.lots for share in chosen) == asked
    lots_of = {position.account_id: position.lots for position in positions}
    assert len({share.account_id for share in chosen}) == len(chosen)
    assert all(0 < share.lots <= lots_of[share.account_id] for share in chosen)


@given(populations, st.data())
def test_nobody_is_reduced_while_a_higher_rank_holds_lots(positions, data):
    asked = data.draw(st.integers(0, sum(position.lots for position in positions)))
    queue = in_queue_order(positions)
    left = {position.account_id: position.lots for position in queue}
    for share in deleverage_by_rank(queue, asked):
        left[share.account_id] -= share.lots
    rank_of = {position.account_id: position.rank_scaled for position in queue}
    reduced = [position.account_id for position in queue if left[position.account_id] < position.lots]
    for account_id in reduced[:-1]:
        assert left[account_id] == 0
    untouched = {position.account_id for position in queue} - set(reduced)
    for account_id in untouched:
        assert all(rank_of[other] >= rank_of[account_id] for other in reduced)


@given(populations, st.data())
def test_pro_rata_is_within_one_lot_of_the_exact_share(positions, data):
    total = sum(position.lots for position in positions)
    asked = data.draw(st.integers(0, total))
    closed = dict(deleverage_pro_rata(positions, asked))
    for position in positions:
        assert abs(closed.get(position.account_id, 0) - Fraction(asked * position.lots, total)) < 1


@given(populations)
def test_lights_rise_along_the_queue_to_five(positions):
    shown = lights(in_queue_order(positions))
    assert shown == sorted(shown)
    assert shown[0] >= 1
    assert shown[-1] == 5
