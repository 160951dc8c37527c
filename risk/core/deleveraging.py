"""Auto-deleveraging (F17) as pure integer functions: who closes how much against a position nobody takes over.

    r = pnl% * leverage when pnl% > 0, else pnl% / leverage
    pnl% = (mark value - entry value) / |entry value|,  leverage = |mark value| / (mark value - bankrupt value)
Source: BitMEX's auto-deleveraging and its examples. Sharing pro rata is here for comparison.

Every close is at the bankruptcy price of the position that is worked off, and only who holds the other side takes part.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from trading.core.terms import PPB

LIGHTS: Final = 5

# Two different fractions with denominators below 2^128 are further apart than 2^-256: rounded down to that they keep
# their order, and equal ones stay equal.
_RANK_BITS: Final = 256
_DENOMINATOR_BOUND: Final = 2**128
_HIGHEST: Final = 2**63 - 1


class RankedPosition(NamedTuple):
    """A position on the side to be deleveraged: its account, its lots without sign, its rank."""

    account_id: int
    lots: int
    rank_scaled: int


class Deleveraged(NamedTuple):
    """How many lots of an account's position are closed."""

    account_id: int
    lots: int


def rank_scaled(*, lots: int, entry_value_units: int, equity_units: int, lot_value_units: int) -> int:
    """The rank r as an integer, r * 2^256 rounded down, that orders positions exactly as the fractions do.

    equity_units: mark value less bankrupt value, which is the position's share of its account's equity; less than 1
    counts as 1. lot_value_units: one lot at mark.
    """
    mark_value = abs(lots) * lot_value_units
    pnl_units = lots * lot_value_units - entry_value_units
    entry_units, equity_units = max(abs(entry_value_units), 1), max(equity_units, 1)
    if pnl_units > 0:
        numerator, denominator = pnl_units * mark_value, entry_units * equity_units
    else:
        numerator, denominator = pnl_units * equity_units, entry_units * mark_value
    assert 0 < denominator < _DENOMINATOR_BOUND
    return (numerator << _RANK_BITS) // denominator


def rank_ppb(rank: int) -> int:
    """A rank as people read it, in parts per billion, rounded down; what 64 bits cannot hold is the most they can."""
    return max(-_HIGHEST, min(rank * PPB >> _RANK_BITS, _HIGHEST))


def in_queue_order(positions: Sequence[RankedPosition]) -> list[RankedPosition]:
    """Highest rank first, of equal ones the lower account id."""
    return sorted(positions, key=lambda position: (-position.rank_scaled, position.account_id))


def lights(queue: Sequence[RankedPosition]) -> list[int]:
    """For each position of the queue the fifth of all its lots that the position ends in, rounded up: 1 is next, to 5.

    An indicator of five lamps shows 6 - light of them.
    """
    total = sum(position.lots for position in queue)
    cumulative, found = 0, []
    for position in queue:
        cumulative += position.lots
        found.append(-(-LIGHTS * cumulative // total))
    return found


def deleverage_by_rank(queue: Sequence[RankedPosition], lots: int) -> list[Deleveraged]:
    """Close that many lots from the head of the queue, each position wholly before the next; they must be held."""
    left, chosen = lots, []
    for position in queue:
        if left == 0:
            break
        closed = min(left, position.lots)
        chosen.append(Deleveraged(position.account_id, closed))
        left -= closed
    assert left == 0, "the other side holds as many lots as are to be closed"
    return chosen


def deleverage_pro_rata(positions: Sequence[RankedPosition], lots: int) -> list[Deleveraged]:
    """Close that many lots in proportion to those held: rounded down, then one more each by largest remainder.

    Equal remainders go to the lower account id. Answers by account id; who closes none is left out.
    """
    total = sum(position.lots for position in positions)
    assert lots <= total, "the other side holds as many lots as are to be closed"
    by_account = sorted(positions, key=lambda position: position.account_id)
    closed = {position.account_id: lots * position.lots // total for position in by_account}
    by_remainder = sorted(by_account, key=lambda position: -(lots * position.lots % total))
    for position in by_remainder[: lots - sum(closed.values())]:
        closed[position.account_id] += 1
    return [Deleveraged(account_id, share) for account_id, share in closed.items() if share]
