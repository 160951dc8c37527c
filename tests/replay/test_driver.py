"""The driver: order, retries and restarts, with the real engine behind a gateway whose faults are told."""

import pytest

from exchange.contract.errors import ApiError
from tests.replay.engine_double import MAKER_ID, TAKER_IDS, EngineDouble
from trading.engine.commands import CancelAllOrders, PlaceOrder
from trading.replay import driver
from trading.replay.book import RecordedBook
from trading.replay.driver import Driver, ReplayFailed
from trading.replay.planner import Planner
from trading.replay.recording import messages

STEPS = 60  # deltas of the fixture's recording


@pytest.fixture
def gateway(monkeypatch):
    monkeypatch.setattr(driver, "PAUSE_S", 0)
    return EngineDouble()


def replay(gateway, recording, progress=lambda tally: None):
    book = RecordedBook()
    planner = Planner(book=book, account_id=MAKER_ID, taker_account_ids=TAKER_IDS, prefix=b"\0\0\0\0test")
    tally = Driver(gateway=gateway, planner=planner, progress=progress).run(messages(recording))
    return tally, {**book.bids, **book.asks}


def test_every_depth_message_matches_and_every_level_stands(gateway, recording):
    tally, book = replay(gateway, recording)
    assert gateway.levels() == book
    assert (tally.depth_messages, tally.matched) == (STEPS + 1, STEPS + 1)
    assert (tally.commands, tally.refused, tally.restarts) == (len(gateway.commands), {}, 0)
    assert tally.prints_off_the_book == 1
    assert 0 < tally.trades_filled < tally.trades_sent
    assert 0 < tally.filled_lots < tally.trade_lots


def test_trades_go_out_for_other_accounts_in_turn(gateway, recording):
    tally, _ = replay(gateway, recording)
    takers = [c.account_id for c in gateway.commands if isinstance(c, PlaceOrder) and c.account_id != MAKER_ID]
    assert len(takers) == tally.trades_sent
    assert set(takers) == set(TAKER_IDS)


@pytest.mark.parametrize("code", ["engine_busy", "engine_unavailable", "outcome_unknown"])
@pytest.mark.parametrize("is_done", [False, True])
def test_unanswered_batches_are_sent_again_with_the_same_ids_and_the_book_set_anew(gateway, recording, code, is_done):
    gateway.faults = {3: (code, is_done), 20: (code, is_done), 21: (code, is_done)}
    tally, book = replay(gateway, recording)
    assert gateway.levels() == book
    assert tally.matched / tally.depth_messages > 0.8
    assert 1 <= tally.restarts <= 3
    assert sum(isinstance(command, CancelAllOrders) for command in gateway.commands) == 1 + tally.restarts
    fresh = {command.command_id for command in gateway.commands}
    assert tally.commands == len(fresh), "every command counts once, however often it was sent"


def test_a_book_that_is_lost_with_the_last_messages_is_set_anew_too(gateway, recording):
    untroubled = EngineDouble()
    replay(untroubled, recording)
    gateway.faults = {untroubled.calls - 1: ("engine_unavailable", False)}
    tally, book = replay(gateway, recording)
    assert tally.restarts == 1
    assert gateway.levels() == book


def test_commands_that_came_too_late_lose_the_book_and_it_is_set_anew(gateway, recording):
    gateway.late = {10}
    tally, book = replay(gateway, recording)
    assert gateway.levels() == book
    assert tally.refused["expired_in_transit"] > 0
    assert tally.restarts == 1


def test_an_engine_that_stays_away_ends_the_replay(gateway, recording, monkeypatch):
    monkeypatch.setattr(driver, "PATIENCE_S", 0.0)
    gateway.faults = dict.fromkeys(range(5, 1000), ("engine_unavailable", False))
    with pytest.raises(ReplayFailed, match="has not answered"):
        replay(gateway, recording)


def test_an_engine_that_keeps_refusing_ends_the_replay(gateway, recording, monkeypatch):
    monkeypatch.setattr(driver, "MAXIMUM_RESTARTS", 3)
    gateway.late = set(range(1000))
    with pytest.raises(ReplayFailed, match="expired_in_transit"):
        replay(gateway, recording)


def test_other_refusals_are_counted_and_leave_only_their_level_out(gateway, recording, monkeypatch):
    submit = gateway.submit_soon

    def refuse_one(commands, *, timeout_s):
        refused = [isinstance(c, PlaceOrder) and c.price_ticks == 6_000_000 for c in commands]
        passed = iter(
            submit([c for c, is_refused in zip(commands, refused, strict=True) if not is_refused], timeout_s=0)()
        )
        answers = [ApiError("price_outside_band") if is_refused else next(passed) for is_refused in refused]
        return lambda: answers

    monkeypatch.setattr(gateway, "submit_soon", refuse_one)
    tally, book = replay(gateway, recording)
    assert tally.refused == {"price_outside_band": 1}
    assert gateway.levels() == {level: lots for level, lots in book.items() if level != -6_000_000}
    assert tally.matched == tally.depth_messages


def test_progress_is_told_after_every_message(gateway, recording):
    told = []
    tally, _ = replay(gateway, recording, progress=lambda tally: told.append(tally.messages))
    assert told == list(range(1, tally.messages + 1))
