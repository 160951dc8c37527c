"""What the rows say of funding, margin modes, halts, liquidations and the insurance fund, record by record."""

import pytest

from tests.projections.risk_journal import ALICE, BOB, CHARLIE, FUND, MARKET, PRICE, USDT, Journal, placed
from trading.core import terms as t
from trading.engine import events as e
from trading.models import Assignment, Balance, FundingIndex, Liquidation, LiquidationStep, Position, Posting, Ticker
from trading.selectors import accounts, funding, instruments, market
from trading.services.reconciliation import check_rows

pytestmark = pytest.mark.django_db(transaction=True)

HOUR_NS = 3600 * 10**9
FIRST_PERIOD_NS = 500_000 * HOUR_NS
LIQUIDATION = 64_001


@pytest.fixture
def journal():
    return Journal()


def position(account_id):
    return Position.objects.get(account_id=account_id, instrument_id=MARKET)


def collateral(account_id):
    return Balance.objects.get(ledger_account=f"collateral:{account_id}").balance_units


def ledger_holds():
    """Every invariant of the ledger but those of the wallets, which nothing here passed through."""
    broken = [
        check.id
        for check in check_rows()
        if check.violations and check.id not in ("I2-transfers", "I2-collateral", "I13-chain")
    ]
    assert broken == []
    return True


def test_an_index_stays_when_a_mark_comes_without(journal):
    journal.state(e.MarkPriceUpdated(MARKET, PRICE + 5, 0))
    view = instruments.instrument_by_id(instrument_id=MARKET)
    assert (view.mark_price_ticks, view.index_price_ticks) == (PRICE + 5, PRICE + 10)
    ticker = market.ticker(now_ns=0, instrument_id=MARKET)
    assert (ticker.mark_price_ticks, ticker.index_price_ticks) == (PRICE + 5, PRICE + 10)
    assert journal.is_rebuilt_alike()


def test_the_stricter_state_holds(journal):
    def states():
        view = instruments.instrument_by_id(instrument_id=MARKET)
        return view.own_state, instruments.exchange_state(), view.state

    assert states() == (1, 1, 1)
    journal.state(e.ExchangeStateChanged(t.INSTRUMENT_POST_ONLY))
    assert states() == (1, 2, 2)
    journal.state(e.InstrumentStateChanged(MARKET, t.INSTRUMENT_HALTED))
    assert states() == (4, 2, 4)
    journal.state(e.ExchangeStateChanged(t.INSTRUMENT_NORMAL), e.InstrumentStateChanged(MARKET, t.INSTRUMENT_POST_ONLY))
    assert states() == (2, 1, 2)
    assert journal.is_rebuilt_alike()


def test_a_halt_says_when_it_ends(journal):
    journal.state(
        e.MarkPriceUpdated(MARKET, PRICE // 2, PRICE),
        e.InstrumentStateChanged(MARKET, t.INSTRUMENT_HALTED),
        e.ResumptionScheduled(MARKET, 77, PRICE // 2, PRICE),
    )
    assert instruments.instrument_by_id(instrument_id=MARKET).resume_at_ns == 77
    journal.state(e.InstrumentStateChanged(MARKET, t.INSTRUMENT_CANCEL_ONLY), e.ResumptionScheduled(MARKET, 99, 0, 0))
    assert instruments.instrument_by_id(instrument_id=MARKET).resume_at_ns == 99
    journal.state(e.InstrumentStateChanged(MARKET, t.INSTRUMENT_NORMAL))
    assert instruments.instrument_by_id(instrument_id=MARKET).resume_at_ns == 0
    assert journal.is_rebuilt_alike()


def test_funding_is_owed_then_paid_and_its_dust_stays_in_the_pool(journal):
    """100 ppm of 10 lots at an index of 60,001 USDT: 60,001 units and a bit, which the pool keeps."""
    journal.open(ALICE, BOB, 10)
    rate, index = 100_001, PRICE + 10
    journal.state(e.FundingApplied(MARKET, FIRST_PERIOD_NS, rate, index))
    scaled = 10 * index * 100 * rate
    paid, received = -(-scaled // 10**9), scaled // 10**9
    assert paid == received + 1
    assert int(FundingIndex.objects.get(instrument_id=MARKET).funding_index) == index * 100 * rate
    assert position(ALICE).funding_index == 0 and ledger_holds(), "nothing is paid yet"

    journal.state(e.FundingSettled(ALICE, MARKET, paid), e.FundingSettled(BOB, MARKET, -received))
    assert (collateral(ALICE), collateral(BOB)) == (1_000 * USDT - paid, 1_000 * USDT + received)
    assert Balance.objects.get(ledger_account="funding").balance_units == 1
    assert [position(each).funding_units for each in (ALICE, BOB)] == [paid, -received]
    assert position(ALICE).funding_index == position(BOB).funding_index == index * 100 * rate
    (line,) = [line for line in accounts.ledger_lines(account_id=ALICE, limit=9) if line.kind == "funding"]
    assert (line.amount_units, line.reference_id) == (-paid, MARKET)
    assert {row[0] for row in journal.told_rows("positions")} == {MARKET}

    journal.state(e.FundingApplied(MARKET, FIRST_PERIOD_NS + HOUR_NS, -rate, index))
    rates = funding.funding_rates(instrument_id=MARKET, limit=9)
    assert [(row.period_ns - FIRST_PERIOD_NS, row.rate_ppb) for row in rates] == [(HOUR_NS, -rate), (0, rate)]
    assert funding.funding_rates(instrument_id=MARKET, limit=9, before_ns=rates[0].period_ns) == rates[1:]
    view = instruments.instrument_by_id(instrument_id=MARKET)
    assert (view.funding_rate_ppb, view.funded_period_ns) == (-rate, rates[0].period_ns)
    assert Ticker.objects.get().funding_rate_ppb == -rate
    assert ledger_holds() and journal.is_rebuilt_alike()


def test_who_opens_later_owes_nothing_of_before(journal):
    journal.state(e.FundingApplied(MARKET, FIRST_PERIOD_NS, 10**6, PRICE))
    journal.open(ALICE, BOB, 10)
    assert position(ALICE).funding_index == FundingIndex.objects.get().funding_index == PRICE * 100 * 10**6
    assert ledger_holds() and journal.is_rebuilt_alike()


def test_a_funding_index_has_no_bound(journal):
    for hour in range(3):
        journal.state(e.FundingApplied(MARKET, FIRST_PERIOD_NS + hour * HOUR_NS, 4 * 10**7, 10**14))
    assert int(FundingIndex.objects.get().funding_index) == 3 * 4 * 10**7 * 10**14 * 100 > 2**63
    journal.open(ALICE, BOB, 1)
    assert position(ALICE).funding_index == FundingIndex.objects.get().funding_index
    assert journal.is_rebuilt_alike()


def test_an_isolated_position_has_margin_of_its_own(journal):
    journal.state(e.MarginModeChanged(ALICE, MARKET, True, 0))
    assert (position(ALICE).lots, position(ALICE).is_isolated) == (0, True)
    events = journal.crossing(ALICE, BOB, 10, PRICE, 10, -10, 600 * USDT, -600 * USDT)
    journal.state(*events, e.IsolatedMarginChanged(ALICE, MARKET, 60 * USDT))
    journal.state(e.FundingApplied(MARKET, FIRST_PERIOD_NS, 10**6, PRICE))
    journal.state(e.FundingSettled(ALICE, MARKET, 600_000), e.FundingSettled(BOB, MARKET, -600_000))
    (line,) = accounts.positions(account_id=ALICE)
    assert (line.is_isolated, line.isolated_units, line.funding_units) == (True, 60 * USDT - 600_000, 600_000)
    assert not position(BOB).is_isolated and position(BOB).isolated_units == 0
    assert ledger_holds() and journal.is_rebuilt_alike()
    journal.state(e.MarginModeChanged(ALICE, MARKET, False, 0))
    assert (position(ALICE).is_isolated, position(ALICE).isolated_units) == (False, 0)


def liquidate(journal):
    """Alice is long 30 lots at 60,000 and the mark fell to 57,000: 10 lots are sold, 8 taken over, 12 deleveraged."""
    entry = 100 * PRICE
    mark, bankrupt = 570_000, 568_000
    journal.open(ALICE, BOB, 30)
    journal.state(placed(9_000, ALICE, t.BUY, 5, 500_000, resting=5))
    journal.state(placed(9_064, CHARLIE, t.BUY, 10, 569_000, resting=10))
    journal.state(
        e.MarkPriceUpdated(MARKET, mark, mark), e.LiquidationStarted(LIQUIDATION, ALICE, 0, 6 * USDT, 7 * USDT)
    )
    common = (6 * USDT, 7 * USDT, mark, bankrupt)
    journal.state(
        e.LiquidationStepped(LIQUIDATION, ALICE, 0, t.STEP_CANCEL, 0, 6 * USDT, 7 * USDT, 0, 0, 0, 0),
        e.OrderCancelled(9_000, ALICE, MARKET, t.BUY, 500_000, 5, True, t.CANCEL_LIQUIDATION),
    )
    sold = 10 * (569_000 - PRICE) * 100
    journal.state(
        e.LiquidationStepped(LIQUIDATION, ALICE, MARKET, t.STEP_REDUCE, 30, *common, bankrupt, 9_128),
        placed(9_128, ALICE, t.SELL, 30, bankrupt, reduce_only=True),
        e.TradeExecuted(
            *(9_192, MARKET, 569_000, 10, t.SELL),
            *(9_064, CHARLIE, 0, 0, 10, 10 * 569_000 * 100),
            *(9_128, ALICE, 0, sold, 20, 20 * entry),
        ),
        e.OrderCancelled(9_128, ALICE, MARKET, t.SELL, bankrupt, 20, False, t.CANCEL_IOC),
        e.LiquidationFeeCharged(LIQUIDATION, ALICE, MARKET, 2_000_000),
    )
    loss = (bankrupt - PRICE) * 100
    journal.state(
        e.LiquidationStepped(LIQUIDATION, ALICE, MARKET, t.STEP_TAKEOVER, 8, *common, 0, 0),
        e.PositionAssigned(
            *(LIQUIDATION, MARKET, bankrupt, 8, t.SELL, ALICE, 8 * loss, 12, 12 * entry),
            *(FUND, 0, 8, 8 * bankrupt * 100, 0, 0),
        ),
    )
    journal.state(
        e.LiquidationStepped(LIQUIDATION, ALICE, MARKET, t.STEP_DELEVERAGE, 12, *common, 0, 0),
        e.PositionAssigned(
            *(LIQUIDATION, MARKET, bankrupt, 12, t.SELL, ALICE, 12 * loss, 0, 0),
            *(BOB, -12 * loss, -18, -18 * entry, 1, 1_500_000_000),
        ),
    )
    journal.state(e.LiquidationEnded(LIQUIDATION, ALICE, 0, 0, 0))


def test_a_liquidation_is_told_step_by_step(journal):
    liquidate(journal)
    row = Liquidation.objects.get()
    assert (row.account_id, row.instrument_id, row.equity_units, row.maintenance_units) == (
        ALICE,
        0,
        6 * USDT,
        7 * USDT,
    )
    assert (row.step_count, row.fee_units) == (4, 2_000_000) and row.ended_at_ns > row.started_at_ns
    steps = list(LiquidationStep.objects.order_by("sequence"))
    assert [step.step for step in steps] == list(t.LIQUIDATION_STEPS.values())
    assert [step.cancelled_orders for step in steps] == [1, 0, 0, 0]
    assert [step.filled_lots for step in steps] == [0, 10, 8, 12]
    assert [step.filled_tick_lots for step in steps] == [0, 5_690_000, 8 * 568_000, 12 * 568_000]
    assert [step.fee_units for step in steps] == [0, 2_000_000, 0, 0]
    assert (steps[1].limit_price_ticks, steps[1].order_id) == (568_000, 9_128)
    taken_over, deleveraged = Assignment.objects.order_by("sequence")
    assert (taken_over.counterparty_id, taken_over.place, taken_over.quantity_lots) == (FUND, 0, 8)
    assert (deleveraged.counterparty_id, deleveraged.place, deleveraged.rank_ppb) == (BOB, 1, 1_500_000_000)
    assert ledger_holds() and journal.is_rebuilt_alike()


def test_everybody_is_told_what_was_closed_and_never_whose_it_was(journal):
    liquidate(journal)
    numbers = (6 * USDT, 7 * USDT, 570_000, 568_000, 0, 0)
    journal.state(
        e.LiquidationStarted(LIQUIDATION + 64, CHARLIE, 0, 6 * USDT, 7 * USDT),
        e.LiquidationStepped(LIQUIDATION + 64, CHARLIE, 0, t.STEP_CANCEL, 0, *numbers),
    )
    assert journal.told_rows("liquidations") == []
    lost = 10 * (568_000 - 569_000) * 100
    journal.state(
        e.LiquidationStepped(LIQUIDATION + 64, CHARLIE, MARKET, t.STEP_TAKEOVER, 10, *numbers),
        e.PositionAssigned(
            *(LIQUIDATION + 64, MARKET, 568_000, 10, t.SELL, CHARLIE, lost, 0, 0),
            *(FUND, 0, 18, 18 * 568_000 * 100, 0, 0),
        ),
    )
    (change,) = [change for change in journal.told if change.projection == "liquidations"]
    (row,) = change.rows
    assert change.owner_id == 0 and (row.filled_lots, row.instrument_id) == (10, MARKET)
    assert not hasattr(row, "account_id") and ledger_holds()
    assert journal.is_rebuilt_alike()


def test_positions_and_money_follow_what_was_assigned(journal):
    liquidate(journal)
    lots = {row.account_id: row.lots for row in Position.objects.all()}
    assert lots == {ALICE: 0, BOB: -18, CHARLIE: 10, FUND: 8}
    assert Ticker.objects.get().open_interest_lots == 18
    loss = (568_000 - PRICE) * 100
    kinds = {
        kind: sum(line.amount_units for line in accounts.ledger_lines(account_id=ALICE, limit=99) if line.kind == kind)
        for kind in ("realised_pnl", "liquidation_fee", "liquidation", "deleveraging")
    }
    assert kinds == {
        "realised_pnl": 10 * (569_000 - PRICE) * 100,
        "liquidation_fee": -2_000_000,
        "liquidation": 8 * loss,
        "deleveraging": 12 * loss,
    }
    assert collateral(BOB) == 1_000 * USDT - 12 * loss
    assert collateral(FUND) == 5_000 * USDT + 2_000_000
    assert Posting.objects.filter(kind="deleveraging", reference_id=LIQUIDATION).count() == 2


@pytest.mark.parametrize("scope", [0, MARKET])
def test_the_fund_pays_what_is_left_of_a_deficit(journal, scope):
    """Alice's 10 lots were sold for 40 USDT less than she has; the fund has 30 to spare."""
    bankrupt, start = 490_000, -(PRICE - 490_000) * 1_000
    if scope:
        journal.state(e.MarginModeChanged(ALICE, MARKET, True, 0))
    events = journal.crossing(ALICE, BOB, 10, PRICE, 10, -10, 600 * USDT, -600 * USDT)
    journal.state(*events, *[e.IsolatedMarginChanged(ALICE, MARKET, 70 * USDT)] * bool(scope))
    journal.state(e.LiquidationStarted(LIQUIDATION, ALICE, scope, start, 7 * USDT))
    events = journal.crossing(BOB, ALICE, 10, bankrupt, 0, 0, 0, 0, pnl=(-start, start))
    journal.state(*events, *[e.IsolatedMarginChanged(ALICE, MARKET, 70 * USDT + start)] * bool(scope))
    journal.state(
        e.DeficitCovered(LIQUIDATION, ALICE, scope, 30 * USDT),
        *[e.IsolatedMarginChanged(ALICE, MARKET, 0)] * bool(scope),
        e.LiquidationEnded(LIQUIDATION, ALICE, scope, -40 * USDT, 0),
    )
    row = Liquidation.objects.get()
    assert (row.deficit_units, row.ended_equity_units) == (30 * USDT, -40 * USDT)
    (line,) = [line for line in accounts.ledger_lines(account_id=ALICE, limit=9) if line.kind == "deficit_covered"]
    assert (line.amount_units, line.reference_id) == (30 * USDT, LIQUIDATION)
    assert (collateral(ALICE), collateral(FUND)) == (1_000 * USDT + start + 30 * USDT, 4_970 * USDT)
    assert position(ALICE).isolated_units == 0
    assert ledger_holds() and journal.is_rebuilt_alike()


def test_the_fund_trades_like_others(journal):
    """What it took over it sells; nobody is told of its orders, but its money moves in the open."""
    liquidate(journal)
    journal.state(placed(9_256, BOB, t.BUY, 8, 560_000, resting=8))
    journal.state(
        placed(9_320, FUND, t.SELL, 8, 560_000),
        e.TradeExecuted(
            *(9_384, MARKET, 560_000, 8, t.SELL),
            *(9_256, BOB, 0, 8 * (PRICE - 560_000) * 100, -10, -10 * 100 * PRICE),
            *(9_320, FUND, 0, 8 * (560_000 - 568_000) * 100, 0, 0),
        ),
    )
    assert collateral(FUND) == 5_000 * USDT + 2_000_000 - 8 * 8_000 * 100
    assert position(FUND).lots == 0
    assert ledger_holds() and journal.is_rebuilt_alike()
