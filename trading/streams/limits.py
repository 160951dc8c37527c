"""How much one connection may do: a hard cap of operations a second, and credits as for REST."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from exchange.contract.errors import ApiError
from exchange.identity.buckets import REFUSALS

OPERATIONS_A_SECOND: Final = 500
FLOOD: Final = 1000  # refusals within FLOOD_S that end a connection
FLOOD_S: Final = 10.0
LARGEST_PURCHASE: Final = 50
PURCHASES_GROW_WITHIN_S: Final = 1.0

Charge = Callable[[int], Awaitable[None]]


class Pace:
    """A second's worth of operations, filled up steadily."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._left = float(OPERATIONS_A_SECOND)
        self._filled_s = monotonic()
        self._refused = 0
        self._counting_since_s = self._filled_s

    @property
    def is_flooded(self) -> bool:
        return self._refused >= FLOOD

    def step(self, operations: int = 1) -> None:
        """Refuses with rate_limited, and then takes nothing."""
        now_s = self._monotonic()
        self._left = min(OPERATIONS_A_SECOND, self._left + (now_s - self._filled_s) * OPERATIONS_A_SECOND)
        self._filled_s = now_s
        if self._left < operations:
            if now_s - self._counting_since_s > FLOOD_S:
                self._counting_since_s, self._refused = now_s, 0
            self._refused += 1
            REFUSALS.labels("socket").inc()
            message = f"A connection may send {OPERATIONS_A_SECOND} operations a second."
            raise ApiError("rate_limited", message, {"retry_after": 1})
        self._left -= operations


class Purse:
    """Credits taken from the shared buckets in advance, so that not every operation has to ask them.

    Who sends much takes more at once; what is left at the end is given back. `charge` raises rate_limited. Whoever
    charges the buckets, for the purse or beside it, tells it what they have `left`: in debt, nothing is free.
    """

    def __init__(self, charge: Charge, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.left = 0  # below zero: a debt
        self._charge = charge
        self._monotonic = monotonic
        self._credits = 0
        self._purchase = 1
        self._bought_s = float("-inf")

    async def pay(self, cost: int) -> None:
        """Refuses with rate_limited, and then takes nothing."""
        if self.left < 0:
            await self._charge(0)
        if self._credits < cost:
            await self._buy(cost - self._credits)
        self._credits -= cost

    async def empty(self) -> None:
        """Give back what is left."""
        credits, self._credits = self._credits, 0
        if credits:
            await self._charge(-credits)

    async def _buy(self, needed: int) -> None:
        now_s = self._monotonic()
        is_busy = now_s - self._bought_s < PURCHASES_GROW_WITHIN_S
        self._purchase = min(2 * self._purchase, LARGEST_PURCHASE) if is_busy else 1
        self._bought_s = now_s
        amount = max(needed, self._purchase)
        try:
            await self._charge(amount)
        except ApiError:
            if amount == needed:
                raise
            self._purchase = 1
            await self._charge(needed)
            amount = needed
        self._credits += amount
