"""Answers travel by the message, share the journal's bytes, and tell each sender's outcomes and no more."""

from collections import Counter
from typing import Any, get_args

import msgspec
import pytest

from tests.orders import changed
from tests.simulation.commands import CommandStream
from tests.simulation.view import View
from tests.worker.market import ALICE, BOB, BTC_PERP, MARK_TICKS, limit_order, opening_commands
from trading.core.order_book import EMPTY
from trading.core.orders import NOT_SPECIAL
from trading.core.terms import (
    BUY,
    CANCEL_REDUCE_ONLY,
    GTD,
    IOC,
    ORDER_CANCELLED,
    ORDER_FILLED,
    ORDER_NEW,
    ORDER_PARTIALLY_FILLED,
    ORDER_UNTRIGGERED,
    SELL,
    STOP,
    TRAILING_STOP,
    TRIGGER_BY_LAST,
)
from trading.engine.answers import decode_answers, encode_answers, order_view, state_as_placed
from trading.engine.commands import (
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    DescribeAccount,
    ExpireOrder,
    InternalCommand,
    PlaceOrder,
    TriggerOrder,
)
from trading.engine.engine import Engine
from trading.engine.events import OrderCancelled, OrderPlaced, Record, TradeExecuted
from trading.engine.replies import AccountView, OrderState, Outcome
from trading.engine.wire import decode_command, decode_records, encode_command, encode_records
from trading.services.gateway import new_command_id
from trading.worker.group_commit import GroupCommit, Lease

ONE, TWO = "gateway.1", "gateway.2"


class InstantJournal:
    def __init__(self):
        self.payloads = []

    def append(self, batch, committed):
        self.payloads.append(batch.payload)
        committed()


class Desk:
    def __init__(self):
        self.engine, self.journal, self.now_ns = Engine(), InstantJournal(), 1
        self.told = {}  # channel of a gateway -> encoded answers
        lease = Lease(domain=1, epoch=1, last_sequence=0, last_hash=bytes(32))
        self.commit = GroupCommit(
            engine=self.engine, journal=self.journal, lease=lease, clock=lambda: self.now_ns, tell=self.told.update
        )
        self.ask(*opening_commands())

    def ask(self, *commands, channel=ONE):
        """The encoded answers to one message."""
        encoded = [encode_command(msgspec.structs.replace(command, valid_until_ns=0)) for command in commands]
        self.commit.receive(reply_channel=channel, commands=encoded)
        while not self.commit.is_idle():
            self.commit.step()
        (answers,) = self.told[channel]
        return answers

    def outcome(self, command):
        """Of a message with nothing else in it."""
        (outcome,) = decode_answers(self.ask(command))
        return outcome


@pytest.fixture
def desk():
    return Desk()


def records_told(answers):
    records, _, _ = msgspec.msgpack.decode(answers, type=tuple[list[Record], Any, Any])
    return records


def stop(side, trigger_price_ticks):
    order = limit_order(account_id=ALICE, side=side, price_ticks=0)
    waiting = {"trigger_price_ticks": trigger_price_ticks, "trigger_by": TRIGGER_BY_LAST}
    return changed(order, order_type=STOP, time_in_force=IOC, **waiting)


def test_a_message_is_answered_with_the_bytes_of_the_journal(desk):
    answers = desk.ask(limit_order(), limit_order(), DescribeAccount(new_command_id(), 0, ALICE))

    assert desk.journal.payloads[-1] in answers
    assert [type(reply) for reply in decode_answers(answers)] == [Outcome, Outcome, AccountView]


def test_what_follows_from_a_command_is_not_told(desk):
    """A stop's trigger is its owner's business: whoever made the trade learns of the trade."""
    desk.ask(limit_order(account_id=BOB, side=SELL, price_ticks=MARK_TICKS + 10, quantity_lots=5))
    desk.ask(msgspec.structs.replace(stop(BUY, MARK_TICKS + 5), quantity_lots=3))

    answers = desk.ask(limit_order(price_ticks=MARK_TICKS + 10, quantity_lots=2), limit_order(), channel=TWO)

    journaled = decode_records(desk.journal.payloads[-1])
    assert [type(record.command) for record in journaled] == [PlaceOrder, TriggerOrder, PlaceOrder]
    assert records_told(answers) == [journaled[0], journaled[2]]
    trade, other = decode_answers(answers)
    assert [type(event) for event in trade.events] == [OrderPlaced, TradeExecuted]
    assert (trade.order.status, trade.order.filled_lots) == (ORDER_FILLED, 2)
    assert trade.best_ask_ticks == MARK_TICKS + 10
    assert desk.engine.state.instruments[BTC_PERP].book.asks.best_key == EMPTY, "the stop has left something"
    assert (other.sequence, other.order.status) == (journaled[2].sequence, ORDER_NEW)


def test_a_timer_that_fires_with_a_message_is_not_told(desk):
    desk.ask(changed(limit_order(), time_in_force=GTD, expires_at_ns=desk.now_ns + 5))
    desk.now_ns += 5

    answers = desk.ask(limit_order(client_order_id="later"), channel=TWO)

    journaled = decode_records(desk.journal.payloads[-1])
    assert [type(record.command) for record in journaled] == [ExpireOrder, PlaceOrder]
    assert records_told(answers) == journaled[1:]
    assert decode_answers(answers)[0].order.client_order_id == "later"


def test_best_prices_are_those_after_each_command(desk):
    prices = [MARK_TICKS - 30, MARK_TICKS - 20, MARK_TICKS - 40]
    outcomes = decode_answers(desk.ask(*(limit_order(price_ticks=price) for price in prices)))

    assert [outcome.best_bid_ticks for outcome in outcomes] == [MARK_TICKS - 30, MARK_TICKS - 20, MARK_TICKS - 20]
    assert {outcome.best_ask_ticks for outcome in outcomes} == {0}


def test_an_order_is_told_as_it_stands(desk):
    desk.ask(limit_order(account_id=BOB, side=SELL, price_ticks=MARK_TICKS, quantity_lots=2))
    new = desk.outcome(limit_order(client_order_id="mine")).order
    assert (new.status, new.client_order_id, new.filled_lots, new.cancelled_lots) == (ORDER_NEW, "mine", 0, 0)
    partly = desk.outcome(limit_order(price_ticks=MARK_TICKS, quantity_lots=5)).order
    assert (partly.status, partly.filled_lots, partly.filled_value_units) == (
        ORDER_PARTIALLY_FILLED,
        2,
        2 * MARK_TICKS * desk.engine.state.instruments[BTC_PERP].value_units,
    )
    cancelled = desk.outcome(CancelOrder(new_command_id(), 0, ALICE, partly.order_id, "")).order
    assert (cancelled.status, cancelled.filled_lots, cancelled.cancelled_lots) == (ORDER_CANCELLED, 2, 3)
    assert (cancelled.created_at_ns, cancelled.filled_value_units) == (partly.created_at_ns, partly.filled_value_units)
    waiting = desk.outcome(stop(BUY, MARK_TICKS + 5)).order
    assert (waiting.status, waiting.trigger_price_ticks) == (ORDER_UNTRIGGERED, MARK_TICKS + 5)


class Watched(Engine):
    """Keeps the order a command was about, and the best prices of its instrument, as they stood before anything
    followed from the command."""

    def execute(self, command, time_ns, standings):
        self.executed, self.order_then, self.best_then = command, None, (0, 0)
        records = super().execute(command, time_ns, standings)
        if records[-1].command is command:
            self._look()
        return records

    def _drain(self, time_ns, records):
        if records and records[-1].command is self.executed:
            self._look()
        super()._drain(time_ns, records)

    def _look(self):
        order, instrument_id = self.state.subject, getattr(self.executed, "instrument_id", 0)
        if order is not None and isinstance(self.executed, PlaceOrder | AmendOrder | CancelOrder):
            self.order_then, instrument_id = as_it_stands(order), order.position.instrument.instrument_id
        if instrument_id in self.state.instruments:
            book = self.state.instruments[instrument_id].book
            self.best_then = (book.bids.best_price_ticks(), book.asks.best_price_ticks())


def as_it_stands(order):
    """By the fields' names."""
    special = order.special or NOT_SPECIAL
    values = {}
    for name in OrderState.__struct_fields__:
        owner = order if hasattr(order, name) else special
        values[name] = getattr(owner, name)
    if order.order_type == TRAILING_STOP:
        values["trigger_price_ticks"] = 0
    return OrderState(**values)


@pytest.mark.parametrize("seed", [3, 4])
def test_an_order_is_told_as_it_stood_before_anything_followed(seed):
    """Of a random stream, also where only the events tell it."""
    engine, view, kinds = Watched(), View(), Counter()
    stream = CommandStream(seed=seed, view=view)
    for _ in range(3000):
        command, time_ns = stream.next()
        standings = []
        records = engine.execute(command, time_ns, standings)
        (record,) = (record for record in records if not isinstance(record.command, InternalCommand))
        (standing,) = standings
        (outcome,) = decode_answers(encode_answers(encode_records([record]), standings, []))
        for each in records:
            view.fold(each)
        assert (outcome.best_bid_ticks, outcome.best_ask_ticks) == engine.best_then
        kinds["best prices without an order"] += engine.order_then is None and engine.best_then > (0, 0)
        state = engine.order_then
        if state is None:
            assert outcome.order is None
            continue
        assert outcome.order == order_view(state, record)
        placed = record.events[0]
        if isinstance(placed, OrderPlaced):
            value_units = engine.state.instruments[placed.instrument_id].value_units
            assert state_as_placed(placed, record, value_units=value_units) == state
        kinds[type(command).__name__, standing[0] is None] += 1
        kinds["cut"] += isinstance(placed, OrderPlaced) and placed.cut_lots > 0
        kinds["something followed"] += len(records) > 1
        kinds["a quote"] += state.is_quote
        kinds["a trailing stop"] += state.trailing_distance_ticks + state.trailing_rate_ppb > 0
    assert set(kinds) == {
        ("PlaceOrder", True),
        ("PlaceOrder", False),
        ("PlaceSpecialOrder", True),
        ("PlaceSpecialOrder", False),
        ("AmendOrder", False),
        ("CancelOrder", False),
        "cut",
        "something followed",
        "best prices without an order",
        "a quote",
        "a trailing stop",
    }
    assert min(kinds.values()) > 5


def test_a_reduce_only_order_that_was_cut_says_so(desk):
    desk.ask(limit_order(account_id=BOB, side=SELL, price_ticks=MARK_TICKS, quantity_lots=2))
    desk.ask(limit_order(price_ticks=MARK_TICKS, quantity_lots=2))
    desk.ask(limit_order(account_id=BOB, price_ticks=MARK_TICKS, quantity_lots=9))

    closing = limit_order(side=SELL, price_ticks=MARK_TICKS, quantity_lots=5)
    order = desk.outcome(msgspec.structs.replace(closing, reduce_only=True, time_in_force=IOC)).order

    assert (order.status, order.filled_lots, order.cancelled_lots) == (ORDER_CANCELLED, 2, 3)
    assert order.cancel_reason == CANCEL_REDUCE_ONLY


def test_all_orders_cancelled_everywhere_concern_no_one_instrument(desk):
    desk.ask(limit_order())

    outcome = desk.outcome(CancelAllOrders(new_command_id(), 0, ALICE, 0))

    assert (outcome.order, outcome.best_bid_ticks, outcome.best_ask_ticks) == (None, 0, 0)
    assert [type(event) for event in outcome.events] == [OrderCancelled]


def test_answers_must_be_whole(desk):
    answers = desk.ask(limit_order())
    with pytest.raises(msgspec.DecodeError):
        decode_answers(answers[:-1])
    records, standings, replies = msgspec.msgpack.decode(answers)
    with pytest.raises(ValueError, match="shorter"):
        decode_answers(msgspec.msgpack.encode((records, standings * 0, replies)))


@pytest.mark.parametrize("command", get_args(InternalCommand))
def test_internal_commands_never_come_over_the_wire(command):
    """What tells a command's record from those that follow from it."""
    internal = msgspec.msgpack.encode([command.__struct_config__.tag, b"id", 0, 1, 1, 1, 1, 1, 1])
    with pytest.raises(msgspec.ValidationError, match="Invalid value"):
        decode_command(internal)
