"""The live venues the exchange knows: public market data only, no keys, ever. All through ccxt."""

from typing import Any, Final, NamedTuple

SPOT_ONLY: Final[dict[str, Any]] = {"fetchMarkets": {"types": ["spot"]}}


class Venue(NamedTuple):
    """`ccxt_name` is its class there. Its books in `currency` are read every `every_s` seconds at most; `is_batched`
    where one request gives all of them and not those of every other asset too."""

    ccxt_name: str
    currency: str
    every_s: float
    is_batched: bool = False
    options: dict[str, Any] = {}


VENUES: Final = {
    "binance": Venue("binance", "USDT", 1.0, options=SPOT_ONLY),
    "bitstamp": Venue("bitstamp", "USD", 1.0),
    "coinbase": Venue("coinbaseexchange", "USD", 1.0),
    "kraken": Venue("kraken", "USD", 2.0, is_batched=True),
    "okx": Venue("okx", "USDT", 1.0, options=SPOT_ONLY),
}
