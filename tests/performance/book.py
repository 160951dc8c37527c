"""The book core with what the engine asks of it and nothing more: orders by number, walk, apply."""

from trading.core.order_book import OrderBook, leave
from trading.core.orders import Order
from trading.core.terms import BUY


class Book:
    """Ladders and orders of one instrument, driven by the number of an order."""

    def __init__(self) -> None:
        self.ladders = OrderBook()
        self.bids, self.asks = self.ladders.bids, self.ladders.asks
        self.orders: dict[int, Order] = {}

    def place(self, number: int, side: int, price_ticks: int, lots: int) -> int:
        """Match, rest what is left; returns the lots filled."""
        filled = 0
        if side == BUY:
            own, opposite = self.bids, self.asks
        else:
            own, opposite = self.asks, self.bids
        if opposite.best_key >= -side * price_ticks:
            filled = self.take(side, price_ticks, lots)
        if filled < lots:
            order = self.orders[number] = Order()
            order.order_id = number
            order.side = side
            order.price_ticks = price_ticks
            order.open_lots = lots - filled
            own.add(order)
        return filled

    def take(self, side: int, price_ticks: int, lots: int) -> int:
        """Walk first, then apply, as the engine does; returns the lots filled."""
        left = lots
        matches = []
        opposite = self.asks if side == BUY else self.bids
        levels, bound = opposite.levels, -side * price_ticks
        for key in reversed(opposite.keys):
            if key < bound:
                break
            maker = levels[key].oldest
            while maker is not None:
                open_lots = maker.open_lots
                if open_lots >= left:
                    matches.append((maker, left))
                    left = 0
                    break
                matches.append((maker, open_lots))
                left -= open_lots
                maker = maker.newer
            if not left:
                break
        for maker, filled in matches:
            if filled < maker.open_lots:
                maker.open_lots -= filled
            else:
                leave(maker)
                del self.orders[maker.order_id]
        return lots - left

    def cancel(self, number: int) -> None:
        leave(self.orders.pop(number))

    def amend(self, number: int, price_ticks: int, lots: int) -> None:
        """Fewer lots keep their place in the queue; another price loses it."""
        order = self.orders[number]
        if price_ticks == order.price_ticks:
            order.open_lots = lots
        else:
            leave(order)
            order.price_ticks = price_ticks
            order.open_lots = lots
            self.ladders.ladder(order.side).add(order)
