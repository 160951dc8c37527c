"""Whose streams there are."""

from typing import Final

MARKET: Final = "market"
ACCOUNT: Final = "account"
EXCHANGE: Final = "exchange"
