"""Orders waiting for a price: stops, take-profits, and trailing stops, whose trigger runs behind the price."""

from __future__ import annotations

from collections.abc import Iterator

from sortedcontainers import SortedKeyList

from trading.core.orders import Order, special_of
from trading.core.terms import PPB, TAKE_PROFIT, TAKE_PROFIT_LIMIT, TRAILING_STOP


def _rising_key(order: Order) -> tuple[int, int]:
    return special_of(order).trigger_price_ticks, order.order_id


def _falling_key(order: Order) -> tuple[int, int]:
    return -special_of(order).trigger_price_ticks, order.order_id


def _activation_key(order: Order) -> tuple[bool, int, int]:
    activation_ticks = special_of(order).activation_price_ticks
    return activation_ticks != 0, -order.side * activation_ticks, order.order_id


def _extreme_key(order: Order) -> tuple[int, int]:
    return -order.side * special_of(order).extreme_price_ticks, order.order_id


def _is_activated(order: Order, price_ticks: int) -> bool:
    activation_ticks = special_of(order).activation_price_ticks
    return activation_ticks == 0 or order.side * (price_ticks - activation_ticks) <= 0


def trailing_trigger_ticks(order: Order) -> int:
    """How far behind the extreme the price triggers it: the distance, or the rate rounded away from the price; >= 1."""
    trail = special_of(order)
    extreme_ticks, distance_ticks, rate_ppb = (
        trail.extreme_price_ticks,
        trail.trailing_distance_ticks,
        trail.trailing_rate_ppb,
    )
    if order.side > 0:
        return extreme_ticks + distance_ticks - (-extreme_ticks * rate_ppb // PPB)
    return max(1, extreme_ticks - distance_ticks + (-extreme_ticks * rate_ppb // PPB))


class TriggerBook:
    """Untriggered orders that watch one price. `rising` ones wait for it to go up to theirs, `falling` ones down.

    A trailing stop is `inactive` until the price has come to its activation price; then it is also among those that
    are `following`. Both are indexed by side and sorted so that those a move of the price concerns come first.
    """

    __slots__ = ("falling", "following", "inactive", "rising")

    def __init__(self) -> None:
        self.rising = SortedKeyList(key=_rising_key)
        self.falling = SortedKeyList(key=_falling_key)
        self.inactive = {side: SortedKeyList(key=_activation_key) for side in (1, -1)}
        self.following = {side: SortedKeyList(key=_extreme_key) for side in (1, -1)}

    def _waiting(self, order: Order) -> SortedKeyList:
        """A stop follows the price its side runs after, a take-profit waits for it to come back."""
        takes_profit = order.order_type == TAKE_PROFIT or order.order_type == TAKE_PROFIT_LIMIT
        return self.rising if (order.side > 0) != takes_profit else self.falling

    def add(self, order: Order) -> None:
        if order.order_type == TRAILING_STOP:
            if not special_of(order).trigger_price_ticks:
                self.inactive[order.side].add(order)
                return
            self.following[order.side].add(order)
        self._waiting(order).add(order)

    def remove(self, order: Order) -> None:
        if order.order_type == TRAILING_STOP:
            if not special_of(order).trigger_price_ticks:
                self.inactive[order.side].remove(order)
                return
            self.following[order.side].remove(order)
        self._waiting(order).remove(order)

    def follow(self, price_ticks: int) -> None:
        """The price is now this: activate trailing stops it has come to, take those along that it has run away from."""
        for side in (1, -1):
            inactive, following = self.inactive[side], self.following[side]
            while inactive and _is_activated(inactive[0], price_ticks):
                self._trail(inactive[0], price_ticks)
            while following and side * (price_ticks - special_of(following[0]).extreme_price_ticks) < 0:
                self._trail(following[0], price_ticks)

    def _trail(self, order: Order, price_ticks: int) -> None:
        self.remove(order)
        special = special_of(order)
        special.extreme_price_ticks = price_ticks
        special.trigger_price_ticks = trailing_trigger_ticks(order)
        self.add(order)

    def reached(self, price_ticks: int) -> Iterator[Order]:
        """Orders whose condition holds at this price: rising by price, then falling, each by placement within one."""
        for order in self.rising:
            if special_of(order).trigger_price_ticks > price_ticks:
                break
            yield order
        for order in self.falling:
            if special_of(order).trigger_price_ticks < price_ticks:
                break
            yield order
