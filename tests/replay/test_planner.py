"""The planner against the real engine: after every depth message the engine's book is the recorded one."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tests.replay.engine_double import MAKER_ID, TAKER_IDS, EngineDouble
from trading.core.terms import BUY, EXPIRE_TAKER, IOC, LIMIT, SELL
from trading.engine.commands import AmendOrder, CancelOrder, PlaceOrder, UpdateMarkPrice
from trading.replay.book import RecordedBook
from trading.replay.instrument import INSTRUMENT_ID
from trading.replay.planner import Planner
from trading.replay.recording import Level, Message

MID = 1000
SIDES = st.sampled_from((BUY, SELL))
CHANGES = st.lists(st.tuples(SIDES, st.integers(1, 6), st.integers(0, 9)), max_size=8)
TRADES = st.lists(st.tuples(SIDES, st.integers(-6, 6), st.integers(1, 20)), max_size=4)
ROUNDS = st.lists(st.tuples(st.integers(-3, 3), CHANGES, TRADES, st.booleans()), min_size=1, max_size=12)


class Replay:
    """A planner, its recorded book and an engine; answers are held back until `settle`."""

    def __init__(self):
        self.book = RecordedBook()
        self.engine = EngineDouble()
        self.planner = Planner(book=self.book, account_id=MAKER_ID, taker_account_ids=TAKER_IDS, prefix=b"\0\0\0\0test")
        self.held = []
        self.ids = itertools.count(1)
        self.feed({(BUY, MID - 1): 5, (SELL, MID + 1): 5}, kind="snapshot")

    def feed(self, levels, kind="delta"):
        number = next(self.ids)
        message = Message(kind, [Level(*key, lots) for key, lots in levels.items()], number, number - 1)
        self.planner.touch(self.book.feed(message))
        return self.send(self.planner.plan())

    def trade(self, side, price_ticks, quantity_lots):
        return self.send([self.planner.take(side=side, price_ticks=price_ticks, quantity_lots=quantity_lots)])

    def send(self, steps):
        answers = self.engine.submit_soon([step.command for step in steps], timeout_s=0)()
        self.held += zip(steps, answers, strict=True)
        return [step.command for step in steps]

    def settle(self):
        held, self.held = self.held, []
        for step, answer in held:
            if isinstance(answer, Exception):
                self.planner.refused(step, answer.code)
            else:
                self.planner.answered(step, answer)

    def is_equal(self):
        return self.engine.levels() == {**self.book.bids, **self.book.asks}


def uncrossed(book, mid, changes):
    """Offsets from the mid as levels, with all levels removed that the mid has passed."""
    passed = {(BUY, level): 0 for level in book.bids if level >= mid}
    passed |= {(SELL, -level): 0 for level in book.asks if -level <= mid}
    return passed | {(side, mid - side * offset): lots for side, offset, lots in changes}


@given(ROUNDS)
def test_the_engine_shows_the_recorded_book_after_every_depth_message(rounds):
    replay, mid = Replay(), MID
    for drift, changes, trades, settles in rounds:
        for side, offset, lots in trades:
            replay.trade(side, mid + offset, lots)
        mid += drift
        replay.feed(uncrossed(replay.book, mid, changes))
        assert replay.is_equal()
        if settles:
            replay.settle()
    replay.settle()
    assert replay.feed({}) == [], "every answer was as planned"


def stranger(side, lots, price_ticks):
    command_id = b"stranger-" + bytes(7)
    return PlaceOrder(command_id, 0, TAKER_IDS[0], INSTRUMENT_ID, "", side, LIMIT, lots, price_ticks, IOC, EXPIRE_TAKER)


def test_a_level_from_which_a_stranger_took_is_set_anew_once_it_shows():
    replay = Replay()
    replay.settle()
    replay.engine.submit_soon([stranger(BUY, 3, price_ticks=1001)], timeout_s=0)
    replay.feed({(SELL, 1001): 7})
    assert replay.engine.levels()[-1001] == 4
    replay.settle()
    assert [type(command) for command in replay.feed({})] == [CancelOrder, PlaceOrder]
    assert replay.is_equal()


def test_best_levels_that_differ_are_set_anew():
    replay = Replay()
    replay.settle()
    replay.engine.submit_soon([stranger(BUY, 5, price_ticks=1001)], timeout_s=0)
    replay.planner.suspect_best()
    replay.feed({})
    assert replay.is_equal()


def test_what_takes_away_goes_before_what_adds_and_the_mark_before_both():
    replay = Replay()
    replay.settle()
    commands = replay.feed({(BUY, 999): 7, (SELL, 1001): 2, (BUY, 998): 3, (SELL, 1003): 0})
    assert [type(command) for command in commands] == [AmendOrder, AmendOrder, PlaceOrder]
    assert [command.quantity_lots for command in commands] == [2, 7, 3]
    commands = replay.feed({(SELL, 1001): 0, (SELL, 1004): 1})
    assert [type(command) for command in commands] == [UpdateMarkPrice, CancelOrder, PlaceOrder]
    assert commands[0].mark_price_ticks == 1002, "the mid 1001.5, rounded half to even"


def test_an_order_that_was_partly_filled_is_amended_to_its_filled_lots_and_the_new_open_ones():
    replay = Replay()
    replay.settle()
    replay.trade(BUY, 1001, 3)
    assert replay.engine.levels()[-1001] == 2
    (amend,) = replay.feed({})
    assert (type(amend), amend.quantity_lots) == (AmendOrder, 8)
    assert replay.engine.levels()[-1001] == 5


def test_an_order_that_is_not_answered_yet_is_replaced_by_its_client_id():
    replay = Replay()
    commands = replay.feed({(BUY, 999): 6})
    assert [type(command) for command in commands] == [CancelOrder, PlaceOrder]
    assert commands[0].order_id == 0
    assert replay.engine.levels()[999] == 6


def test_a_trade_fills_what_is_there_and_leaves_nothing_resting():
    replay = Replay()
    replay.trade(BUY, 1005, 9)
    replay.trade(SELL, 1000, 9)
    assert replay.engine.levels() == {999: 5}
    replay.settle()
    assert [type(command) for command in replay.feed({})] == [PlaceOrder]
    assert replay.is_equal()


def test_refused_amends_make_the_level_suspect_and_lost_cancels_the_whole_book():
    replay = Replay()
    replay.settle()
    replay.trade(SELL, 999, 5)
    replay.engine.submit_soon([stranger(BUY, 2, price_ticks=1001)], timeout_s=0)
    replay.feed({(SELL, 1001): 4})
    replay.settle()
    assert [type(command) for command in replay.feed({})] == [CancelOrder, PlaceOrder]
    assert replay.is_equal()
    step = next(step for step, _ in replay.held if isinstance(step.command, CancelOrder))
    replay.planner.refused(step, "order_already_closed")
    assert not replay.planner.must_restart
    replay.planner.refused(step, "expired_in_transit")
    assert replay.planner.must_restart
    replay.send(replay.planner.restart() + replay.planner.plan())
    assert replay.is_equal()
