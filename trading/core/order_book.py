"""The hot order book: two ladders of price levels, each a sorted plain list whose best price is last.

Levels emptied inside the ladder stay until they reach the end or a sweep takes them; the best level is never empty.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from typing import Final

from trading.core.orders import Level, Order
from trading.core.terms import BUY, SELL

SWEEP_AT_EMPTY_LEVELS: Final = 256
EMPTY: Final = -(2**63)  # the best key of a ladder without orders


class Ladder:
    """One side of the book. `keys` hold side * price in rising order, so that for both sides the best is the last.

    `best_key` is that last one. An opposite order at `price_ticks` finds a counterpart when it is >= side * price.
    """

    __slots__ = ("best_key", "empty_levels", "keys", "levels", "side")

    def __init__(self, side: int) -> None:
        self.side = side
        self.best_key = EMPTY
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}
        self.empty_levels = 0

    def add(self, order: Order) -> None:
        """Queue `order.open_lots` behind all others at its price."""
        key = self.side * order.price_ticks
        level = self.levels.get(key)
        if level is None:
            level = self._new_level(key)
        newest = level.newest
        order.level = level
        order.older = newest
        order.newer = None
        level.newest = order
        if newest is not None:
            newest.newer = order
        else:
            self.empty_levels -= 1
            level.oldest = order

    def _new_level(self, key: int) -> Level:
        level = self.levels[key] = Level(self, key)
        self.empty_levels += 1
        if key > self.best_key:
            self.keys.append(key)
            self.best_key = key
        else:
            insort(self.keys, key)
        return level

    def drop_empty_levels(self) -> None:
        """Take empty levels off the end, and out of the middle when they have become too many."""
        keys, levels = self.keys, self.levels
        while keys and levels[keys[-1]].oldest is None:
            del levels[keys.pop()]
            self.empty_levels -= 1
        if self.empty_levels > SWEEP_AT_EMPTY_LEVELS and self.empty_levels * 2 > len(keys):
            self.keys = [key for key in keys if levels[key].oldest is not None]
            self.levels = {key: levels[key] for key in self.keys}
            self.empty_levels = 0
        self.best_key = self.keys[-1] if self.keys else EMPTY

    def best_price_ticks(self) -> int:
        """The best price, 0 when the side is empty."""
        return self.side * self.best_key if self.best_key != EMPTY else 0

    def walk(self) -> Iterator[Level]:
        """The levels that hold orders, best first."""
        for key in reversed(self.keys):
            level = self.levels[key]
            if level.oldest is not None:
                yield level


class OrderBook:
    """Bids and asks of one instrument."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = Ladder(BUY)
        self.asks = Ladder(SELL)

    def ladder(self, side: int) -> Ladder:
        """The ladder on which orders of `side` rest."""
        return self.bids if side == BUY else self.asks


def leave(order: Order) -> None:
    """Take a resting order out of the book; nothing of it is open any more."""
    order.open_lots = 0
    older, newer = order.older, order.newer
    if newer is not None:
        newer.older = older
    else:
        order.level.newest = older
    if older is not None:
        older.newer = newer
        return
    level = order.level
    level.oldest = newer
    if newer is None:
        ladder = level.ladder
        ladder.empty_levels += 1
        if level.key == ladder.best_key or ladder.empty_levels > SWEEP_AT_EMPTY_LEVELS:
            ladder.drop_empty_levels()


def requeue(order: Order) -> None:
    """Put a resting order behind all others at its price."""
    level, older, newer = order.level, order.older, order.newer
    if newer is None:
        return
    newer.older = older
    if older is None:
        level.oldest = newer
    else:
        older.newer = newer
    newest = level.newest
    assert newest is not None
    newest.newer = order
    order.older, order.newer = newest, None
    level.newest = order


def orders_of(level: Level) -> list[Order]:
    """A level's orders, oldest first."""
    orders: list[Order] = []
    order = level.oldest
    while order is not None:
        orders.append(order)
        order = order.newer
    return orders
