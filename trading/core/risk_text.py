"""Risk parameters as an operator writes them: rates and money as decimals, times as "15s", "5min", "8h". Pure."""

import re
from typing import Final, NamedTuple

from exchange.contract.errors import ApiError
from exchange.contract.numbers import Step, format_rate, format_scaled, parse_rate_ppb, parse_scaled
from trading.core.instruments import RiskParameters
from trading.core.terms import MAXIMUM_BAND_PPB, PPB

MARK_METHODS: Final = {"index_and_basis": 1, "index_only": 2, "median_of_three": 3}
MARK_WORDS: Final = {code: word for word, code in MARK_METHODS.items()}

SECOND_NS: Final = 10**9
DAY_NS: Final = 86_400 * SECOND_NS
LONGEST_HALT_NS: Final = 7 * DAY_NS
FUND_BOUND: Final = 2**62

_UNITS_NS: Final = {"d": DAY_NS, "h": 3600 * SECOND_NS, "min": 60 * SECOND_NS, "s": SECOND_NS, "ms": 10**6}
_DURATION: Final = re.compile(r"(0|[1-9][0-9]{0,8})(d|h|min|s|ms)")


class RiskText(NamedTuple):
    """`RiskParameters` without the units in its names, in the same order and with the same defaults."""

    mark_method: str = "index_and_basis"
    basis_clamp: str = "0.005"
    basis_average: str = "30s"
    mark_staleness: str = "1min"
    funding_interval: str = "8h"
    funding_interest: str = "0.0001"
    funding_clamp: str = "0.0005"
    funding_cap: str = "0.02"
    impact_notional: str = "20000"
    volatility_move: str = "0"
    volatility_window: str = "0s"
    volatility_halt: str = "5min"
    volatility_cancel_only: str = "1min"
    maximum_band: str = "0"
    liquidation_share: str = "0"
    liquidation_buffer: str = "0.1"
    liquidation_fee: str = "0.005"
    liquidation_band: str = "0.05"
    fund_limit: str = "10000000"
    fund_margin: str = "0.01"


def parse_risk(text: RiskText, *, money: Step) -> RiskParameters:
    """Refuses with invalid_parameter, naming the field, what is malformed or what the engine's rules call invalid."""
    numbers = (
        _parse(field, name, value, money)
        for field, name, value in zip(RiskParameters._fields, RiskText._fields, text, strict=True)
    )
    risk = RiskParameters(*numbers)
    _check(risk)
    return risk


def format_risk(risk: RiskParameters, *, money: Step) -> RiskText:
    return RiskText(*(_format(field, number, money) for field, number in zip(risk._fields, risk, strict=True)))


def parse_duration_ns(text: str, *, field: str) -> int:
    """ "15s", "5min", "8h", "1d", "250ms": a whole number and its unit. Refuses all else: invalid_parameter."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise _refusal(field, 'must be a time such as "15s", "5min" or "8h"')
    return int(match[1]) * _UNITS_NS[match[2]]


def format_duration(time_ns: int) -> str:
    """In the largest unit that leaves no rest; whole milliseconds."""
    for unit, unit_ns in _UNITS_NS.items():
        if time_ns and time_ns % unit_ns == 0:
            return f"{time_ns // unit_ns}{unit}"
    return f"{time_ns // 10**6}ms" if time_ns else "0s"


def _parse(field: str, name: str, text: str, money: Step) -> int:
    if field == "mark_method":
        _require(text in MARK_METHODS, name, f"must be one of {', '.join(MARK_METHODS)}")
        return MARK_METHODS[text]
    if field.endswith("_ns"):
        return parse_duration_ns(text, field=name)
    if field.endswith("_units"):
        return parse_scaled(text, step=money, field=name)
    return parse_rate_ppb(text, field=name)


def _format(field: str, number: int, money: Step) -> str:
    if field == "mark_method":
        return MARK_WORDS[number]
    if field.endswith("_ns"):
        return format_duration(number)
    return format_scaled(number, money) if field.endswith("_units") else format_rate(number)


def _check(risk: RiskParameters) -> None:
    for name in (
        "basis_clamp",
        "funding_cap",
        "volatility_move",
        "liquidation_share",
        "liquidation_fee",
        "liquidation_band",
        "fund_margin",
    ):
        _require(getattr(risk, f"{name}_ppb") <= PPB, name, "must be at most 1")
    _require(risk.liquidation_band_ppb > 0, "liquidation_band", "must be above 0")
    _require(risk.maximum_band_ppb <= MAXIMUM_BAND_PPB, "maximum_band", "must be at most 100")
    _require(risk.funding_interval_ns >= SECOND_NS, "funding_interval", "must be at least a second")
    _require(risk.impact_notional_units >= 1, "impact_notional", "must be above 0")
    _require(risk.volatility_window_ns <= DAY_NS, "volatility_window", "must be at most a day")
    for name in ("volatility_halt", "volatility_cancel_only"):
        fits = SECOND_NS <= getattr(risk, f"{name}_ns") <= LONGEST_HALT_NS
        _require(fits, name, "must be at least a second and at most 7 days")
    _require(risk.fund_limit_units < FUND_BOUND, "fund_limit", "is too large")


def _require(holds: bool, field: str, reason: str) -> None:
    if not holds:
        raise _refusal(field, reason)


def _refusal(field: str, reason: str) -> ApiError:
    return ApiError("invalid_parameter", f"{field} {reason}.", {"field": field})
