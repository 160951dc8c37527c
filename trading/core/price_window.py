"""The prices of the last while, of which only the least and the greatest matter."""

from __future__ import annotations

from collections import deque

from trading.core.terms import PPB


class PriceWindow:
    """`lows` and `highs` are (time, ticks): those that no later price has made irrelevant, oldest and best first."""

    __slots__ = ("highs", "lows")

    def __init__(self) -> None:
        self.lows: deque[tuple[int, int]] = deque()
        self.highs: deque[tuple[int, int]] = deque()

    def is_empty(self) -> bool:
        return not self.lows

    def low_and_high(self) -> tuple[int, int]:
        """Of a window that is not empty."""
        return self.lows[0][1], self.highs[0][1]

    def range_ppb(self) -> int:
        """How far the high lies above the low, rounded down."""
        low, high = self.low_and_high()
        return (high - low) * PPB // low

    def with_price(self, time_ns: int, price_ticks: int, window_ns: int) -> tuple[int, int]:
        """Low and high as they would be with this price, of the prices younger than the window."""
        oldest_ns = time_ns - window_ns
        low = next((ticks for at_ns, ticks in self.lows if at_ns > oldest_ns), price_ticks)
        high = next((ticks for at_ns, ticks in self.highs if at_ns > oldest_ns), price_ticks)
        return min(low, price_ticks), max(high, price_ticks)

    def add(self, time_ns: int, price_ticks: int, window_ns: int) -> None:
        oldest_ns = time_ns - window_ns
        for prices, sign in ((self.lows, 1), (self.highs, -1)):
            while prices and sign * (prices[-1][1] - price_ticks) >= 0:
                prices.pop()
            prices.append((time_ns, price_ticks))
            while prices[0][0] <= oldest_ns:
                prices.popleft()

    def clear(self) -> None:
        self.lows.clear()
        self.highs.clear()
