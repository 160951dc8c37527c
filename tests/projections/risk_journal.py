"""Records of funding, margin modes, halts and liquidations stated by hand, and the rows that follow from them."""

from django.db import connection

from tests.projections.streams import START_NS, parameters, write_journal
from trading.core import terms as t
from trading.core.instruments import InstrumentTerms
from trading.engine import commands as c
from trading.engine import events as e
from trading.models import ProjectionCursor
from trading.projections.changes import POSITIONS, Change
from trading.projections.projector import Projector, rebuild
from trading.projections.registry import PROJECTIONS
from trading.selectors import instruments

ALICE, BOB, CHARLIE, FUND = 1, 2, 3, t.INSURANCE_FUND
MARKET = 1
PRICE = 600_000  # ticks; a lot at a tick is worth 100 units, at this price 60 USDT
USDT = 10**6


class Journal:
    """Every statement is one record; the rows follow each, and are the same when made anew."""

    def __init__(self):
        self.sequence = 0
        self.told: list[Change] = []
        self._projector = Projector(PROJECTIONS, publish=self.told.extend)
        self._trades = 0
        instruments.forget_instruments()
        terms = InstrumentTerms(MARKET, "T1-PERP", "perpetual", "BTC", "USDT", "0.1", "0.001", "1", 100)
        self.state(e.InstrumentListed(terms, parameters(1)))
        self.state(e.MarkPriceUpdated(MARKET, PRICE, PRICE + 10))
        for account_id in (ALICE, BOB, CHARLIE):
            self.state(e.AccountOpened(account_id, account_id))
            self.transfer(account_id, 1_000 * USDT)
        self.transfer(FUND, 5_000 * USDT)

    def state(self, *events):
        self.sequence += 1
        record = e.Record(self.sequence, START_NS + self.sequence, 0, c.AdvanceTime(b"", 0), list(events))
        write_journal([record])
        self.told.clear()
        while self._projector.step():
            pass
        instruments.forget_instruments()

    def transfer(self, account_id, units):
        self.state(e.CollateralTransferred(account_id, "USDT", units, units, self.sequence))

    def open(self, buyer, seller, lots, price=PRICE):
        """Both had nothing before."""
        self.state(*self.crossing(buyer, seller, lots, price, lots, -lots, lots * price * 100, -lots * price * 100))

    def crossing(self, buyer, seller, lots, price, buyer_lots, seller_lots, buyer_entry, seller_entry, pnl=(0, 0)):
        """A resting sell and the buy that takes it, without fees: the events of a record."""
        self._trades += 1
        orders = 640 * self._trades, 640 * self._trades + 64
        return (
            placed(orders[0], seller, t.SELL, lots, price, resting=lots),
            placed(orders[1], buyer, t.BUY, lots, price),
            e.TradeExecuted(
                *(self._trades * 640 + 128, MARKET, price, lots, t.BUY),
                *(orders[0], seller, 0, pnl[1], seller_lots, seller_entry),
                *(orders[1], buyer, 0, pnl[0], buyer_lots, buyer_entry),
            ),
        )

    def is_rebuilt_alike(self):
        before = all_rows()
        for projection in PROJECTIONS:
            rebuild(projection(), batch_records=3)
        assert all_rows() == before
        return True

    def told_rows(self, projection):
        return [row for change in self.told if change.projection == projection for row in change.rows]


def placed(order_id, account_id, side, lots, price, *, resting=0, **more):
    tif = t.GTC if resting else t.IOC
    numbers = (order_id, account_id, MARKET, "", side, t.LIMIT, lots, price, tif, t.EXPIRE_MAKER)
    numbers += (False, more.pop("reduce_only", False), 0, 0, resting, 0, 0)
    return e.SpecialOrderPlaced(*numbers, **more) if more else e.OrderPlaced(*numbers)


def all_rows():
    tables = [POSITIONS, *(table for projection in PROJECTIONS for table in projection.tables)]
    with connection.cursor() as cursor:
        rows = {table.name: sorted(table.read(cursor), key=repr) for table in tables}
    assert len(set(ProjectionCursor.objects.values_list("sequence", flat=True))) == 1
    return rows
