"""One stream alone: what it tells its listeners of what it hears, in order, twice, late, or not at all."""

import asyncio

import msgspec
import pytest

from exchange.contract.errors import ApiError
from tests.streams.following import FollowedBook, Follower, Gap
from trading.api.scales import scale_of
from trading.core.instruments import InstrumentTerms
from trading.core.terms import BUY, EXPIRE_TAKER, GTC, LIMIT, ORDER_NEW, SELL, TRIGGER_BY_MARK
from trading.projections.changes import Change, decode_changes, encode_changes
from trading.selectors.market import Book
from trading.streams import book as book_module
from trading.streams.book import BookStream
from trading.streams.lists import OrdersStream, TradesStream
from trading.streams.markets import NotInMemory

pytestmark = pytest.mark.asyncio
SCALE = scale_of(InstrumentTerms(7, "T-PERP", "perpetual", "T", "USDT", "0.1", "0.001", "1", 100))


class Ears:
    """A listener that decodes what it gets."""

    def __init__(self):
        self.messages = []

    def put(self, frame):
        self.messages.append(msgspec.json.decode(frame["text"]))


class Markets:
    def __init__(self):
        self.is_known = True

    def scale_by_id(self, instrument_id):
        if not self.is_known:
            raise NotInMemory
        return SCALE


class Rows:
    """The depth rows as the database has them; `away`: it does not answer."""

    def __init__(self):
        self.book = Book(10, [(100, 5), (99, 7)], [(101, 3)])
        self.is_away = False
        self.reads = 0

    async def read(self, function, **arguments):
        self.reads += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise ApiError("engine_unavailable")
        return self.book


def heard(projection, previous, sequence, rows):
    (change,) = decode_changes(encode_changes([Change(projection, 7, previous, sequence, rows)]))
    return change


def depth(previous, sequence, *rows):
    return heard("depth", previous, sequence, rows)


def trade(sequence):
    return (sequence * 64, 7, 100, 2, BUY, 1_000_000, sequence)


@pytest.fixture
def rows():
    return Rows()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(book_module, "INTERVAL_S", 0.0)
    monkeypatch.setattr(book_module, "RETRY_S", 0.001)


async def book_stream(rows):
    stream, ears = BookStream("book.T-PERP", SCALE, rows.read), Ears()
    await stream.start(0)
    stream.join(ears)
    return stream, ears


async def settled():
    for _ in range(20):
        await asyncio.sleep(0.001)


async def test_a_book_begins_with_a_snapshot_and_goes_on_with_deltas(rows, quick):
    stream, ears = await book_stream(rows)
    stream.hear(depth(8, 12, (BUY, 100, 0), (SELL, 102, 4)))
    snapshot, delta = ears.messages
    assert snapshot == {
        "channel": "book.T-PERP",
        "type": "snapshot",
        "sequence": 10,
        "previous_sequence": 0,
        "bids": [["10", "0.005"], ["9.9", "0.007"]],
        "asks": [["10.1", "0.003"]],
    }
    assert (delta["type"], delta["sequence"], delta["previous_sequence"]) == ("delta", 12, 10)
    assert (delta["bids"], delta["asks"]) == ([["10", "0"]], [["10.2", "0.004"]])


async def test_who_joins_later_gets_a_snapshot_of_its_own_from_memory(rows, quick):
    stream, _ = await book_stream(rows)
    stream.hear(depth(8, 12, (SELL, 102, 4)))
    late = Ears()
    stream.join(late)
    assert [(m["type"], m["sequence"]) for m in late.messages] == [("snapshot", 12)]
    assert late.messages[0]["asks"] == [["10.1", "0.003"], ["10.2", "0.004"]]
    assert rows.reads == 1


async def test_who_joins_never_makes_a_delta_come_sooner(rows, monkeypatch):
    monkeypatch.setattr(book_module, "INTERVAL_S", 0.05)
    stream, ears = await book_stream(rows)
    stream.hear(depth(10, 11, (BUY, 100, 1)))
    late, gone = Ears(), Ears()
    stream.join(late)
    stream.join(gone)
    stream.leave(gone)
    assert len(ears.messages) == 1 and not late.messages and not stream.is_idle()
    await asyncio.sleep(0.1)
    assert [m["type"] for m in ears.messages] == ["snapshot", "delta"]
    assert [(m["type"], m["sequence"]) for m in late.messages] == [("snapshot", 11)]
    assert not gone.messages
    stream.leave(ears)
    stream.leave(late)
    assert stream.is_idle()


async def test_what_came_before_the_snapshot_is_not_told_again(rows, quick):
    stream, ears = BookStream("book.T-PERP", SCALE, rows.read), Ears()
    stream.hear(depth(3, 6, (BUY, 100, 1)))
    stream.hear(depth(6, 12, (BUY, 98, 2)))
    await stream.start(0)
    stream.join(ears)
    (snapshot,) = ears.messages
    assert (snapshot["sequence"], snapshot["bids"]) == (12, [["10", "0.005"], ["9.9", "0.007"], ["9.8", "0.002"]])


async def test_a_snapshot_older_than_what_was_heard_is_read_again(rows, quick):
    stream, ears = BookStream("book.T-PERP", SCALE, rows.read), Ears()
    stream.join(ears)
    stream.hear(depth(15, 16, (BUY, 98, 2)))
    starting = asyncio.create_task(stream.start(0))
    await settled()
    assert not starting.done() and not ears.messages
    rows.book = Book(15, [(97, 1)], [])
    await starting
    assert [(m["type"], m["sequence"], m["bids"]) for m in ears.messages] == [
        ("snapshot", 16, [["9.8", "0.002"], ["9.7", "0.001"]])
    ]


async def test_repeats_change_nothing_and_overlaps_only_what_is_new(rows, quick):
    stream, ears = await book_stream(rows)
    for change in (depth(8, 12, (BUY, 100, 1)), depth(8, 12, (BUY, 100, 1)), depth(8, 14, (BUY, 100, 2))):
        stream.hear(change)
    assert [(m["previous_sequence"], m["sequence"]) for m in ears.messages] == [(0, 10), (10, 12), (12, 14)]


async def test_after_a_gap_nothing_but_a_new_snapshot_is_told(rows, quick):
    stream, ears = await book_stream(rows)
    rows.book = Book(20, [(90, 1)], [])
    stream.hear(depth(18, 19, (BUY, 91, 1)))
    stream.hear(depth(19, 22, (BUY, 92, 1)))
    await settled()
    kinds = [(m["type"], m["sequence"], m["previous_sequence"]) for m in ears.messages]
    assert kinds == [("snapshot", 10, 0), ("snapshot", 22, 0)]
    assert ears.messages[-1]["bids"] == [["9.2", "0.001"], ["9", "0.001"]]


async def test_a_gap_among_what_waits_is_seen_too(rows, quick):
    stream, ears = await book_stream(rows)
    rows.book = Book(20, [(90, 1)], [])
    stream.hear(depth(18, 21, (BUY, 91, 1)))
    stream.hear(depth(25, 26, (BUY, 92, 1)))
    await settled()
    assert len(ears.messages) == 1
    rows.book = Book(26, [(89, 1)], [])
    await settled()
    assert [(m["type"], m["sequence"]) for m in ears.messages] == [("snapshot", 10), ("snapshot", 26)]


async def test_a_lost_last_message_is_missed_after_a_heartbeat(rows, quick):
    stream, ears = await book_stream(rows)
    rows.book = Book(30, [], [])
    stream.beat(30)
    assert ears.messages[-1]["type"] == "heartbeat" and ears.messages[-1]["sequence"] == 10
    stream.beat(30)
    await settled()
    assert (ears.messages[-1]["type"], ears.messages[-1]["sequence"]) == ("snapshot", 30)


async def test_a_book_waits_for_the_database(rows, quick):
    stream, ears = await book_stream(rows)
    rows.is_away = True
    stream.hear(depth(18, 19, (BUY, 91, 1)))
    await settled()
    assert len(ears.messages) == 1
    rows.is_away, rows.book = False, Book(19, [], [])
    await settled()
    assert ears.messages[-1]["type"] == "snapshot"


async def test_deltas_are_put_together(rows, monkeypatch):
    monkeypatch.setattr(book_module, "INTERVAL_S", 0.05)
    stream, ears = await book_stream(rows)
    for sequence in range(11, 40):
        stream.hear(depth(sequence - 1, sequence, (BUY, 100, sequence)))
    assert len(ears.messages) <= 2
    await asyncio.sleep(0.1)
    assert ears.messages[-1]["sequence"] == 39
    assert ears.messages[-1]["bids"] == [["10", "0.039"]]
    assert len(ears.messages) <= 3


async def test_trades_are_told_once_each_and_gaps_show():
    stream, ears = TradesStream("trades.T-PERP", 7, Rows().read, Markets()), Ears()
    stream.hear(heard("trades", 4, 6, [trade(5), trade(6)]))
    await stream.start(5)
    stream.join(ears)
    stream.hear(heard("trades", 4, 8, [trade(5), trade(6), trade(8)]))
    stream.hear(heard("trades", 4, 8, [trade(5), trade(6), trade(8)]))
    stream.hear(heard("trades", 9, 11, [trade(11)]))
    told = [(m["previous_sequence"], m["sequence"], [t["sequence"] for t in m["data"]]) for m in ears.messages]
    assert told == [(6, 8, [8]), (9, 11, [11])]
    follower = Follower()
    assert follower.is_new(ears.messages[0])
    with pytest.raises(Gap):
        follower.is_new(ears.messages[1])


def order_row(order_id, sequence, *, group_id):
    """As OrderRow: identity, terms, times, lots, state, and what few orders have."""
    terms = (BUY, LIMIT, GTC, EXPIRE_TAKER, False, False, TRIGGER_BY_MARK, 0)
    lots = (5, 100, 5, 0, 0, 0)
    extras = (0, 0, 0, 0, 0, 0, 0, group_id, False)
    return (order_id, 7, 7, "", *terms, 1, order_id, *lots, ORDER_NEW, 0, "", 1, sequence, *extras)


async def test_the_first_of_a_group_is_told_though_its_sequence_stays():
    stream, ears = OrdersStream("orders", 7, Rows().read, Markets()), Ears()
    await stream.start(6)
    stream.join(ears)
    stream.hear(heard("orders", 4, 8, [order_row(8, 8, group_id=5), order_row(5, 5, group_id=5)]))
    (message,) = ears.messages
    assert [(one["id"], one["group_id"], one["sequence"]) for one in message["data"]] == [(5, 5, 5), (8, 5, 8)]


async def test_a_lost_last_trade_shows_in_a_heartbeat():
    stream, ears = TradesStream("trades.T-PERP", 7, Rows().read, Markets()), Ears()
    await stream.start(5)
    stream.join(ears)
    for _ in range(2):
        stream.beat(8)
    assert [(m["type"], m["sequence"]) for m in ears.messages] == [("heartbeat", 5), ("heartbeat", 8)]
    stream.hear(heard("trades", 5, 8, [trade(8)]))
    assert len(ears.messages) == 2, "what was given up as lost does not come after all"


async def test_a_change_of_an_unknown_instrument_can_be_heard_again():
    markets = Markets()
    stream, ears = TradesStream("trades.T-PERP", 7, Rows().read, markets), Ears()
    await stream.start(0)
    stream.join(ears)
    markets.is_known = False
    change = heard("trades", 0, 1, [trade(1)])
    with pytest.raises(NotInMemory):
        stream.hear(change)
    markets.is_known = True
    stream.hear(change)
    assert [m["sequence"] for m in ears.messages] == [1]


MESSAGES = [
    {"type": "snapshot", "sequence": 5, "previous_sequence": 0, "bids": [["1", "1"], ["2", "2"]], "asks": []},
    {"type": "delta", "sequence": 6, "previous_sequence": 5, "bids": [["1", "0"]], "asks": [["3", "1"]]},
    {"type": "delta", "sequence": 9, "previous_sequence": 6, "bids": [], "asks": [["3", "2"]]},
    {"type": "heartbeat", "sequence": 9, "previous_sequence": 9},
]


async def test_clients_notice_every_drop_and_ignore_every_repeat():
    whole = FollowedBook()
    for message in (message for message in MESSAGES for _ in range(2)):
        whole.take(message)
    assert (whole.sequence, whole.bids, whole.asks) == (9, {"2": "2"}, {"3": "2"})
    for dropped in (1, 2):
        book = FollowedBook()
        with pytest.raises(Gap):
            for message in MESSAGES[:dropped] + MESSAGES[dropped + 1 :]:
                book.take(message)
