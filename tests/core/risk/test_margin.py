"""Brackets, initial margin and the prices of liquidation, against the public numbers of the brackets' venue."""

from bisect import bisect_left

from hypothesis import assume, given
from hypothesis import strategies as st

from risk.core.liquidation import bankruptcy_price_ticks, liquidation_price_ticks
from risk.core.margin import (
    bracket_at,
    initial_margin_units,
    maintenance_margin_units,
    maximum_leverage,
    open_loss_units,
    side_requirement_units,
)
from trading.core.accounts import Account
from trading.core.instruments import Bracket
from trading.core.listing import parse_parameters, parse_terms
from trading.core.markets import Instrument
from trading.core.positions import Position
from trading.core.terms import PPB
from trading.engine.execution import cross_refusal
from trading.engine.requirements import has_plenty
from trading.services.first_listing import FIRST_LISTING

USDT = 10**6
TERMS = parse_terms(FIRST_LISTING[0][0])
PARAMETERS = parse_parameters(FIRST_LISTING[0][1], terms=TERMS, version=1)
BRACKETS = PARAMETERS.brackets

lots = st.integers(-(10**6), 10**6)
open_lots = st.integers(0, 10**6)


def test_the_cums_of_the_bracket_table():
    assert [bracket.maintenance_cum_units // USDT for bracket in BRACKETS] == [0, 50, 1_300, 16_300, 266_300]
    assert [bracket.initial_cum_units // USDT for bracket in BRACKETS] == [0, 100, 2_600, 32_600, 532_600]


def test_highest_leverage_of_each_bracket():
    assert [maximum_leverage(BRACKETS, bracket.floor_units) for bracket in BRACKETS] == [125, 100, 50, 20, 10]


def test_maintenance_is_continuous_where_brackets_meet():
    for bracket in BRACKETS[1:]:
        below = maintenance_margin_units(BRACKETS, bracket.floor_units - 1)
        assert 0 <= maintenance_margin_units(BRACKETS, bracket.floor_units) - below <= 1


@given(st.integers(0, 10**14), st.integers(0, 10**12))
def test_maintenance_grows_with_notional(notional_units, more_units):
    smaller = maintenance_margin_units(BRACKETS, notional_units)
    assert 0 <= smaller <= maintenance_margin_units(BRACKETS, notional_units + more_units)


def test_liquidation_price_of_the_public_case():
    """Wallet 3,000, 1 BTC at 60,000, isolated: long 57,236.18, short 62,736.32, where equity = maintenance = 236.18."""
    value_units = 10_000  # one lot of 1 BTC at a tick of 0.01
    for side, expected_ticks in ((1, 5_723_618), (-1, 6_273_631)):
        price = liquidation_price_ticks(
            lots=side,
            entry_value_units=side * 60_000 * USDT,
            value_units=value_units,
            brackets=BRACKETS,
            other_equity_units=3_000 * USDT,
            other_maintenance_units=0,
        )
        assert abs(price - expected_ticks) <= 1
        equity_units = 3_000 * USDT + side * (price * value_units - 60_000 * USDT)
        maintenance_units = maintenance_margin_units(BRACKETS, price * value_units)
        assert abs(equity_units - maintenance_units) <= 2 * value_units
    assert maintenance_margin_units(BRACKETS, 5_723_618 * value_units) // 10_000 == 23_618


@given(st.integers(1, 125), st.integers(1, 1_000), st.integers(1, 10**7), lots, open_lots, open_lots)
def test_no_lot_takes_more_than_the_most_that_it_takes(default_leverage, leverage, mark_ticks, held, buys, sells):
    """Within the ordinary lots, whose last bracket asks for no more than the default leverage and the next for more."""
    instrument = Instrument(TERMS, PARAMETERS._replace(default_leverage=default_leverage))
    instrument.mark(mark_ticks)
    most_lots = max(held + buys, sells - held)
    scale = max(1, -(-most_lots // max(1, instrument.ordinary_lots)))
    held, buys, sells = held // scale, buys // scale, sells // scale
    most_lots = max(held + buys, sells - held)
    for taken in (leverage, default_leverage):
        required_units = initial_margin_units(instrument, held, buys, sells, 0, taken)
        if most_lots <= instrument.ordinary_lots:
            assert required_units <= most_lots * instrument.most_a_lot_takes_units(taken)
    last = bracket_at(BRACKETS, instrument.ordinary_lots * instrument.lot_value_units)
    beyond = bracket_at(BRACKETS, (instrument.ordinary_lots + 1) * instrument.lot_value_units)
    assert last.initial_rate_ppb * default_leverage <= PPB
    is_limited = instrument.ordinary_lots == instrument.position_limit_lots
    assert is_limited or beyond.initial_rate_ppb * default_leverage > PPB


held = st.tuples(lots, open_lots, open_lots, st.integers(0, 10**9), st.integers(-(10**12), 10**12), st.integers(0, 125))


@given(st.integers(1, 125), st.integers(1, 10**7), held, held, st.integers(-(10**12), 10**12))
def test_who_has_plenty_is_not_refused(default_leverage, mark_ticks, first, second, gain_units):
    """With the least collateral that is plenty, as the exact check says, and with one unit more."""
    account = Account(1, 1)
    for instrument_id, (net, buys, sells, loss_units, pnl_units, leverage) in ((1, first), (2, second)):
        instrument = Instrument(TERMS, PARAMETERS._replace(default_leverage=default_leverage))
        instrument.mark(mark_ticks)
        position = account.positions[instrument_id] = Position(account, instrument)
        position.lots, position.buy_lots, position.sell_lots, position.leverage = net, buys, sells, leverage
        position.open_loss_units = loss_units
        position.entry_value_units = net * instrument.lot_value_units - pnl_units
    position = account.positions[1]
    asked = (position.lots, position.buy_lots, position.sell_lots, position.open_loss_units, gain_units)

    def is_plenty(collateral_units):
        account.collateral_units = collateral_units
        return has_plenty(position, *asked)

    most_units = 4 * 10**18  # a range is no longer
    assume(is_plenty(most_units))
    least_units = bisect_left(range(-most_units, most_units), x=True, key=is_plenty) - most_units
    for collateral_units in (least_units, least_units + 1):
        assert is_plenty(collateral_units)
        assert cross_refusal(position, *asked) == ""


@given(
    st.integers(1, 10**7),
    st.sampled_from((1, -1)),
    st.integers(10**4, 10**6),
    st.integers(10, 10**12),
)
def test_equity_meets_maintenance_at_the_liquidation_price(size_lots, side, entry_ticks, equity_units):
    value_units = 100
    entry_value_units = side * size_lots * entry_ticks * value_units

    def slack(price_ticks):
        equity = equity_units + side * size_lots * price_ticks * value_units - entry_value_units
        return equity - maintenance_margin_units(BRACKETS, size_lots * price_ticks * value_units)

    price = liquidation_price_ticks(
        lots=side * size_lots,
        entry_value_units=entry_value_units,
        value_units=value_units,
        brackets=BRACKETS,
        other_equity_units=equity_units,
        other_maintenance_units=0,
    )
    if price:
        assert slack(price - side) <= 1
        assert slack(price + side) >= -1
    else:
        assert side == 1 or slack(1) < 0
        assert side == -1 or slack(1) >= 0


def test_a_liquidation_price_between_brackets_that_rounding_parted():
    """The second cum is 747.97 rounded down, so that maintenance rises by up to a unit at the floor."""
    brackets = (Bracket(0, PPB, 0, 16_048_036, 0), Bracket(755_518, PPB, 0, 17_038_084, 747))
    entry_value_units, equity_units = -514_940, 252_703

    def slack(price_ticks):
        equity = equity_units - price_ticks - entry_value_units
        return equity - maintenance_margin_units(brackets, price_ticks)

    price = liquidation_price_ticks(
        lots=-1,
        entry_value_units=entry_value_units,
        value_units=1,
        brackets=brackets,
        other_equity_units=equity_units,
        other_maintenance_units=0,
    )
    assert price == 755_517
    assert slack(price) >= -1
    assert slack(price + 1) < 0


def test_bankruptcy_price_shares_equity_by_maintenance():
    alone = bankruptcy_price_ticks(
        lots=10,
        mark_price_ticks=1_000,
        value_units=100,
        equity_units=50_000,
        maintenance_units=7,
        all_maintenance_units=7,
    )
    assert alone == 950
    half = bankruptcy_price_ticks(
        lots=-10,
        mark_price_ticks=1_000,
        value_units=100,
        equity_units=50_001,
        maintenance_units=7,
        all_maintenance_units=14,
    )
    assert half == 1_026  # 1,025.0005 rounded against the short


@given(lots, open_lots, open_lots, st.integers(1, 100), st.integers(1, 10**8))
def test_initial_margin_is_the_worse_side(position_lots, buy_lots, sell_lots, leverage, mark_ticks):
    instrument = Instrument(TERMS, PARAMETERS)
    instrument.mark(mark_ticks)

    def side(side_lots, side_open_lots):
        return side_requirement_units(instrument, abs(side_lots), side_open_lots, leverage)

    required = initial_margin_units(instrument, position_lots, buy_lots, sell_lots, 11, leverage)
    if position_lots or buy_lots or sell_lots:
        worse = max(side(position_lots + buy_lots, buy_lots), side(position_lots - sell_lots, sell_lots))
        assert required == worse + 11
    else:
        assert required == 0


def test_open_loss_only_where_the_order_is_worse_than_the_mark():
    assert open_loss_units(1, 101, 100, 5, 10) == 50
    assert open_loss_units(1, 99, 100, 5, 10) == 0
    assert open_loss_units(-1, 99, 100, 5, 10) == 50


def test_bracket_of_a_notional_on_its_floor():
    assert bracket_at(BRACKETS, 50_000 * USDT - 1) is BRACKETS[0]
    assert bracket_at(BRACKETS, 50_000 * USDT) is BRACKETS[1]
