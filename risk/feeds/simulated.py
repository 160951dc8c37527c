"""A price that wanders around an anchor: for demos and tests, without any venue."""

import math
import random
from typing import Final

STEP_DEVIATION: Final = 0.0002  # of the price, a step
PULL: Final = 1 / 20_000  # of the way back to the anchor, a step


class WanderingPrice:
    """`step` gives the next price in whole ticks (rounded half to even), at least 1, at most `maximum_ticks`.

    The logarithm of price / anchor is an autoregressive walk: it strays a few per cent, and comes back.
    """

    def __init__(self, *, anchor_ticks: int, start_ticks: int, maximum_ticks: int, seed: str) -> None:
        self._anchor_ticks = anchor_ticks
        self._maximum_ticks = maximum_ticks
        self._distance = math.log(start_ticks / anchor_ticks)
        self._random = random.Random(seed)

    def step(self) -> int:
        self._distance += self._random.gauss(0, STEP_DEVIATION) - PULL * self._distance
        return min(max(round(self._anchor_ticks * math.exp(self._distance)), 1), self._maximum_ticks)
