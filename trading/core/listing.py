"""An instrument as an operator writes it: decimals as text. Parsed exactly into what the engine computes with. Pure."""

import re
from typing import Final, NamedTuple

from exchange.contract.errors import ApiError
from exchange.contract.numbers import MAXIMUM_COUNT, Step, format_scaled, parse_rate_ppb, parse_scaled, step_from_text
from trading.core.instruments import Bracket, InstrumentParameters, InstrumentTerms
from trading.core.risk_text import RiskText, parse_risk
from trading.core.terms import MAXIMUM_BAND_PPB, PPB

SETTLEMENT_STEPS: Final = {"USDT": (1, -6)}
MAXIMUM_FEE_PPB: Final = 10_000_000
VALUE_LIMIT: Final = 2**62

_SYMBOL: Final = re.compile(r"[A-Z0-9]{1,16}(-[A-Z0-9]{1,10}){1,3}")
_UNDERLYING: Final = re.compile(r"[A-Z0-9]{1,12}")


class BracketText(NamedTuple):
    """From `floor` of notional on these rates hold."""

    floor: str
    initial_rate: str
    maintenance_rate: str


class ParametersText(NamedTuple):
    """What operators may change. Prices and quantities in the units a trader sees, money in the settlement asset."""

    maker_fee: str
    taker_fee: str
    price_band: str
    protection: str
    minimum_notional: str
    maximum_price: str
    maximum_order_quantity: str
    position_limit: str
    maximum_open_orders: int
    default_leverage: int
    brackets: tuple[BracketText, ...]
    risk: RiskText = RiskText()


class TermsText(NamedTuple):
    """What stays for the instrument's life: a linear perpetual, its value is price * quantity * multiplier."""

    instrument_id: int
    symbol: str
    underlying: str
    settlement_asset: str
    tick: str
    lot: str
    multiplier: str


def parse_terms(text: TermsText) -> InstrumentTerms:
    """Refuses with invalid_parameter: malformed names, unknown assets, steps that are no decimals above zero, and a
    value of one lot at one tick that is not a whole number of ledger units."""
    _require(text.instrument_id > 0, "instrument_id", "must be above zero")
    _require(_SYMBOL.fullmatch(text.symbol) is not None, "symbol", "must look like BTC-PERP")
    _require(_UNDERLYING.fullmatch(text.underlying) is not None, "underlying", "must be capital letters and digits")
    _require(text.settlement_asset in SETTLEMENT_STEPS, "settlement_asset", "must be USDT")
    tick, lot = _parse_step(text.tick, "tick"), _parse_step(text.lot, "lot")
    multiplier = _parse_step(text.multiplier, "multiplier")
    return InstrumentTerms(
        instrument_id=text.instrument_id,
        symbol=text.symbol,
        kind="perpetual",
        underlying=text.underlying,
        settlement_asset=text.settlement_asset,
        tick=format_scaled(1, tick),
        lot=format_scaled(1, lot),
        multiplier=format_scaled(1, multiplier),
        value_units=_value_units(tick, lot, multiplier, SETTLEMENT_STEPS[text.settlement_asset]),
    )


def parse_parameters(text: ParametersText, *, terms: InstrumentTerms, version: int) -> InstrumentParameters:
    """The parameters as the engine's `version`. Refuses with invalid_parameter what the engine's rules call invalid."""
    money = SETTLEMENT_STEPS[terms.settlement_asset]
    tick, lot = step_from_text(terms.tick), step_from_text(terms.lot)
    parameters = InstrumentParameters(
        version=version,
        maker_fee_ppb=parse_rate_ppb(text.maker_fee, field="maker_fee", signed=True),
        taker_fee_ppb=parse_rate_ppb(text.taker_fee, field="taker_fee"),
        price_band_ppb=parse_rate_ppb(text.price_band, field="price_band"),
        protection_ppb=parse_rate_ppb(text.protection, field="protection"),
        minimum_notional_units=parse_scaled(text.minimum_notional, step=money, field="minimum_notional"),
        maximum_price_ticks=parse_scaled(text.maximum_price, step=tick, field="maximum_price"),
        maximum_order_lots=parse_scaled(text.maximum_order_quantity, step=lot, field="maximum_order_quantity"),
        position_limit_units=parse_scaled(text.position_limit, step=money, field="position_limit"),
        maximum_open_orders=text.maximum_open_orders,
        default_leverage=text.default_leverage,
        brackets=_parse_brackets(text.brackets, money),
        risk=parse_risk(text.risk, money=money),
    )
    _check_limits(parameters, terms)
    _check_brackets(parameters.brackets)
    _require(
        1 <= text.default_leverage <= PPB // parameters.brackets[0].initial_rate_ppb,
        "default_leverage",
        "must be at least 1 and what the first bracket admits",
    )
    return parameters


def _value_units(tick: Step, lot: Step, multiplier: Step, money: Step) -> int:
    """tick * lot * multiplier in ledger units of the settlement asset."""
    mantissa = tick[0] * lot[0] * multiplier[0]
    exponent = tick[1] + lot[1] + multiplier[1] - money[1]
    if exponent >= 0:
        return mantissa * int("1" + "0" * exponent)
    value_units, rest = divmod(mantissa, int("1" + "0" * -exponent))
    _require(rest == 0, "tick", "times lot times multiplier must be a whole number of ledger units")
    return value_units


def _parse_brackets(texts: tuple[BracketText, ...], money: Step) -> tuple[Bracket, ...]:
    """Brackets with their cums (F9): cum_n = cum_(n-1) + floor_n * (rate_n - rate_(n-1)), rounded down."""
    brackets: list[Bracket] = []
    last = Bracket(0, 0, 0, 0, 0)
    for text in texts:
        floor_units = parse_scaled(text.floor, step=money, field="brackets")
        initial_ppb = parse_rate_ppb(text.initial_rate, field="brackets")
        maintenance_ppb = parse_rate_ppb(text.maintenance_rate, field="brackets")
        last = Bracket(
            floor_units,
            initial_ppb,
            last.initial_cum_units + floor_units * (initial_ppb - last.initial_rate_ppb) // PPB,
            maintenance_ppb,
            last.maintenance_cum_units + floor_units * (maintenance_ppb - last.maintenance_rate_ppb) // PPB,
        )
        brackets.append(last)
    return tuple(brackets)


def _check_limits(p: InstrumentParameters, terms: InstrumentTerms) -> None:
    _require(abs(p.maker_fee_ppb) <= MAXIMUM_FEE_PPB, "maker_fee", "must be within 1% either way")
    _require(p.taker_fee_ppb <= MAXIMUM_FEE_PPB, "taker_fee", "must be at most 1%")
    _require(p.maker_fee_ppb + p.taker_fee_ppb >= 0, "maker_fee", "must not give back more than the taker pays")
    _require(0 < p.price_band_ppb <= MAXIMUM_BAND_PPB, "price_band", "must be above 0 and at most 100")
    _require(0 < p.protection_ppb < PPB, "protection", "must lie between 0 and 1")
    for field, count in (
        ("maximum_price", p.maximum_price_ticks),
        ("maximum_order_quantity", p.maximum_order_lots),
        ("position_limit", p.position_limit_units),
        ("maximum_open_orders", p.maximum_open_orders),
    ):
        _require(1 <= count <= MAXIMUM_COUNT, field, "must be above zero")
    largest_units = p.maximum_price_ticks * p.maximum_order_lots * terms.value_units
    _require(largest_units < VALUE_LIMIT, "maximum_order_quantity", "at the maximum price is worth too much")
    _require(p.position_limit_units < VALUE_LIMIT, "position_limit", "is too large")


def _check_brackets(brackets: tuple[Bracket, ...]) -> None:
    _require(len(brackets) > 0 and brackets[0].floor_units == 0, "brackets", "must begin with a floor of 0")
    for bracket in brackets:
        fits = 0 < bracket.maintenance_rate_ppb <= bracket.initial_rate_ppb <= PPB
        _require(fits, "brackets", "need 0 < maintenance rate <= initial rate <= 1")
    for lower, upper in zip(brackets, brackets[1:], strict=False):
        rises = lower.floor_units < upper.floor_units
        _require(rises, "brackets", "must have rising floors")
        falls = (
            upper.initial_rate_ppb < lower.initial_rate_ppb or upper.maintenance_rate_ppb < lower.maintenance_rate_ppb
        )
        _require(not falls, "brackets", "must not have falling rates")


def _parse_step(text: str, field: str) -> Step:
    try:
        return step_from_text(text)
    except (TypeError, ValueError):
        raise _refusal(field, "must be a decimal string above zero") from None


def _require(holds: bool, field: str, reason: str) -> None:
    if not holds:
        raise _refusal(field, reason)


def _refusal(field: str, reason: str) -> ApiError:
    return ApiError("invalid_parameter", f"{field} {reason}.", {"field": field})
