"""Answers travel by the message, share the journal's bytes, and tell each sender's outcomes and no more."""

import msgspec
import pytest

from tests.projections.streams import RandomExchange
from tests.worker.market import ALICE, BOB, BTC_PERP, MARK_TICKS, limit_order, opening_commands
from trading.core.orders import NOT_SPECIAL
from trading.core.terms import (
    BUY,
    IOC,
    ORDER_CANCELLED,
    ORDER_FILLED,
    ORDER_NEW,
    ORDER_PARTIALLY_FILLED,
    ORDER_UNTRIGGERED,
    SELL,
    STOP,
    TRIGGER_BY_LAST,
)
from trading.engine.answers import decode_answers, encode_answers
from trading.engine.commands import CancelOrder, DescribeAccount, TriggerOrder
from trading.engine.engine import Engine
from trading.engine.events import OrderPlaced, OrderTriggered, TradeExecuted
from trading.engine.replies import AccountView, Outcome
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
        self.engine, self.journal = Engine(), InstantJournal()
        self.told = {}  # channel of a gateway -> encoded answers
        lease = Lease(domain=1, epoch=1, last_sequence=0, last_hash=bytes(32))
        self.commit = GroupCommit(
            engine=self.engine, journal=self.journal, lease=lease, clock=lambda: 1, tell=self.told.update
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
        (outcome,) = decode_answers(self.ask(command))
        return outcome


@pytest.fixture
def desk():
    return Desk()


def stop(side, trigger_price_ticks):
    order = limit_order(account_id=ALICE, side=side, price_ticks=0)
    return msgspec.structs.replace(
        order, order_type=STOP, time_in_force=IOC, trigger_price_ticks=trigger_price_ticks, trigger_by=TRIGGER_BY_LAST
    )


def test_a_message_is_answered_with_the_bytes_of_the_journal(desk):
    answers = desk.ask(limit_order(), limit_order(), DescribeAccount(new_command_id(), 0, ALICE))

    assert desk.journal.payloads[-1] in answers
    assert [type(reply) for reply in decode_answers(answers)] == [Outcome, Outcome, AccountView]


def test_what_follows_from_a_command_is_not_told(desk):
    """A stop's trigger is its owner's business: whoever made the trade learns of the trade."""
    desk.ask(limit_order(account_id=BOB, side=SELL, price_ticks=MARK_TICKS + 10, quantity_lots=5))
    desk.ask(stop(BUY, MARK_TICKS + 5))

    answers = desk.ask(limit_order(price_ticks=MARK_TICKS + 10, quantity_lots=2), channel=TWO)

    journaled = decode_records(desk.journal.payloads[-1])
    assert OrderTriggered in {type(event) for record in journaled for event in record.events}
    (outcome,) = decode_answers(answers)
    assert [type(event) for event in outcome.events] == [OrderPlaced, TradeExecuted]
    assert (outcome.order.status, outcome.order.filled_lots) == (ORDER_FILLED, 2)


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


def test_what_is_told_is_what_the_engine_holds():
    """Of a random stream: every open order an outcome shows is, where nothing touched it since, the engine's own."""
    exchange = RandomExchange(7)
    exchange.run(2500)
    shown = {outcome.order.order_id: outcome.order for outcome in exchange.outcomes if outcome.order}
    compared = 0
    for account in exchange.engine.state.accounts.values():
        for order in account.orders.values():
            view = shown.get(order.order_id)
            if view is None or view.sequence != order.sequence:
                continue
            special = order.special or NOT_SPECIAL
            assert (view.price_ticks, view.quantity_lots, view.filled_lots, view.filled_value_units) == (
                order.price_ticks,
                order.quantity_lots,
                order.filled_lots,
                order.filled_value_units,
            )
            assert view.quantity_lots - view.filled_lots - view.cancelled_lots == order.open_lots
            assert (view.status == ORDER_UNTRIGGERED) == order.is_untriggered
            assert (view.display_lots, view.parent_order_id) == (special.display_lots, special.parent_order_id)
            compared += 1
    assert compared > 30


def test_answers_must_be_whole():
    with pytest.raises(msgspec.DecodeError):
        decode_answers(encode_answers(encode_records([]), [], [])[:-1])


def test_internal_commands_never_come_over_the_wire():
    """What tells a command's record from those that follow from it."""
    internal = msgspec.msgpack.encode(TriggerOrder(b"id", 0, 1))
    with pytest.raises(msgspec.ValidationError):
        decode_command(internal)
