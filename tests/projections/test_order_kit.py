"""Icebergs, attached orders, groups and quotes, of records made by hand: what rows and book say after each of them."""

import pytest
from django.db import IntegrityError

from tests.projections.streams import START_NS, write_journal
from trading.core import terms as t
from trading.engine import commands as c
from trading.engine import events as e
from trading.models import DepthLevel, Order
from trading.projections.changes import Change
from trading.projections.depth import Depth
from trading.projections.orders import Orders
from trading.projections.projector import Projector, rebuild

pytestmark = pytest.mark.django_db(transaction=True)

ALICE, BOB, MARKET, PRICE = 1, 2, 1, 600_000


class Journal:
    """Records stated by hand; the rows follow each."""

    def __init__(self):
        self.sequence = 0
        self.told: list[Change] = []
        self._projector = Projector((Orders, Depth), publish=self.told.extend)

    def state(self, *events):
        self.sequence += 1
        record = e.Record(self.sequence, START_NS + self.sequence, 0, c.AdvanceTime(b"", 0), list(events))
        write_journal([record])
        self.told.clear()
        while self._projector.step():
            pass
        self.rebuilt_rows_are_the_same()

    def rebuilt_rows_are_the_same(self):
        before = rows()
        for projection in (Orders, Depth):
            rebuild(projection())
        assert rows() == before

    def told_orders(self):
        return [row for change in self.told if change.projection == "orders" for row in change.rows]


@pytest.fixture
def journal():
    return Journal()


def rows():
    orders = Order.objects.order_by("order_id").values_list()
    return list(orders), list(DepthLevel.objects.order_by("side", "price_ticks").values_list("side", "quantity_lots"))


def shown():
    """{(side, price): lots} of the book."""
    return {(row.side, row.price_ticks): row.quantity_lots for row in DepthLevel.objects.all()}


def placed(order_id, **fields):
    given = {
        "order_id": order_id,
        "account_id": ALICE,
        "instrument_id": MARKET,
        "client_order_id": "",
        "side": t.SELL,
        "order_type": t.LIMIT,
        "quantity_lots": 100,
        "price_ticks": PRICE,
        "time_in_force": t.GTC,
        "self_trade_prevention": t.EXPIRE_MAKER,
        "post_only": False,
        "reduce_only": False,
        "trigger_price_ticks": 0,
        "trigger_by": 0,
        "resting_lots": 100,
        "cut_lots": 0,
        "open_loss_units": 0,
        **fields,
    }
    is_special = fields.keys() - set(e.OrderPlaced.__struct_fields__) or "trigger_by" in fields
    return e.SpecialOrderPlaced(**given) if is_special else e.OrderPlaced(**given)


def attached(order_id, parent_order_id, **fields):
    given = {
        "side": t.BUY,
        "order_type": t.STOP,
        "price_ticks": 0,
        "time_in_force": t.IOC,
        "reduce_only": True,
        "trigger_price_ticks": PRICE + 1000,
        "trigger_by": t.TRIGGER_BY_MARK,
        "parent_order_id": parent_order_id,
        "group_id": parent_order_id,
        **fields,
    }
    return placed(order_id, **given)


def traded(trade_id, *, maker, taker, lots, replenished=0):
    return e.TradeExecuted(
        trade_id=trade_id,
        instrument_id=MARKET,
        price_ticks=PRICE,
        quantity_lots=lots,
        taker_side=t.BUY,
        maker_order_id=maker,
        maker_account_id=ALICE,
        maker_fee_units=0,
        maker_realised_pnl_units=0,
        maker_position_lots=-lots,
        maker_entry_value_units=0,
        taker_order_id=taker,
        taker_account_id=BOB,
        taker_fee_units=0,
        taker_realised_pnl_units=0,
        taker_position_lots=lots,
        taker_entry_value_units=0,
        replenished_lots=replenished,
    )


def cancelled(order_id, lots, reason, *, price=PRICE, rested=True, hidden=0):
    return e.OrderCancelled(order_id, ALICE, MARKET, t.SELL, price, lots, rested, reason, hidden)


def amended(order_id, *, total, before, after, price=PRICE, untriggered=False, **fields):
    given = {
        "order_id": order_id,
        "account_id": ALICE,
        "instrument_id": MARKET,
        "side": t.SELL,
        "quantity_lots": total,
        "price_ticks": price,
        "previous_price_ticks": PRICE,
        "previous_resting_lots": before,
        "resting_lots": after,
        "open_loss_units": 0,
        "requeued": price != PRICE,
        "untriggered": untriggered,
        **fields,
    }
    return e.OrderAmended(**given)


def taker(order_id, lots):
    return placed(
        order_id, account_id=BOB, side=t.BUY, quantity_lots=lots, resting_lots=0, order_type=t.MARKET, price_ticks=0
    )


def test_an_iceberg_shows_its_tip(journal):
    journal.state(placed(1, display_lots=30, hidden_lots=70), placed(2, quantity_lots=5, resting_lots=5))
    assert shown() == {(t.SELL, PRICE): 35}
    journal.state(taker(3, 20), traded(4, maker=1, taker=3, lots=20))
    assert shown() == {(t.SELL, PRICE): 15}
    journal.state(
        taker(5, 45),
        traded(6, maker=1, taker=5, lots=10, replenished=30),
        traded(7, maker=2, taker=5, lots=5),
        traded(8, maker=1, taker=5, lots=30, replenished=30),
    )
    assert shown() == {(t.SELL, PRICE): 30}
    iceberg = Order.objects.get(order_id=1)
    assert (iceberg.open_lots, iceberg.hidden_lots, iceberg.display_lots) == (40, 10, 30)
    journal.state(amended(1, total=95, before=40, after=35, previous_hidden_lots=10, hidden_lots=5))
    assert shown() == {(t.SELL, PRICE): 30}
    journal.state(amended(1, total=90, before=35, after=30, price=PRICE + 1, previous_hidden_lots=5, hidden_lots=0))
    assert shown() == {(t.SELL, PRICE + 1): 30}


@pytest.mark.parametrize("reason", [t.CANCEL_USER, t.CANCEL_SELF_TRADE])
def test_a_cancelled_iceberg_leaves_no_lots_behind(journal, reason):
    journal.state(placed(1, display_lots=30, hidden_lots=70), placed(2, quantity_lots=5, resting_lots=5))
    journal.state(cancelled(1, 100, reason, hidden=70))
    assert shown() == {(t.SELL, PRICE): 5}
    iceberg = Order.objects.get(order_id=1)
    assert (iceberg.open_lots, iceberg.hidden_lots, iceberg.cancel_reason) == (0, 0, reason)


def test_rows_never_hide_more_than_is_open(journal):
    journal.state(placed(1, display_lots=30, hidden_lots=70))
    with pytest.raises(IntegrityError, match="order_hidden_lots_are_open"):
        Order.objects.filter(order_id=1).update(hidden_lots=101)


def test_attached_orders_wait_in_the_size_of_the_fills(journal):
    journal.state(placed(1), attached(2, 1, is_asleep=True), attached(3, 1, is_asleep=True, order_type=t.TAKE_PROFIT))
    sleeping = list(Order.objects.filter(parent_order_id=1).order_by("order_id"))
    assert [(row.group_id, row.status, row.quantity_lots) for row in sleeping] == [(1, t.ORDER_UNTRIGGERED, 100)] * 2
    assert Order.objects.get(order_id=1).group_id == 0
    assert shown() == {(t.SELL, PRICE): 100}
    journal.state(taker(4, 25), traded(5, maker=1, taker=4, lots=25))
    journal.state(*(amended(n, total=25, before=100, after=25, untriggered=True, wakes=True) for n in (2, 3)))
    awake = Order.objects.filter(parent_order_id=1)
    assert {(row.status, row.quantity_lots, row.open_lots) for row in awake} == {(t.ORDER_UNTRIGGERED, 25, 25)}
    assert shown() == {(t.SELL, PRICE): 75}
    journal.state(*(cancelled(n, 25, t.CANCEL_PARENT, rested=False) for n in (2, 3)))
    assert {(row.status, row.cancel_reason) for row in awake.all()} == {(t.ORDER_CANCELLED, t.CANCEL_PARENT)}


def test_the_first_order_of_a_group_joins_it_unchanged(journal):
    journal.state(placed(1))
    journal.state(placed(2, order_type=t.STOP, price_ticks=0, group_id=1))
    leader = Order.objects.get(order_id=1)
    assert (leader.group_id, leader.sequence, leader.updated_at_ns) == (1, 1, START_NS + 1)
    assert {row.order_id: row.group_id for row in journal.told_orders()} == {1: 1, 2: 1}
    journal.state(cancelled(1, 100, t.CANCEL_GROUP))
    assert Order.objects.get(order_id=1).cancel_reason == t.CANCEL_GROUP
    assert Order.objects.get(order_id=2).status == t.ORDER_UNTRIGGERED


def test_quotes_are_replaced(journal):
    journal.state(placed(1, is_quote=True), placed(2, is_quote=True, price_ticks=PRICE + 1))
    journal.state(
        cancelled(1, 100, t.CANCEL_REQUOTED),
        placed(3, is_quote=True, price_ticks=PRICE + 2, quantity_lots=7, resting_lots=7),
    )
    assert shown() == {(t.SELL, PRICE + 1): 100, (t.SELL, PRICE + 2): 7}
    assert list(Order.objects.filter(is_quote=True, open_lots__gt=0).values_list("order_id", flat=True)) == [2, 3]
    reason = t.CANCEL_MARKET_MAKER_PROTECTION
    journal.state(e.MarketMakerProtectionFired(ALICE, MARKET, 0), cancelled(3, 7, reason, price=PRICE + 2))
    assert Order.objects.get(order_id=3).cancel_reason == reason
    assert shown() == {(t.SELL, PRICE + 1): 100}
