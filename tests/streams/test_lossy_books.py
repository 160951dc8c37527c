"""Whatever the way to a gateway and from there to a client drops, repeats or delays: no book is ever wrong, and all is
well again after two heartbeats."""

import asyncio
from bisect import bisect_right

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.streams.following import FollowedBook, Gap
from tests.streams.test_streams import SCALE, depth
from trading.core.terms import BUY, SELL
from trading.selectors.market import Book
from trading.streams import book as book_module
from trading.streams.book import BookStream

CHANGE = st.lists(st.tuples(st.sampled_from((BUY, SELL)), st.integers(1, 4), st.integers(0, 3)), min_size=1, max_size=3)
PUBLISH, LOSE, REPEAT, WRITE, BEAT, WAIT = range(6)
ACTIONS = st.lists(st.tuples(st.sampled_from((PUBLISH, PUBLISH, LOSE, REPEAT, WRITE, BEAT, WAIT)), CHANGE), max_size=40)
FATES = st.lists(st.sampled_from(("arrives",) * 5 + ("lost", "twice")), max_size=60)


class Exchange:
    """What truly happened, and the part of it that is in the database."""

    def __init__(self):
        self.sequences, self.books = [0], [({}, {})]
        self.published, self.written = None, 0

    def change(self, rows):
        """A new record; prices of bids and asks do not meet."""
        rows = {(side, 50 - ticks if side == BUY else 50 + ticks): lots for side, ticks, lots in rows}
        bids, asks = (dict(side) for side in self.books[-1])
        for (side, ticks), lots in rows.items():
            (bids if side == BUY else asks)[ticks] = lots
        previous = self.sequences[-1]
        self.sequences.append(previous + 3)
        self.books.append(tuple({ticks: lots for ticks, lots in side.items() if lots} for side in (bids, asks)))
        self.published = depth(previous, previous + 3, *((*level, lots) for level, lots in rows.items()))

    def at(self, sequence):
        return self.books[bisect_right(self.sequences, sequence) - 1]

    async def read(self, function, **arguments):
        await asyncio.sleep(0)
        bids, asks = self.at(self.written)
        return Book(self.written, sorted(bids.items(), reverse=True), sorted(asks.items()))


class Client:
    """Follows the rules; `fates` says what becomes of the messages to it."""

    def __init__(self, exchange, stream, fates):
        self.exchange, self.stream, self.fates = exchange, stream, iter(fates)
        self.book, self.gaps = FollowedBook(), 0

    def put(self, frame):
        message = msgspec.json.decode(frame["text"])
        for _ in range({"arrives": 1, "lost": 0, "twice": 2}[next(self.fates, "arrives")]):
            try:
                if self.book.take(message):
                    assert self.shown() == self.exchange.at(self.book.sequence), f"wrong at {self.book.sequence}"
            except Gap:
                self.gaps += 1
                self.book = FollowedBook()
                asyncio.get_running_loop().call_soon(self.subscribe_again)

    def subscribe_again(self):
        self.stream.leave(self)
        self.stream.join(self)

    def shown(self):
        """In ticks and lots."""
        return tuple(
            {round(float(price) * 10): round(float(quantity) * 1000) for price, quantity in side.items()}
            for side in (self.book.bids, self.book.asks)
        )


async def live(actions, fates, interval_s):
    exchange = Exchange()
    stream = BookStream("book.T-PERP", SCALE, exchange.read)
    client = Client(exchange, stream, fates)
    await stream.start(0)
    stream.join(client)
    for action, rows in actions:
        if action in (PUBLISH, LOSE):
            exchange.change(rows)
        if action in (PUBLISH, REPEAT) and exchange.published is not None:
            stream.hear(exchange.published)
        elif action == WRITE:
            exchange.written = exchange.sequences[-1]
        elif action == BEAT:
            stream.beat(exchange.written)
        elif action == WAIT:
            await asyncio.sleep(2 * interval_s)
    exchange.written = exchange.sequences[-1]
    client.fates = iter(())
    for _ in range(4):
        stream.beat(exchange.written)
        await asyncio.sleep(0.004)
    assert (client.book.sequence, client.shown()) == (exchange.sequences[-1], exchange.books[-1])
    stream.close()
    return client


@given(ACTIONS, FATES, st.sampled_from((0.0, 0.001)))
@settings(max_examples=150)
def test_no_book_is_ever_wrong_and_each_heals(actions, fates, interval_s):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book_module, "INTERVAL_S", interval_s)
        patch.setattr(book_module, "RETRY_S", 0.0005)
        asyncio.run(live(actions, fates, interval_s))


def test_a_lost_message_is_noticed_by_the_client():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book_module, "INTERVAL_S", 0.0)
        actions = [(PUBLISH, [(BUY, 1, 1)]), (PUBLISH, [(BUY, 2, 1)]), (PUBLISH, [(BUY, 1, 2)]), (WAIT, [])]
        assert asyncio.run(live(actions, ("arrives", "lost", "arrives"), 0.0)).gaps == 1
