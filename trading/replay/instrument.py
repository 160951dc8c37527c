"""The replay's own instrument: wide enough in every limit to admit whatever level a real market shows."""

from typing import Final

from trading.core.instruments import InstrumentParameters, InstrumentTerms
from trading.core.listing import BracketText, ParametersText, TermsText, parse_parameters, parse_terms

TERMS_TEXT: Final = TermsText(
    instrument_id=1001,
    symbol="BTC-REPLAY",
    underlying="BTC",
    settlement_asset="USDT",
    tick="0.1",
    lot="0.001",
    multiplier="1",
)
PARAMETERS_TEXT: Final = ParametersText(
    maker_fee="0.0002",
    taker_fee="0.0005",
    price_band="100",
    protection="0.05",
    minimum_notional="0",
    maximum_price="1000000",
    maximum_order_quantity="10000",
    position_limit="1000000000000",
    maximum_open_orders=200,
    default_leverage=1000,
    brackets=(BracketText(floor="0", initial_rate="0.001", maintenance_rate="0.0005"),),
)
TERMS: Final[InstrumentTerms] = parse_terms(TERMS_TEXT)
PARAMETERS: Final[InstrumentParameters] = parse_parameters(PARAMETERS_TEXT, terms=TERMS, version=1)
INSTRUMENT_ID: Final = TERMS.instrument_id
