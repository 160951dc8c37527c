"""Commands through a real engine process: told after COMMIT, in order; repeated ones have their first outcome."""

import msgspec
import pytest

from exchange.contract.errors import ApiError
from tests.worker.market import ALICE, BOB, MARK_TICKS, limit_order, open_market
from trading.core.terms import BUY, ORDER_CANCELLED, ORDER_FILLED, ORDER_NEW, SELL
from trading.engine.commands import AdvanceTime, CancelOrder, DescribeAccount
from trading.engine.events import OrderPlaced, TradeExecuted
from trading.engine.replies import QueryRefused
from trading.models.journal import journal_head, record_at
from trading.projections.projector import Projector
from trading.projections.registry import PROJECTIONS
from trading.services import gateway
from trading.services.engine_link import Errand

pytestmark = [pytest.mark.process, pytest.mark.django_db]


@pytest.fixture(scope="module", autouse=True)
def market(shared_engine):
    """One engine and market for all: every test leaves no asks, and bids below the mark only."""
    open_market()


def cancel(order_id: int) -> CancelOrder:
    return CancelOrder(gateway.new_command_id(), gateway.deadline_ns(), ALICE, order_id)


def test_an_order_is_answered_after_it_is_in_the_journal():
    outcome = gateway.submit(limit_order(client_order_id="first"))

    assert outcome.order.status == ORDER_NEW
    assert outcome.order.client_order_id == "first"
    assert MARK_TICKS > outcome.best_bid_ticks >= MARK_TICKS - 100
    record = record_at(sequence=outcome.sequence)
    assert isinstance(record.events[0], OrderPlaced)
    assert journal_head() == outcome.sequence


def test_two_orders_trade():
    gateway.submit(limit_order(account_id=ALICE, side=SELL, price_ticks=MARK_TICKS))

    outcome = gateway.submit(limit_order(account_id=BOB, side=BUY, price_ticks=MARK_TICKS))

    assert outcome.order.status == ORDER_FILLED
    assert [type(event) for event in outcome.events] == [OrderPlaced, TradeExecuted]
    view = gateway.ask(DescribeAccount(gateway.new_command_id(), gateway.deadline_ns(), BOB))
    assert [position.position_lots for position in view.positions] == [outcome.events[1].taker_position_lots]
    assert view.sequence == outcome.sequence


def test_a_refusal_is_raised_with_its_code():
    with pytest.raises(ApiError) as refusal:
        gateway.submit(limit_order(price_ticks=MARK_TICKS // 2))

    assert refusal.value.code == "price_outside_band"


def test_a_repeated_order_has_its_first_outcome():
    gateway.submit(limit_order(account_id=BOB, side=SELL, price_ticks=MARK_TICKS, quantity_lots=2))
    while Projector(PROJECTIONS).step():
        pass
    command = limit_order(price_ticks=MARK_TICKS, quantity_lots=5)
    first = gateway.submit(command)
    gateway.submit(limit_order(account_id=BOB, side=SELL, price_ticks=MARK_TICKS, quantity_lots=3))

    again = gateway.submit(command)

    assert first.order.filled_lots == 2
    assert again == msgspec.structs.replace(first, best_bid_ticks=0, best_ask_ticks=0)


def test_a_repeated_cancel_has_its_first_outcome_once_readers_know_it():
    command = cancel(gateway.submit(limit_order()).order.order_id)
    first = gateway.submit(command)
    with pytest.raises(ApiError) as refusal:
        gateway.submit(command)
    assert refusal.value.code == "read_behind"

    while Projector(PROJECTIONS).step():
        pass

    again = gateway.submit(command)
    assert again.order.status == ORDER_CANCELLED
    assert (again.sequence, again.events, again.order) == (first.sequence, first.events, first.order)


def test_a_repeated_refusal_is_refused_alike_and_decided_once():
    command = limit_order(price_ticks=MARK_TICKS // 2)
    codes = []
    for _ in range(2):
        with pytest.raises(ApiError) as refusal:
            gateway.submit(command)
        codes.append(refusal.value.code)

    assert codes == ["price_outside_band"] * 2


def test_the_same_command_twice_in_one_message_is_answered_twice():
    command = limit_order()

    first, second = gateway.submit_many([command, command])

    assert (first.sequence, first.order) == (second.sequence, second.order)


def test_many_are_answered_in_order_each_for_itself():
    commands = [limit_order(price_ticks=MARK_TICKS // 2 if n % 3 == 0 else MARK_TICKS - n) for n in range(300)]

    results = gateway.submit_many(commands)

    assert [isinstance(result, ApiError) for result in results] == [n % 3 == 0 for n in range(300)]
    outcomes = [result for result in results if not isinstance(result, ApiError)]
    assert [outcome.order.price_ticks for outcome in outcomes] == [MARK_TICKS - n for n in range(300) if n % 3]
    sequences = [outcome.sequence for outcome in outcomes]
    assert sequences == sorted(sequences)
    assert journal_head() - sequences[0] == 298


def test_a_question_about_nobody_is_refused():
    with pytest.raises(ApiError) as refusal:
        gateway.ask(DescribeAccount(gateway.new_command_id(), gateway.deadline_ns(), 99))

    assert refusal.value.code == "account_not_found"


def test_what_the_engine_cannot_read_is_refused_and_it_lives_on():
    command_id = gateway.new_command_id()
    of_another_version = msgspec.msgpack.encode([39, command_id, gateway.deadline_ns(), {"new": 1}])
    errand = Errand(command_ids=[b"?", command_id], encoded=[b"\xc1", of_another_version])
    gateway._engine_link().run(errand)

    reply = errand.futures[1].result(timeout=5)

    assert (type(reply), reply.code) == (QueryRefused, "invalid_parameter")


@pytest.mark.parametrize("fields", [{"command_id": b""}, {"valid_until_ns": 0}])
def test_a_command_that_could_not_be_followed_up_is_not_sent(fields):
    command = AdvanceTime(gateway.new_command_id(), gateway.deadline_ns())

    with pytest.raises(ValueError):
        gateway.submit(msgspec.structs.replace(command, **fields))
