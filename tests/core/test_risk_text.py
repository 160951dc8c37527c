"""Risk parameters as operators write them: parsed exactly, written back the same, or refused by name."""

import pytest

from exchange.contract.errors import ApiError
from risk.core import mark_price
from trading.core.instruments import RiskParameters
from trading.core.risk_text import MARK_METHODS, RiskText, format_duration, format_risk, parse_duration_ns, parse_risk

MONEY = (1, -6)


def test_the_defaults_are_those_of_the_engine():
    assert parse_risk(RiskText(), money=MONEY) == RiskParameters()
    assert format_risk(RiskParameters(), money=MONEY) == RiskText()
    assert MARK_METHODS == mark_price.MARK_METHODS


def test_what_is_written_is_read_back():
    text = RiskText(
        mark_method="median_of_three",
        mark_staleness="0s",
        basis_average="250ms",
        funding_interval="90min",
        volatility_window="1d",
        impact_notional="0.000001",
        liquidation_share="0.2",
    )
    risk = parse_risk(text, money=MONEY)
    assert (risk.mark_method, risk.mark_staleness_ns, risk.basis_average_ns) == (3, 0, 250_000_000)
    assert (risk.funding_interval_ns, risk.volatility_window_ns) == (5_400 * 10**9, 86_400 * 10**9)
    assert (risk.impact_notional_units, risk.liquidation_share_ppb) == (1, 200_000_000)
    assert format_risk(risk, money=MONEY) == text


@pytest.mark.parametrize(("text", "canonical"), [("120s", "2min"), ("24h", "1d"), ("1000ms", "1s"), ("0h", "0s")])
def test_times_are_written_in_their_largest_unit(text, canonical):
    assert format_duration(parse_duration_ns(text, field="time")) == canonical


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("mark_method", "guess"),
        ("basis_clamp", "1.1"),
        ("basis_clamp", "-0.1"),
        ("basis_average", "30"),
        ("mark_staleness", "-1s"),
        ("mark_staleness", "1.5s"),
        ("funding_interval", "999ms"),
        ("funding_cap", "1.000000001"),
        ("impact_notional", "0"),
        ("volatility_move", "2"),
        ("volatility_window", "25h"),
        ("volatility_halt", "0s"),
        ("volatility_cancel_only", "8d"),
        ("maximum_band", "101"),
        ("liquidation_share", "1.5"),
        ("liquidation_fee", "x"),
        ("liquidation_band", "0"),
        ("fund_limit", "5000000000000"),
        ("fund_margin", "3"),
    ],
)
def test_risk_parameters_that_are_refused(field, text):
    with pytest.raises(ApiError, match="invalid_parameter") as refusal:
        parse_risk(RiskText()._replace(**{field: text}), money=MONEY)
    assert refusal.value.details == {"field": field}
