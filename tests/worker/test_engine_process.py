"""Commands through a real engine process: answered, durable, and safe when anything around it dies."""

import pytest

from exchange.contract.errors import ApiError
from tests.worker.market import ALICE, BOB, MARK_TICKS, limit_order, open_market
from trading.core.terms import BUY, ORDER_FILLED, ORDER_NEW, SELL
from trading.engine.commands import DescribeAccount
from trading.engine.events import OrderPlaced, TradeExecuted
from trading.models.journal import journal_head, record_at
from trading.services import gateway

pytestmark = pytest.mark.process


def test_an_order_is_answered_after_it_is_in_the_journal(engine):
    open_market()

    outcome = gateway.submit(limit_order(client_order_id="first"))

    assert outcome.order.status == ORDER_NEW
    assert outcome.order.client_order_id == "first"
    assert outcome.best_bid_ticks == MARK_TICKS - 100
    record = record_at(sequence=outcome.sequence)
    assert isinstance(record.events[0], OrderPlaced)
    assert journal_head() == outcome.sequence


def test_two_orders_trade(engine):
    open_market()
    gateway.submit(limit_order(account_id=ALICE, side=SELL, price_ticks=MARK_TICKS))

    outcome = gateway.submit(limit_order(account_id=BOB, side=BUY, price_ticks=MARK_TICKS))

    assert outcome.order.status == ORDER_FILLED
    assert [type(event) for event in outcome.events] == [OrderPlaced, TradeExecuted]
    view = gateway.ask(DescribeAccount(gateway.new_command_id(), gateway.deadline_ns(), BOB))
    assert [position.position_lots for position in view.positions] == [1]
    assert view.sequence == outcome.sequence


def test_a_refusal_is_raised_with_its_code(engine):
    open_market()

    with pytest.raises(ApiError) as refusal:
        gateway.submit(limit_order(price_ticks=MARK_TICKS // 2))

    assert refusal.value.code == "price_outside_band"
