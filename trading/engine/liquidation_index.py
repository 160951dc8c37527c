"""Who has to be looked at when a mark price comes: those it takes out of their safe interval, and those noted since.

A cache beside the state: whatever it holds, the accounts it names are only candidates for an exact check, and it names
at least all that could fail it. So an engine that has just recovered, where every account is noted, decides the same.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from sortedcontainers import SortedList

_BUCKET_BITS: Final = 12
_NOWHERE: Final[list[tuple[int, int, int]]] = []


class Bounds:
    """Account ids by a price, in buckets a four-thousandth of the price wide."""

    __slots__ = ("buckets", "codes")

    def __init__(self) -> None:
        self.buckets: dict[int, dict[int, int]] = {}
        self.codes = SortedList()

    def add(self, bound_ticks: int, account_id: int) -> None:
        code = _code(bound_ticks)
        bucket = self.buckets.get(code)
        if bucket is None:
            bucket = self.buckets[code] = {}
            self.codes.add(code)
        bucket[account_id] = bound_ticks

    def remove(self, bound_ticks: int, account_id: int) -> None:
        code = _code(bound_ticks)
        bucket = self.buckets[code]
        del bucket[account_id]
        if not bucket:
            del self.buckets[code]
            self.codes.remove(code)

    def above(self, price_ticks: int) -> list[int]:
        """Those whose bound is above the price."""
        return [
            account_id
            for code in self.codes.irange(minimum=_code(price_ticks))
            for account_id, bound_ticks in self.buckets[code].items()
            if bound_ticks > price_ticks
        ]

    def below(self, price_ticks: int) -> list[int]:
        """Those whose bound is below the price."""
        return [
            account_id
            for code in self.codes.irange(maximum=_code(price_ticks))
            for account_id, bound_ticks in self.buckets[code].items()
            if bound_ticks < price_ticks
        ]


class LiquidationIndex:
    """`noted` and `noted_before` are the accounts to look at with the next price. `intervals` keeps by account id the
    marks (instrument id, low, high) within which equity stays at maintenance or above."""

    __slots__ = ("highs", "intervals", "lows", "noted", "noted_before")

    def __init__(self) -> None:
        self.noted: dict[int, bool] = {}
        self.noted_before: set[int] = set()
        self.intervals: dict[int, list[tuple[int, int, int]]] = {}
        self.lows: defaultdict[int, Bounds] = defaultdict(Bounds)
        self.highs: defaultdict[int, Bounds] = defaultdict(Bounds)

    def note(self, account_id: int) -> None:
        self.noted[account_id] = True

    def start_anew(self) -> dict[int, bool]:
        """An empty `noted`, for who wants to know whom the index hears of from now on; another one when it forgets."""
        self.noted_before.update(self.noted)
        self.noted = {}
        return self.noted

    def forget(self, account_ids: set[int]) -> None:
        """These have been looked at."""
        if account_ids:  # a new dict: one that very many have left is slow to walk
            self.noted = {account_id: True for account_id in self.noted if account_id not in account_ids}
            self.noted_before -= account_ids

    def candidates(self, instrument_id: int, mark_price_ticks: int) -> list[int]:
        """Account ids, sorted."""
        found = self.noted_before.union(self.noted)
        lows, highs = self.lows.get(instrument_id), self.highs.get(instrument_id)
        if lows is not None:
            found.update(lows.above(mark_price_ticks))
        if highs is not None:
            found.update(highs.below(mark_price_ticks))
        return sorted(found)

    def watch(self, account_id: int, intervals: list[tuple[int, int, int]]) -> None:
        """Safe marks of an account from now on. A low or high of 0 is no bound.

        Who was noted and is safer than before stays where it is: narrower marks are as true, and cost nothing now.
        """
        before = self.intervals.get(account_id, _NOWHERE)
        if _cover(intervals, before) and (account_id in self.noted or account_id in self.noted_before):
            return
        if intervals:
            self.intervals[account_id] = intervals
        elif before:
            del self.intervals[account_id]
        for instrument_id, low_ticks, high_ticks in before:
            if low_ticks:
                self.lows[instrument_id].remove(low_ticks, account_id)
            if high_ticks:
                self.highs[instrument_id].remove(high_ticks, account_id)
        for instrument_id, low_ticks, high_ticks in intervals:
            if low_ticks:
                self.lows[instrument_id].add(low_ticks, account_id)
            if high_ticks:
                self.highs[instrument_id].add(high_ticks, account_id)


def _cover(wide: list[tuple[int, int, int]], narrow: list[tuple[int, int, int]]) -> bool:
    """Whether marks within the narrow bounds are within the wide ones too. Only shorts have a high."""
    if len(wide) != len(narrow):
        return False
    for (instrument_id, low, high), (before_id, before_low, before_high) in zip(wide, narrow, strict=True):
        if instrument_id != before_id or low > before_low or high < before_high or (high == 0) != (before_high == 0):
            return False
    return True


def _code(price_ticks: int) -> int:
    """Rises with the price: its length in bits, then its first bits."""
    dropped_bits = price_ticks.bit_length() - _BUCKET_BITS
    return dropped_bits << _BUCKET_BITS | price_ticks >> dropped_bits if dropped_bits > 0 else price_ticks
