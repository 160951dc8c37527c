"""The hot ladder does what the readable book does, whatever the sequence of orders."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.reference.sorted_book import SortedBook
from trading.core import order_book
from trading.core.order_book import OrderBook, leave, orders_of
from trading.core.orders import Order
from trading.core.positions import Position
from trading.core.terms import BUY, SELL

POSITION = Position(None, None)


def make_order(order_id, side, price_ticks, lots):
    order = Order()
    order.order_id, order.position, order.side = order_id, POSITION, side
    order.price_ticks, order.open_lots = price_ticks, lots
    return order


def shown(book, side):
    ladder = book.ladder(side)
    return [
        (side * level.key, [(order.order_id, order.open_lots) for order in orders_of(level)]) for level in ladder.walk()
    ]


class TwoBooks(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.hot, self.plain = OrderBook(), SortedBook()
        self.live = {}
        self.next_id = 1

    @rule(side=st.sampled_from((BUY, SELL)), price=st.integers(1, 12), lots=st.integers(1, 9))
    def add(self, side, price, lots):
        order = make_order(self.next_id, side, price, lots)
        self.next_id += 1
        self.live[order.order_id] = order
        self.hot.ladder(side).add(order)
        self.plain.add(side, price, order.order_id, lots)

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def reduce(self, data):
        order = self.live[data.draw(st.sampled_from(sorted(self.live)))]
        lots = data.draw(st.integers(1, order.open_lots))
        self.plain.reduce(order.side, order.price_ticks, order.order_id, lots)
        if lots < order.open_lots:
            order.open_lots -= lots
        else:
            leave(order)
            del self.live[order.order_id]

    @invariant()
    def books_are_equal(self):
        for side in (BUY, SELL):
            assert shown(self.hot, side) == self.plain.levels(side)
            assert self.hot.ladder(side).best_price_ticks() == self.plain.best_price_ticks(side)

    @invariant()
    def crossing_is_seen(self):
        for price in range(14):
            best_ask, best_bid = self.plain.best_price_ticks(SELL), self.plain.best_price_ticks(BUY)
            assert (self.hot.asks.best_key >= -price) == (0 < best_ask <= price)
            assert (self.hot.bids.best_key >= price) == (best_bid > 0 and best_bid >= price)


TestTwoBooks = TwoBooks.TestCase
TestTwoBooks.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


def test_emptied_levels_inside_the_ladder_are_swept(monkeypatch):
    monkeypatch.setattr(order_book, "SWEEP_AT_EMPTY_LEVELS", 4)
    book = OrderBook()
    orders = [make_order(price, BUY, price, 1) for price in range(1, 21)]
    for order in orders:
        book.bids.add(order)
    for order in orders[:-1]:
        leave(order)
    assert [level.key for level in book.bids.walk()] == [20]
    assert len(book.bids.keys) < 12
    assert book.bids.empty_levels == len(book.bids.keys) - 1


def test_an_emptied_level_comes_back_to_life_in_its_place():
    book = OrderBook()
    low, high = make_order(1, BUY, 10, 1), make_order(2, BUY, 20, 1)
    book.bids.add(low)
    book.bids.add(high)
    leave(low)
    again = make_order(3, BUY, 10, 4)
    book.bids.add(again)
    assert shown(book, BUY) == [(20, [(2, 1)]), (10, [(3, 4)])]
    assert book.bids.empty_levels == 0
