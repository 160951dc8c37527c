"""The instruments the exchange opens with."""

from typing import Final

from trading.core.listing import BracketText, ParametersText, TermsText
from trading.core.risk_text import RiskText

# Leverage up to 125, 100, 50, 20 and 10; a bracket's initial rate is twice its maintenance rate.
BRACKETS: Final = (
    #            from USDT  initial  maintenance
    BracketText("0", "0.008", "0.004"),
    BracketText("50000", "0.010", "0.005"),
    BracketText("250000", "0.020", "0.010"),
    BracketText("1000000", "0.050", "0.025"),
    BracketText("10000000", "0.100", "0.050"),
)

_PARAMETERS: Final = ParametersText(
    maker_fee="0.0002",
    taker_fee="0.0005",
    price_band="0.05",
    protection="0.02",
    minimum_notional="5",
    maximum_price="10000000",
    maximum_order_quantity="1000",
    position_limit="20000000",
    maximum_open_orders=200,
    default_leverage=10,
    brackets=BRACKETS,
    risk=RiskText(
        mark_staleness="15s",
        volatility_move="0.1",
        volatility_window="5min",
        maximum_band="0.1",
    ),
)

FIRST_LISTING: Final = (
    (TermsText(1, "BTC-PERP", "BTC", "USDT", tick="0.1", lot="0.001", multiplier="1"), _PARAMETERS),
    (
        TermsText(2, "ETH-PERP", "ETH", "USDT", tick="0.01", lot="0.01", multiplier="1"),
        _PARAMETERS._replace(maximum_price="1000000", maximum_order_quantity="10000"),
    ),
)
