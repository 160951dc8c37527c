"""Stops and take-profits waiting for a price. Direction is explicit: further kinds only choose it differently."""

from __future__ import annotations

from collections.abc import Iterator

from sortedcontainers import SortedKeyList

from trading.core.orders import Order
from trading.core.terms import STOP, STOP_LIMIT


def _rising_key(order: Order) -> tuple[int, int]:
    return order.trigger_price_ticks, order.order_id


def _falling_key(order: Order) -> tuple[int, int]:
    return -order.trigger_price_ticks, order.order_id


class TriggerBook:
    """Untriggered orders that watch one price. `rising` ones wait for it to go up to theirs, `falling` ones down."""

    __slots__ = ("falling", "rising")

    def __init__(self) -> None:
        self.rising = SortedKeyList(key=_rising_key)
        self.falling = SortedKeyList(key=_falling_key)

    def _waiting(self, order: Order) -> SortedKeyList:
        """A stop follows the price its side runs after, a take-profit waits for it to come back."""
        is_stop = order.order_type == STOP or order.order_type == STOP_LIMIT
        return self.rising if (order.side > 0) == is_stop else self.falling

    def add(self, order: Order) -> None:
        self._waiting(order).add(order)

    def remove(self, order: Order) -> None:
        self._waiting(order).remove(order)

    def reached(self, price_ticks: int) -> Iterator[Order]:
        """Orders whose condition holds at this price: rising by price, then falling, each by placement within one."""
        for order in self.rising:
            if order.trigger_price_ticks > price_ticks:
                break
            yield order
        for order in self.falling:
            if order.trigger_price_ticks < price_ticks:
                break
            yield order
