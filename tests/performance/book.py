"""The book core with what the engine asks of it and nothing more: orders by number, walk, apply."""

from trading.core.order_book import OrderBook
from trading.core.orders import Order
from trading.core.positions import Position
from trading.core.terms import EXPIRE_TAKER, GTC, LIMIT

NO_POSITION = Position(None, None)


class Book:
    """Ladders and orders of one instrument, driven by the number of an order."""

    def __init__(self) -> None:
        self.ladders = OrderBook()
        self.orders: dict[int, Order] = {}

    def place(self, number: int, side: int, price_ticks: int, lots: int) -> int:
        """Match, rest what is left; returns the lots filled."""
        filled = 0
        if self.ladders.ladder(-side).is_crossed_by(price_ticks):
            filled = self.take(side, price_ticks, lots)
        if filled < lots:
            order = Order(
                number, NO_POSITION, "", side, LIMIT, lots, price_ticks, GTC, EXPIRE_TAKER, False, False, 0, 0
            )
            order.open_lots = lots - filled
            self.ladders.ladder(side).add(order)
            self.orders[number] = order
        return filled

    def take(self, side: int, price_ticks: int, lots: int) -> int:
        """Walk first, then apply, as the engine does; returns the lots filled."""
        left = lots
        matches = []
        ladder = self.ladders.ladder(-side)
        bound = -side * price_ticks
        for level in ladder.walk():
            if left == 0 or -side * level.price_ticks < bound:
                break
            maker = level.oldest
            while maker is not None and left:
                filled = maker.open_lots if maker.open_lots < left else left
                matches.append((maker, filled))
                left -= filled
                maker = maker.newer
        for maker, filled in matches:
            ladder.reduce(maker, filled)
            if maker.open_lots == 0:
                del self.orders[maker.order_id]
        return lots - left

    def cancel(self, number: int) -> None:
        order = self.orders.pop(number)
        self.ladders.ladder(order.side).reduce(order, order.open_lots)

    def amend(self, number: int, price_ticks: int, lots: int) -> None:
        """Fewer lots keep their place in the queue; another price loses it."""
        order = self.orders[number]
        ladder = self.ladders.ladder(order.side)
        if price_ticks == order.price_ticks:
            ladder.reduce(order, order.open_lots - lots)
        else:
            ladder.reduce(order, order.open_lots)
            order.price_ticks = price_ticks
            order.open_lots = lots
            ladder.add(order)
