"""A stage for examples of risk: one lot at mark 1000 is a million units, no fees, initial 10 %, maintenance 5 %.

The engine plays beside the reference engine, and must state the same.
"""

from tests.reference.world import Account
from tests.simulation import world
from tests.simulation.differential import Pair
from tests.simulation.stage import ALICE, BOB, CHARLIE, START_NS, Stage, stated
from trading.core import terms
from trading.core.instruments import RiskParameters
from trading.core.terms import INSURANCE_FUND
from trading.engine import commands
from trading.engine.commands import ExternalCommand
from trading.engine.events import AnyEvent, IsolatedMarginChanged, LiquidationStepped, PositionAssigned, Record

HOUR_NS = 3_600 * 10**9
NOON_NS = START_NS // (8 * HOUR_NS) * 8 * HOUR_NS  # the last full eight hours before the start
VALUE_UNITS = 1_000
STEPS = {number: word for word, number in terms.LIQUIDATION_STEPS.items()}


class RiskStage(Stage):
    """Alice has a million units, Bob and Charlie plenty, the insurance fund what it is given."""

    def __init__(self, *, fund_units: int = 0, value_units: int = VALUE_UNITS, **risk: object) -> None:
        self.pair = Pair()
        self.world = self.pair.reference.world
        self.time_ns = START_NS
        self.parameters = world.PARAMETERS[1]._replace(
            maker_fee_ppb=0,
            taker_fee_ppb=0,
            price_band_ppb=500_000_000,
            protection_ppb=100_000_000,
            minimum_notional_units=0,
            position_limit_units=10**12,
            default_leverage=10,
            brackets=world.brackets((0, 100_000_000, 50_000_000)),
            risk=RiskParameters(**risk),
        )
        self.run(commands.ListInstrument(b"", 0, world.TERMS[1]._replace(value_units=value_units), self.parameters))
        self.mark(1000, 1000)
        for account_id, units in ((ALICE, 10**6), (BOB, 10**9), (CHARLIE, 10**9)):
            self.run(commands.OpenAccount(b"", 0, account_id, account_id))
            self.transfer(account_id, units)
        if fund_units:
            self.transfer(INSURANCE_FUND, fund_units)

    def run(self, command: ExternalCommand) -> list[Record]:
        records, difference = self.pair.execute(command, self.time_ns)
        assert difference is None, str(difference)
        return records

    def mark(self, price_ticks: int, index_ticks: int = 0) -> list[Record]:
        return self.run(commands.UpdateMarkPrice(b"", 0, 1, price_ticks, index_ticks))

    def transfer(self, account_id: int, units: int) -> list[Record]:
        return self.run(commands.TransferCollateral(b"", 0, account_id, "USDT", units, 1))

    def fund_rate(self, rate_ppb: int, period_ns: int = NOON_NS) -> list[Record]:
        return self.run(commands.ApplyFunding(b"", 0, 1, period_ns, rate_ppb))

    def isolate(self, account_id: int, is_isolated: bool = True) -> list[Record]:
        return self.run(commands.SetMarginMode(b"", 0, account_id, 1, is_isolated))

    def move_margin(self, account_id: int, units: int) -> list[Record]:
        return self.run(commands.ChangeIsolatedMargin(b"", 0, account_id, 1, units))

    def buy_from(self, buyer: int, seller: int, lots: int, price_ticks: int = 1000) -> list[Record]:
        """The buyer takes."""
        self.order(seller, -1, lots, price_ticks)
        return self.order(buyer, 1, lots, price_ticks)

    def account(self, account_id: int) -> Account:
        return self.world.account(account_id)

    def lots(self, account_id: int) -> int:
        return self.account(account_id).position(1).lots

    def isolated(self, account_id: int) -> int:
        return self.account(account_id).position(1).isolated_units


def only(records: list[Record], kind: type) -> list[AnyEvent]:
    return [event for event in stated(records) if isinstance(event, kind)]


def steps(records: list[Record]) -> list[tuple[str, int, int, int, int, int]]:
    """(step, lots, equity, maintenance, bankruptcy price, limit) of each."""
    return [
        (
            STEPS[one.step],
            one.lots,
            one.equity_units,
            one.maintenance_units,
            one.bankruptcy_price_ticks,
            one.limit_price_ticks,
        )
        for one in only(records, LiquidationStepped)
    ]


def assigned(records: list[Record]) -> list[tuple[int, int, int, int]]:
    """(counterparty, lots, price, place) of each."""
    return [
        (one.counterparty_id, one.quantity_lots, one.price_ticks, one.place) for one in only(records, PositionAssigned)
    ]


def margins(records: list[Record]) -> list[tuple[int, int]]:
    """(account, isolated units) of each change."""
    return [(one.account_id, one.isolated_units) for one in only(records, IsolatedMarginChanged)]
