"""Instruments as operators write them: parsed exactly, or refused by name."""

import pytest

from exchange.contract.errors import ApiError
from trading.core.instruments import Bracket
from trading.core.listing import BracketText, parse_parameters, parse_terms
from trading.services.first_listing import FIRST_LISTING

(BTC_TERMS, BTC_PARAMETERS), (ETH_TERMS, ETH_PARAMETERS) = FIRST_LISTING
BTC = parse_terms(BTC_TERMS)


def test_bitcoin_counts_in_tenths_and_thousandths():
    assert (BTC.tick, BTC.lot, BTC.value_units, BTC.kind) == ("0.1", "0.001", 100, "perpetual")
    parameters = parse_parameters(BTC_PARAMETERS, terms=BTC, version=1)
    assert (parameters.maker_fee_ppb, parameters.taker_fee_ppb) == (200_000, 500_000)
    assert (parameters.price_band_ppb, parameters.protection_ppb) == (50_000_000, 20_000_000)
    assert parameters.minimum_notional_units == 5_000_000
    assert (parameters.maximum_price_ticks, parameters.maximum_order_lots) == (100_000_000, 1_000_000)
    assert (parameters.maximum_open_orders, parameters.default_leverage) == (200, 10)
    assert parameters.position_limit_units == 20_000_000_000_000


def test_ether_counts_in_hundredths():
    terms = parse_terms(ETH_TERMS)
    assert (terms.tick, terms.lot, terms.value_units) == ("0.01", "0.01", 100)
    parameters = parse_parameters(ETH_PARAMETERS, terms=terms, version=3)
    assert (parameters.version, parameters.maximum_price_ticks, parameters.maximum_order_lots) == (3, 10**8, 10**6)


def test_cums_are_those_of_the_published_table():
    """Acceptance case 13; the initial rates and cums are twice those of maintenance."""
    brackets = parse_parameters(BTC_PARAMETERS, terms=BTC, version=1).brackets
    assert [bracket.maintenance_cum_units // 10**6 for bracket in brackets] == [0, 50, 1_300, 16_300, 266_300]
    assert [bracket.floor_units // 10**6 for bracket in brackets] == [0, 50_000, 250_000, 1_000_000, 10_000_000]
    assert [10**9 // bracket.initial_rate_ppb for bracket in brackets] == [125, 100, 50, 20, 10]
    for bracket in brackets:
        assert bracket.initial_rate_ppb == 2 * bracket.maintenance_rate_ppb
        assert bracket.initial_cum_units == 2 * bracket.maintenance_cum_units


def test_a_cum_is_rounded_down():
    texts = (BracketText("0", "0.01", "0.005"), BracketText("0.000003", "0.35", "0.25"))
    brackets = parse_parameters(
        BTC_PARAMETERS._replace(brackets=texts, default_leverage=1), terms=BTC, version=1
    ).brackets
    assert brackets[1] == Bracket(3, 350_000_000, 1, 250_000_000, 0)


@pytest.mark.parametrize(
    ("change", "value_units"),
    [
        ({"multiplier": "0.01"}, 1),
        ({"tick": "0.5", "lot": "2"}, 1_000_000),
        ({"tick": "100", "lot": "1000"}, 100_000_000_000),
    ],
)
def test_a_lot_at_a_tick_is_a_whole_number_of_units(change, value_units):
    assert parse_terms(BTC_TERMS._replace(**change)).value_units == value_units


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"multiplier": "0.001"}, "tick"),
        ({"tick": "0.00015"}, "tick"),
        ({"tick": "0"}, "tick"),
        ({"tick": "1e3"}, "tick"),
        ({"lot": "-1"}, "lot"),
        ({"multiplier": ""}, "multiplier"),
        ({"symbol": "btc-perp"}, "symbol"),
        ({"symbol": "BTC"}, "symbol"),
        ({"underlying": ""}, "underlying"),
        ({"settlement_asset": "BTC"}, "settlement_asset"),
        ({"instrument_id": 0}, "instrument_id"),
    ],
)
def test_terms_that_are_refused(change, field):
    with pytest.raises(ApiError, match="invalid_parameter") as refusal:
        parse_terms(BTC_TERMS._replace(**change))
    assert refusal.value.details == {"field": field}


FIRST = BracketText("0", "0.008", "0.004")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"maker_fee": "-0.0006"}, "maker_fee"),
        ({"maker_fee": "0.011"}, "maker_fee"),
        ({"taker_fee": "-0.0005"}, "taker_fee"),
        ({"taker_fee": "0.0100001"}, "taker_fee"),
        ({"price_band": "0"}, "price_band"),
        ({"protection": "1"}, "protection"),
        ({"minimum_notional": "0.0000001"}, "minimum_notional"),
        ({"maximum_price": "100.05"}, "maximum_price"),
        ({"maximum_price": "0"}, "maximum_price"),
        ({"maximum_order_quantity": "0.0005"}, "maximum_order_quantity"),
        ({"maximum_order_quantity": "1000000000"}, "maximum_order_quantity"),
        ({"position_limit": "0"}, "position_limit"),
        ({"position_limit": "5000000000000"}, "position_limit"),
        ({"maximum_open_orders": 0}, "maximum_open_orders"),
        ({"default_leverage": 0}, "default_leverage"),
        ({"default_leverage": 126}, "default_leverage"),
        ({"brackets": ()}, "brackets"),
        ({"brackets": (FIRST._replace(floor="1"),)}, "brackets"),
        ({"brackets": (FIRST, FIRST)}, "brackets"),
        ({"brackets": (FIRST._replace(maintenance_rate="0"),)}, "brackets"),
        ({"brackets": (FIRST._replace(maintenance_rate="0.009"),)}, "brackets"),
        ({"brackets": (FIRST._replace(initial_rate="1.1"),)}, "brackets"),
        ({"brackets": (FIRST, BracketText("5", "0.007", "0.004"))}, "brackets"),
        ({"brackets": (FIRST, BracketText("5", "0.008", "0.003"))}, "brackets"),
    ],
)
def test_parameters_that_are_refused(change, field):
    with pytest.raises(ApiError, match="invalid_parameter") as refusal:
        parse_parameters(BTC_PARAMETERS._replace(**change), terms=BTC, version=1)
    assert refusal.value.details == {"field": field}


def test_the_largest_leverage_is_what_the_first_bracket_admits():
    assert parse_parameters(BTC_PARAMETERS._replace(default_leverage=125), terms=BTC, version=1).default_leverage == 125
