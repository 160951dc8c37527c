"""The recorded book, rebuilt from a recording by the venue's rule.

A level is named by one integer, side * price_ticks: bids are positive, asks negative, and on either side the greatest
name is the best price.
"""

from sortedcontainers import SortedDict

from trading.core.terms import BUY
from trading.replay.recording import SNAPSHOT, Message


class RecordedBook:
    """Quantities in lots by level. Deltas wait for the first snapshot; those it already contains are dropped."""

    def __init__(self) -> None:
        self.bids = SortedDict()
        self.asks = SortedDict()
        self.is_synchronised = False
        self.sequence_gaps = 0
        self._waiting: list[Message] = []
        self._last_id = 0
        self._follows_snapshot = False

    def lots(self, level: int) -> int:
        return (self.bids if level > 0 else self.asks).get(level, 0)

    def best(self) -> tuple[int, int]:
        """Best bid and ask in ticks; 0: none."""
        bid_ticks = self.bids.peekitem(-1)[0] if self.bids else 0
        ask_ticks = -self.asks.peekitem(-1)[0] if self.asks else 0
        return bid_ticks, ask_ticks

    def levels(self) -> list[int]:
        return [*self.bids, *self.asks]

    def feed(self, message: Message) -> list[int] | None:
        """Takes a depth message; returns the levels it touched, or None when it waits or is older than the snapshot."""
        if message.kind == SNAPSHOT:
            return self._replace(message)
        if not self.is_synchronised:
            self._waiting.append(message)
            return None
        if self._follows_snapshot and message.last_id < self._last_id:
            return None
        # The first update after a snapshot may have begun before it; each later one must name the one before it.
        continues = (
            message.previous_id <= self._last_id if self._follows_snapshot else message.previous_id == self._last_id
        )
        self.sequence_gaps += not continues
        self._follows_snapshot = False
        self._last_id = message.last_id
        return self._set(message)

    def _replace(self, message: Message) -> list[int]:
        touched = dict.fromkeys(self.levels())
        self.bids.clear()
        self.asks.clear()
        self._last_id, self._follows_snapshot, self.is_synchronised = message.last_id, True, True
        touched.update(dict.fromkeys(self._set(message)))
        waiting, self._waiting = self._waiting, []
        for delta in waiting:
            touched.update(dict.fromkeys(self.feed(delta) or ()))
        return list(touched)

    def _set(self, message: Message) -> list[int]:
        touched = []
        for side, price_ticks, quantity_lots in message.levels:
            levels = self.bids if side == BUY else self.asks
            level = side * price_ticks
            if quantity_lots:
                levels[level] = quantity_lots
            else:
                levels.pop(level, None)
            touched.append(level)
        return touched


def middle_ticks(bid_ticks: int, ask_ticks: int) -> int:
    """The mid of the book in whole ticks, rounded half to even."""
    half, odd = divmod(bid_ticks + ask_ticks, 2)
    return half + (odd & half & 1)
