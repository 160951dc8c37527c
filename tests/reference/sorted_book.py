"""The readable order book: one SortedDict of queues a side. Oracle of the hot ladder."""

from collections import deque

from sortedcontainers import SortedDict

from trading.core.terms import BUY, SELL


class SortedBook:
    """Orders are (order id, lots) in queues by price; all the questions the hot book answers, answered plainly."""

    def __init__(self):
        self.sides = {BUY: SortedDict(), SELL: SortedDict()}

    def add(self, side, price_ticks, order_id, lots):
        self.sides[side].setdefault(price_ticks, deque()).append([order_id, lots])

    def reduce(self, side, price_ticks, order_id, lots):
        queue = self.sides[side][price_ticks]
        entry = next(entry for entry in queue if entry[0] == order_id)
        entry[1] -= lots
        if entry[1] == 0:
            queue.remove(entry)
        if not queue:
            del self.sides[side][price_ticks]

    def best_price_ticks(self, side):
        prices = self.sides[side]
        if not prices:
            return 0
        return prices.peekitem(-1 if side == BUY else 0)[0]

    def levels(self, side):
        """[(price, [(order id, lots), …])], best first, oldest first."""
        prices = self.sides[side].items()
        ordered = reversed(prices) if side == BUY else prices
        return [(price, [tuple(entry) for entry in queue]) for price, queue in ordered]
