"""Who has to be looked at when a mark price comes: those it takes beyond their safe marks, and those noted since.

A cache beside the state: whatever it holds, the accounts it names are only candidates for an exact check, and it names
at least all that could fail it. So an engine that has just recovered, where every account is noted, decides the same.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Final

from trading.core.terms import BUY, SELL

SafeMark = tuple[int, int]  # (side * instrument id, side * ticks): down to it, for a short up to it, equity is enough

_BUCKET_BITS: Final = 12
_REFIT_BITS: Final = 2
_HIGHEST: Final = 8 << _BUCKET_BITS  # above it the buckets are too narrow: no price came yet, or it has risen a lot
_FARTHEST: Final = -8 << _BUCKET_BITS  # one bucket for all shorts that are safe up to several times the price


class Bounds:
    """Account ids by key, which is side * price: beyond its bound is an account whose key is above the price's.

    In buckets of 2^`shift` ticks, about a four-thousandth of the price.
    """

    __slots__ = ("buckets", "codes", "shift")

    def __init__(self, price_ticks: int) -> None:
        self.buckets: dict[int, dict[int, int]] = {}
        self.codes: list[int] = []
        self.shift = _shift(price_ticks)

    def add(self, key: int, account_id: int) -> None:
        code = self._code(key)
        if code > _HIGHEST:
            self.fit(key)
            code = self._code(key)
        bucket = self.buckets.get(code)
        if bucket is None:
            bucket = self.buckets[code] = {}
            insort(self.codes, code)
        bucket[account_id] = key

    def remove(self, key: int, account_id: int) -> None:
        code = self._code(key)
        bucket = self.buckets[code]
        del bucket[account_id]
        if not bucket:
            del self.buckets[code], self.codes[bisect_left(self.codes, code)]

    def beyond(self, key: int) -> list[int]:
        """Account ids, in no order."""
        return [
            account_id
            for code in self.codes[bisect_left(self.codes, self._code(key)) :]
            for account_id, bound in self.buckets[code].items()
            if bound > key
        ]

    def _code(self, key: int) -> int:
        code = key >> self.shift
        return code if code > _FARTHEST else _FARTHEST

    def fit(self, price_ticks: int) -> None:
        """Buckets as wide as they should be, when the price has become another one."""
        shift = _shift(price_ticks)
        if -_REFIT_BITS < shift - self.shift < _REFIT_BITS:
            return
        keys = [(key, account_id) for bucket in self.buckets.values() for account_id, key in bucket.items()]
        self.buckets, self.shift = {}, shift
        self.codes = []
        for key, account_id in keys:
            self.add(key, account_id)


class LiquidationIndex:
    """`noted` and `noted_before` are the accounts to look at with the next price, `safe_marks` those of each account,
    `bounds` the same by side * instrument id."""

    __slots__ = ("bounds", "noted", "noted_before", "safe_marks")

    def __init__(self) -> None:
        self.noted: dict[int, bool] = {}
        self.noted_before: set[int] = set()
        self.safe_marks: dict[int, Sequence[SafeMark]] = {}
        self.bounds: dict[int, Bounds] = {}

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
            left = self.noted.keys() - account_ids
            self.noted = {account_id: True for account_id in self.noted if account_id in left} if left else {}
            self.noted_before -= account_ids

    def candidates(self, instrument_id: int, mark_price_ticks: int) -> list[int]:
        """Account ids, sorted."""
        found = self.noted_before.union(self.noted)
        for side in (BUY, SELL):
            bounds = self.bounds.get(side * instrument_id)
            if bounds is not None:
                bounds.fit(mark_price_ticks)
                found.update(bounds.beyond(side * mark_price_ticks))
        return sorted(found)

    def watch(self, account_id: int, safe_marks: Sequence[SafeMark]) -> None:
        """Safe marks of an account from now on; a key of 0 is no bound.

        Who was noted and is safer than before stays where it is, without lots too: narrower marks are as true, and cost
        nothing now.
        """
        before = self.safe_marks.get(account_id)
        if before is not None:
            if (account_id in self.noted or account_id in self.noted_before) and _are_wider(safe_marks, before):
                return
            for signed_id, key in before:
                if key:
                    self.bounds[signed_id].remove(key, account_id)
        if not safe_marks:
            self.safe_marks.pop(account_id, None)
            return
        self.safe_marks[account_id] = safe_marks
        for signed_id, key in safe_marks:
            if key:
                bounds = self.bounds.get(signed_id)
                if bounds is None:
                    bounds = self.bounds[signed_id] = Bounds(abs(key))
                bounds.add(key, account_id)


def _are_wider(marks: Sequence[SafeMark], before: Sequence[SafeMark]) -> bool:
    """Whether all are among those before, and no nearer."""
    for signed_id, key in marks:
        for known_id, known_key in before:
            if known_id == signed_id:
                if known_key < key:
                    return False
                break
        else:
            return False
    return True


def _shift(price_ticks: int) -> int:
    return max(price_ticks.bit_length() - _BUCKET_BITS, 0)
