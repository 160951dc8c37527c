"""No command of anybody makes the engine work without end."""

import pytest

from tests.reference.engine import ReferenceEngine
from tests.scenarios.runner import SCALE, START_NS, START_UNITS
from trading.api import parsing, requests
from trading.core import terms
from trading.core.listing import parse_parameters, parse_terms
from trading.engine import commands as c
from trading.engine.engine import Engine
from trading.engine.events import CommandRefused, OrderCancelled, TradeExecuted
from trading.services.first_listing import FIRST_LISTING


def order(account_id, **fields):
    given = {"scale": SCALE, "account_id": account_id, "command_id": b"", "valid_until_ns": 0}
    return parsing.place_order(requests.NewOrder(symbol="BTC-PERP", **fields), **given)


def opened(*, icebergs):
    """Account 1 shows `icebergs` of a hundred slices, account 2 is about to buy them all."""
    listed = parse_terms(FIRST_LISTING[0][0])
    yield c.ListInstrument(b"", 0, listed, parse_parameters(FIRST_LISTING[0][1], terms=listed, version=1))
    yield c.UpdateMarkPrice(b"", 0, 1, 600_000)
    for account_id in (1, 2):
        yield c.OpenAccount(b"", 0, account_id, account_id)
        yield c.TransferCollateral(b"", 0, account_id, "USDT", START_UNITS, account_id)
    for _ in range(icebergs):
        yield order(1, side="sell", type="limit", price="60100", quantity="0.1", display_quantity="0.001")


@pytest.mark.parametrize("kind", [Engine, ReferenceEngine])
def test_a_sweep_ends_after_a_thousand_fills_and_what_is_left_does_not_rest(kind):
    engine = kind()
    for number, command in enumerate(opened(icebergs=11)):
        engine.execute(command, START_NS + number)
    sweep = order(2, side="buy", type="limit", price="60200", quantity="1.1")
    (record, *_) = engine.execute(sweep, START_NS + 100)
    *trades, last = record.events[1:]
    assert len(trades) == 1_000 and all(isinstance(event, TradeExecuted) for event in trades)
    assert isinstance(last, OrderCancelled)
    assert (last.cancelled_lots, last.reason, last.rested) == (100, terms.CANCEL_PROTECTION, False)
    killed = order(2, side="buy", type="limit", price="60200", quantity="0.1", time_in_force="fok")
    assert not isinstance(engine.execute(killed, START_NS + 101)[0].events[0], CommandRefused)


@pytest.mark.parametrize("kind", [Engine, ReferenceEngine])
def test_all_or_nothing_is_nothing_beyond_a_thousand_fills(kind):
    engine = kind()
    for number, command in enumerate(opened(icebergs=11)):
        engine.execute(command, START_NS + number)
    sweep = order(2, side="buy", type="limit", price="60200", quantity="1.1", time_in_force="fok")
    (record,) = engine.execute(sweep, START_NS + 100)
    assert record.events == [CommandRefused(2, "not_fillable")]


def test_trailing_stops_follow_a_sweep_once():
    """Prices within a sweep only move one way, so its first and its last tell everything."""
    engine = Engine()
    for number, command in enumerate(opened(icebergs=1)):
        engine.execute(command, START_NS + number)
    fields = {
        "side": "sell",
        "type": "trailing_stop",
        "quantity": "0.01",
        "trailing_distance": "5",
        "trigger_by": "last",
    }
    for number in range(20):
        engine.execute(order(2, **fields), START_NS + 20 + number)
    for number in range(5):
        engine.execute(
            order(1, side="sell", type="limit", price=str(60110 + number), quantity="0.01"), START_NS + 50 + number
        )
    book = engine.state.instruments[1].triggers_by_last
    seen = []
    follow = type(book).follow
    try:
        type(book).follow = lambda self, price_ticks: (seen.append(price_ticks), follow(self, price_ticks))
        engine.execute(order(2, side="buy", type="limit", price="60200", quantity="0.15"), START_NS + 60)
    finally:
        type(book).follow = follow
    assert seen == [601_000, 601_140]
    stops = [one for one in engine.state.accounts[2].orders.values() if one.order_type == terms.TRAILING_STOP]
    assert {one.special.trigger_price_ticks for one in stops} == {601_090}
