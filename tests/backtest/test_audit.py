"""The accountant finds what it is there for: money gone astray, and liquidations that should not have been."""

import pytest

from risk.backtest.audit import Audit
from risk.backtest.listing import listing_of
from trading.core.risk_text import RiskText
from trading.core.terms import (
    BUY,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    GTC,
    INSTRUMENT_CANCEL_ONLY,
    INSTRUMENT_HALTED,
    INSTRUMENT_NORMAL,
    LIMIT,
    PPB,
    SELL,
    STEP_DELEVERAGE,
)
from trading.engine import commands as c
from trading.engine.engine import Engine
from trading.engine.events import Record
from trading.engine.risk_events import DeficitCovered, LiquidationStarted, LiquidationStepped

ALICE, BOB, CHARLIE = 1, 2, 3
USDT = 10**6


class World:
    """Alice is long one bitcoin at 60,000 with 700 USDT, Bob short; the fund has 1,000."""

    def __init__(self):
        self.engine, self.audit = Engine(), Audit()
        self.audit.mark_tolerance_ppb = PPB // 100
        self.do(c.ListInstrument(b"", 0, *listing_of("BTC", instrument_id=1, risk=RiskText())))
        self.price(600_000)
        for account_id, money in ((ALICE, 700), (BOB, 100_000)):
            self.do(c.OpenAccount(b"", 0, account_id, account_id))
            self.do(c.TransferCollateral(b"", 0, account_id, "USDT", money * USDT, 0))
        self.do(c.TransferCollateral(b"", 0, -1, "USDT", 1_000 * USDT, 0))
        self.do(c.SetLeverage(b"", 0, ALICE, 1, 100))
        for account_id, side in ((ALICE, BUY), (BOB, SELL)):
            self.do(c.PlaceOrder(b"", 0, account_id, 1, "", side, LIMIT, 1_000, 600_000, GTC, EXPIRE_TAKER))

    def do(self, command):
        records = self.engine.execute(command, 10**9)
        self.audit.observe(records)
        return records

    def price(self, ticks, instrument_id=1):
        self.audit.judge_mark(instrument_id, ticks, [ticks * PPB])
        return self.do(c.UpdateMarkPrice(b"", 0, instrument_id, ticks, ticks))

    def state(self, event):
        self.audit.observe([Record(0, 0, 0, c.AdvanceTime(b"", 0), [event])])


@pytest.fixture
def world():
    return World()


def test_it_agrees_with_the_engine_on_equity_and_maintenance(world):
    world.price(598_000)
    fee = 60_000 * USDT * 2 // 10_000
    equity, maintenance = 700 * USDT - fee - 200 * USDT, 59_800 * USDT * 5 // 1_000 - 50 * USDT
    assert world.audit.margin_units(ALICE, 0) == (equity, maintenance)
    assert world.audit.equity_units(ALICE) == equity
    assert world.audit.ledger_imbalance_units(world.engine.state) == 0


def test_an_isolated_position_is_judged_by_its_own_margin(world):
    world.do(c.TransferCollateral(b"", 0, BOB, "USDT", 1, 0))
    world.do(c.SetMarginMode(b"", 0, BOB, 1, True))
    isolated = world.engine.state.accounts[BOB].positions[1].isolated_units
    assert world.audit.margin_units(BOB, 1) == (isolated, 60_000 * USDT * 5 // 1_000 - 50 * USDT)
    assert world.audit.margin_units(BOB, 0) == (100_000 * USDT + 1 - 30 * USDT - isolated, 0)
    world.price(718_000)
    assert (world.audit.liquidations, world.audit.wrongful_liquidations) == (1, 0)
    assert world.audit.ledger_imbalance_units(world.engine.state) == 0


def test_a_rightful_liquidation_counts_as_that(world):
    world.price(595_000)
    assert (world.audit.liquidations, world.audit.wrongful_liquidations) == (1, 0)
    assert world.audit.takeovers == 1 and world.audit.books[-1].lots == {1: 1_000}
    assert world.audit.ledger_imbalance_units(world.engine.state) == 0


def test_a_liquidation_with_enough_equity_is_wrongful(world):
    world.price(600_000)
    world.state(LiquidationStarted(64, ALICE, 0, 0, 1))
    assert (world.audit.liquidations, world.audit.wrongful_liquidations) == (1, 1)


@pytest.mark.parametrize(("venues", "wrongful"), [([595_000] * 3, 0), ([590_000, 610_000, 610_000], 2), ([], 2)])
def test_a_liquidation_on_a_mark_away_from_the_venues_is_wrongful(world, venues, wrongful):
    world.audit.judge_mark(1, 595_000, [price * PPB for price in venues])
    world.do(c.UpdateMarkPrice(b"", 0, 1, 595_000, 595_000))
    assert world.audit.wrongful_liquidations == wrongful


def test_a_liquidation_while_halted_is_wrongful(world):
    world.do(c.SetInstrumentState(b"", 0, 1, INSTRUMENT_HALTED))
    world.price(595_000)
    equity, maintenance = world.audit.margin_units(ALICE, 0)
    assert equity < maintenance and not world.audit.may_liquidate(ALICE, 0)
    assert world.audit.liquidations == 0
    world.state(LiquidationStarted(64, ALICE, 0, equity, maintenance))
    assert (world.audit.liquidations, world.audit.wrongful_liquidations) == (1, 1)


def test_what_others_cannot_bear_is_paid_by_the_fund(world):
    """While ether is halted bitcoin halves and Bob leaves with his gain: Alice is worked off against Charlie alone."""
    world.do(c.ListInstrument(b"", 0, *listing_of("ETH", instrument_id=2, risk=RiskText())))
    world.price(300_000, instrument_id=2)
    world.do(c.OpenAccount(b"", 0, CHARLIE, CHARLIE))
    world.do(c.TransferCollateral(b"", 0, CHARLIE, "USDT", 8_000 * USDT, 0))
    for account_id, side in ((ALICE, BUY), (CHARLIE, SELL)):
        world.do(c.PlaceOrder(b"", 0, account_id, 2, "", side, LIMIT, 1, 300_000, GTC, EXPIRE_TAKER))
    world.do(c.SetInstrumentState(b"", 0, 2, INSTRUMENT_HALTED))
    world.price(300_000)
    assert world.audit.liquidations == 0
    for account_id, side in ((CHARLIE, SELL), (BOB, BUY)):
        world.do(c.PlaceOrder(b"", 0, account_id, 1, "", side, LIMIT, 1_000, 300_000, GTC, EXPIRE_MAKER))
    for state in (INSTRUMENT_CANCEL_ONLY, INSTRUMENT_NORMAL):
        world.do(c.SetInstrumentState(b"", 0, 2, state))
    audit = world.audit
    before = sum(audit.equity_units(account_id) for account_id in audit.books)
    records = world.price(300_000, instrument_id=2)
    paid = [event.amount_units for record in records for event in record.events if type(event) is DeficitCovered]
    assert len(paid) == 1 and audit.fund_loss_units > paid[0] > 0
    assert audit.deficit_units == audit.deleveraged_units + audit.fund_loss_units
    assert audit.equity_units(ALICE) < 0 <= min(audit.equity_units(CHARLIE), audit.equity_units(-1))
    assert sum(audit.equity_units(account_id) for account_id in audit.books) == before
    assert (audit.wrongful_liquidations, audit.ledger_imbalance_units(world.engine.state)) == (0, 0)


def test_a_deleveraging_that_the_fund_could_have_spared_is_needless(world):
    world.price(595_000)
    world.state(LiquidationStepped(64, BOB, 1, STEP_DELEVERAGE, -1_000, 1, 2, 595_000, 595_000, 0, 0))
    assert world.audit.needless_deleveragings == 1


@pytest.mark.parametrize("astray", ["collateral", "fees", "lots", "entry"])
def test_a_single_unit_astray_is_found(world, astray):
    state = world.engine.state
    position = state.accounts[BOB].positions[1]
    if astray == "collateral":
        state.accounts[BOB].credit("USDT", 1)
    elif astray == "fees":
        state.fees_units["USDT"] -= 1
    elif astray == "lots":
        position.lots += 1
    else:
        position.entry_value_units -= 1
    assert world.audit.ledger_imbalance_units(state) > 0
