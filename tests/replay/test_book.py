"""The rule by which a recording's book is rebuilt."""

import pytest

from trading.replay.book import RecordedBook, middle_ticks
from trading.replay.recording import Level, Message


def snapshot(last_id, *levels):
    return Message("snapshot", [Level(*level) for level in levels], last_id)


def delta(previous_id, last_id, *levels):
    return Message("delta", [Level(*level) for level in levels], last_id, previous_id)


def test_deltas_wait_for_the_snapshot_and_older_ones_are_dropped():
    book = RecordedBook()
    assert book.feed(delta(10, 20, (1, 99, 1))) is None
    assert book.feed(delta(20, 30, (1, 98, 2))) is None
    assert book.best() == (0, 0)
    assert book.feed(snapshot(25, (1, 97, 3), (-1, 101, 4))) == [97, -101, 98]
    assert (dict(book.bids), dict(book.asks)) == ({97: 3, 98: 2}, {-101: 4})
    assert book.best() == (98, 101)
    assert book.sequence_gaps == 0


def test_zero_lots_remove_a_level():
    book = RecordedBook()
    book.feed(snapshot(1, (1, 97, 3), (-1, 101, 4)))
    assert book.feed(delta(1, 2, (1, 97, 0), (-1, 105, 0), (-1, 100, 9))) == [97, -105, -100]
    assert (book.lots(97), book.lots(-100), book.lots(-101)) == (0, 9, 4)


@pytest.mark.parametrize(("first", "second", "gaps"), [(5, 8, 0), (3, 8, 0), (6, 8, 1), (5, 7, 1)])
def test_gaps_are_counted(first, second, gaps):
    book = RecordedBook()
    book.feed(snapshot(5, (1, 97, 3)))
    book.feed(delta(first, 8))
    book.feed(delta(second, 9))
    assert book.sequence_gaps == gaps


def test_another_snapshot_replaces_the_book():
    book = RecordedBook()
    book.feed(snapshot(5, (1, 97, 3), (-1, 101, 4)))
    assert set(book.feed(snapshot(50, (1, 96, 1)))) == {97, -101, 96}
    assert (dict(book.bids), dict(book.asks)) == ({96: 1}, {})
    assert book.feed(delta(40, 45, (1, 95, 1))) is None


@pytest.mark.parametrize(("bid", "ask", "middle"), [(100, 102, 101), (100, 101, 100), (101, 102, 102), (1, 2, 2)])
def test_the_mid_is_rounded_half_to_even(bid, ask, middle):
    assert middle_ticks(bid, ask) == middle
