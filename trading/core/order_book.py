"""The hot order book: two ladders of price levels, each a sorted plain list whose best price is last.

Levels emptied inside the ladder stay until they reach the end or a sweep takes them; `best_level` is never empty.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from typing import Final

from trading.core.orders import Level, Order
from trading.core.terms import BUY, SELL

SWEEP_AT_EMPTY_LEVELS: Final = 256


class Ladder:
    """One side of the book. `keys` hold side * price in rising order, so that for both sides the best is the last."""

    __slots__ = ("empty_levels", "keys", "levels", "side")

    def __init__(self, side: int) -> None:
        self.side = side
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}
        self.empty_levels = 0

    def add(self, order: Order) -> None:
        """Queue `order.open_lots` behind all others at its price."""
        key = self.side * order.price_ticks
        level = self.levels.get(key)
        if level is None:
            level = Level(order.price_ticks)
            self.levels[key] = level
            if self.keys and key < self.keys[-1]:
                insort(self.keys, key)
            else:
                self.keys.append(key)
        elif level.oldest is None:
            self.empty_levels -= 1
        newest = level.newest
        order.level = level
        order.older = newest
        if newest is None:
            level.oldest = order
        else:
            newest.newer = order
        level.newest = order
        level.lots += order.open_lots

    def reduce(self, order: Order, lots: int) -> None:
        """Take `lots` off a resting order; with its last lot it leaves the book."""
        level = order.level
        assert level is not None
        level.lots -= lots
        order.open_lots -= lots
        if order.open_lots == 0:
            self._unlink(order, level)

    def _unlink(self, order: Order, level: Level) -> None:
        older, newer = order.older, order.newer
        if older is None:
            level.oldest = newer
        else:
            older.newer = newer
        if newer is None:
            level.newest = older
        else:
            newer.older = older
        order.level = order.older = order.newer = None
        if level.oldest is None:
            self.empty_levels += 1
            self._drop_empty_levels()

    def _drop_empty_levels(self) -> None:
        keys, levels = self.keys, self.levels
        while keys and levels[keys[-1]].oldest is None:
            del levels[keys.pop()]
            self.empty_levels -= 1
        if self.empty_levels > SWEEP_AT_EMPTY_LEVELS and self.empty_levels * 2 > len(keys):
            self.keys = [key for key in keys if levels[key].oldest is not None]
            self.levels = {key: levels[key] for key in self.keys}
            self.empty_levels = 0

    def best_price_ticks(self) -> int:
        """The best price, 0 when the side is empty."""
        return self.side * self.keys[-1] if self.keys else 0

    def is_crossed_by(self, price_ticks: int) -> bool:
        """Whether an opposite order at this limit would find a counterpart here."""
        return bool(self.keys) and self.keys[-1] >= self.side * price_ticks

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


def orders_of(level: Level) -> list[Order]:
    """A level's orders, oldest first."""
    orders: list[Order] = []
    order = level.oldest
    while order is not None:
        orders.append(order)
        order = order.newer
    return orders
