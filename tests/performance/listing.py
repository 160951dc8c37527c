"""The two perpetuals of the standard workload."""

from typing import Final

from trading.core.instruments import Bracket, InstrumentParameters, InstrumentTerms

INSTRUMENTS: Final = ((1, "BTC-PERP", "BTC"), (2, "ETH-PERP", "ETH"))
PARAMETERS: Final = InstrumentParameters(
    version=1,
    maker_fee_ppb=200_000,
    taker_fee_ppb=500_000,
    price_band_ppb=50_000_000,
    protection_ppb=20_000_000,
    minimum_notional_units=5_000_000,
    maximum_price_ticks=100_000_000,
    maximum_order_lots=100_000,
    position_limit_units=10**17,
    maximum_open_orders=10_000_000,
    default_leverage=10,
    brackets=(
        Bracket(0, 10_000_000, 0, 5_000_000, 0),
        Bracket(50_000_000_000, 20_000_000, 500_000_000, 10_000_000, 250_000_000),
        Bracket(500_000_000_000, 50_000_000, 15_500_000_000, 25_000_000, 7_750_000_000),
    ),
)


def perpetual(instrument_id: int, symbol: str, underlying: str) -> InstrumentTerms:
    return InstrumentTerms(instrument_id, symbol, "perpetual", underlying, "USDT", "0.1", "0.001", "1", value_units=100)
