"""Market-maker protection: how much of an account's quotes may be filled within a window of time."""

from __future__ import annotations

from collections import deque


class MarketMakerProtection:
    """Limits in lots (0: none) on fills within `window_ns`: their sum, and their sum with signs either way.

    `fills` are the (time_ns, signed lots) counted at present, `gross_lots` and `net_lots` their sums. Once it has fired
    quotes are frozen until `frozen_until_ns`, or with 0 there until it is set anew.
    """

    __slots__ = (
        "delta_lots",
        "fills",
        "freeze_ns",
        "frozen_until_ns",
        "gross_lots",
        "is_fired",
        "net_lots",
        "quantity_lots",
        "window_ns",
    )

    def __init__(self, window_ns: int, quantity_lots: int, delta_lots: int, freeze_ns: int) -> None:
        self.window_ns = window_ns
        self.quantity_lots = quantity_lots
        self.delta_lots = delta_lots
        self.freeze_ns = freeze_ns
        self.is_fired = False
        self.frozen_until_ns = 0
        self.fills: deque[tuple[int, int]] = deque()
        self.gross_lots = 0
        self.net_lots = 0

    def is_frozen(self, time_ns: int) -> bool:
        """Whether quotes are refused now."""
        return self.is_fired and (self.frozen_until_ns == 0 or time_ns < self.frozen_until_ns)

    def count(self, time_ns: int, signed_lots: int) -> bool:
        """Count a fill; True when a limit is reached with it."""
        self._add(time_ns, signed_lots)
        while self.fills[0][0] <= time_ns - self.window_ns:
            _, lots = self.fills.popleft()
            self.gross_lots -= abs(lots)
            self.net_lots -= lots
        return 0 < self.quantity_lots <= self.gross_lots or 0 < self.delta_lots <= abs(self.net_lots)

    def load(self, fills: list[tuple[int, int]]) -> None:
        """Take up fills counted before."""
        for time_ns, signed_lots in fills:
            self._add(time_ns, signed_lots)

    def _add(self, time_ns: int, signed_lots: int) -> None:
        self.fills.append((time_ns, signed_lots))
        self.gross_lots += abs(signed_lots)
        self.net_lots += signed_lots

    def fire(self, frozen_until_ns: int) -> None:
        """Begin the freeze."""
        self.is_fired = True
        self.frozen_until_ns = frozen_until_ns
        self.fills.clear()
        self.gross_lots = self.net_lots = 0
