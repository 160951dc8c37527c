"""The reference engine with three accounts of three users, for examples worked by hand, and readers of its records."""

from tests.reference.engine import ReferenceEngine
from tests.simulation import world
from trading.core import terms
from trading.engine import commands, events
from trading.engine.commands import ExternalCommand, Quote
from trading.engine.events import AnyEvent, Record

START_NS = 1_700_000_000 * 10**9
SECOND_NS = 10**9
ALICE, BOB, CHARLIE = 1, 2, 3


class Stage:
    """The reference engine with three accounts of three users and instrument 1 at mark 1000."""

    def __init__(self, **parameters: object) -> None:
        self.engine = ReferenceEngine()
        self.time_ns = START_NS
        given = {"minimum_notional_units": 0, **parameters}
        self.run(commands.ListInstrument(b"", 0, world.TERMS[1], world.PARAMETERS[1]._replace(**given)))
        self.mark(1000)
        for account_id in (ALICE, BOB, CHARLIE):
            self.run(commands.OpenAccount(b"", 0, account_id, account_id))
            self.run(commands.TransferCollateral(b"", 0, account_id, "USDT", 10**12, account_id))

    def run(self, command: ExternalCommand) -> list[Record]:
        return self.engine.execute(command, self.time_ns)

    def mark(self, price_ticks: int) -> list[Record]:
        return self.run(commands.UpdateMarkPrice(b"", 0, 1, price_ticks))

    def order(
        self, account_id: int, side: int, quantity_lots: int, price_ticks: int = 0, **fields: object
    ) -> list[Record]:
        is_limit = price_ticks > 0
        given = {
            "client_order_id": "",
            "order_type": terms.LIMIT if is_limit else terms.MARKET,
            "time_in_force": terms.GTC if is_limit else terms.IOC,
            "self_trade_prevention": terms.EXPIRE_MAKER,
        }
        given |= {"side": side, "quantity_lots": quantity_lots, "price_ticks": price_ticks}
        order = commands.PlaceSpecialOrder(b"", 0, account_id=account_id, instrument_id=1, **(given | fields))
        return self.run(order.simplest())

    def amend(self, account_id: int, order_id: int, quantity_lots: int, price_ticks: int = 0) -> list[Record]:
        return self.run(commands.AmendOrder(b"", 0, account_id, order_id, quantity_lots, price_ticks))

    def quote(self, account_id: int, *quotes: tuple[int, int, int]) -> list[Record]:
        return self.run(commands.MassQuote(b"", 0, account_id, 1, tuple(Quote(*one) for one in quotes)))

    def protect(self, account_id: int, **fields: int) -> list[Record]:
        given = {"window_ns": 10 * SECOND_NS, "quantity_lots": 0, "delta_lots": 0, "freeze_ns": 0, **fields}
        return self.run(commands.SetMarketMakerProtection(b"", 0, account_id, 1, **given))


def kinds(records: list[Record]) -> list[str]:
    return [type(record.command).__name__ for record in records]


def stated(records: list[Record]) -> list[AnyEvent]:
    return [event for record in records for event in record.events]


def names(records: list[Record]) -> list[str]:
    return [type(event).__name__ for event in stated(records)]


def code_of(records: list[Record]) -> str:
    return getattr(records[-1].events[0], "code", "")


def id_of(records: list[Record]) -> int:
    return records[0].events[0].order_id


def trades(records: list[Record]) -> list[tuple[int, int, int]]:
    """(maker order, lots, replenished lots) of each."""
    found = [event for event in stated(records) if isinstance(event, events.TradeExecuted)]
    return [(one.maker_order_id, one.quantity_lots, one.replenished_lots) for one in found]


def cancels(records: list[Record]) -> list[tuple[int, int, str]]:
    """(order, lots, reason) of each."""
    reasons = {code: word for word, code in terms.CANCEL_REASONS.items()}
    found = [event for event in stated(records) if isinstance(event, events.OrderCancelled)]
    return [(one.order_id, one.cancelled_lots, reasons[one.reason]) for one in found]
