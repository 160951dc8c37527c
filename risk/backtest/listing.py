"""The instruments of a backtest: linear perpetuals with the margin table of a large venue.

Brackets: Binance's BTCUSDT table of 2021-03-18 (50k 0.4 %, 250k 0.5 %, 1M 1 %, 10M 2.5 %, 20M 5 %, then 10 %), with
the leverage that belongs to each (125, 100, 50, 20, 10, 5). Both underlyings use it.
"""

from typing import Final, NamedTuple

from trading.core.instruments import InstrumentParameters, InstrumentTerms
from trading.core.listing import BracketText, ParametersText, TermsText, parse_parameters, parse_terms
from trading.core.risk_text import RiskText

STEPS: Final = {"BTC": ("0.1", "0.001"), "ETH": ("0.01", "0.01")}  # tick and lot
BRACKETS: Final = (
    BracketText("0", "0.008", "0.004"),
    BracketText("50000", "0.01", "0.005"),
    BracketText("250000", "0.02", "0.01"),
    BracketText("1000000", "0.05", "0.025"),
    BracketText("10000000", "0.1", "0.05"),
    BracketText("20000000", "0.2", "0.1"),
)


class Listing(NamedTuple):
    """What the engine's ListInstrument takes."""

    terms: InstrumentTerms
    parameters: InstrumentParameters


def listing_of(underlying: str, *, instrument_id: int, risk: RiskText) -> Listing:
    """Raises ValueError for an underlying without steps."""
    if underlying not in STEPS:
        raise ValueError(f"the underlyings are {', '.join(STEPS)}")
    tick, lot = STEPS[underlying]
    terms = parse_terms(
        TermsText(
            instrument_id=instrument_id,
            symbol=f"{underlying}-PERP",
            underlying=underlying,
            settlement_asset="USDT",
            tick=tick,
            lot=lot,
            multiplier="1",
        )
    )
    text = ParametersText(
        maker_fee="0.0002",
        taker_fee="0.0005",
        price_band="1",
        protection="0.05",
        minimum_notional="5",
        maximum_price="10000000",
        maximum_order_quantity="10000",
        position_limit="1000000000",
        maximum_open_orders=200,
        default_leverage=5,
        brackets=BRACKETS,
        risk=risk,
    )
    return Listing(terms, parse_parameters(text, terms=terms, version=1))
