"""Who lives in the demo world, and with how much money; what the insurance fund has, how often funding is paid."""

from typing import Final, NamedTuple


class Resident(NamedTuple):
    """Amounts in USDT: `margin` is moved to collateral, `savings` stay in the funding wallet.

    `maximum_open_orders` 0: the instrument's own limit. Those who `sign_in` have a password and an API key.
    """

    name: str
    margin: int
    savings: int = 0
    maximum_open_orders: int = 0
    sign_in: bool = False

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"


VISITORS: Final = (
    Resident("alice", margin=100_000, savings=50_000, sign_in=True),
    Resident("bob", margin=100_000, savings=50_000, sign_in=True),
)
MAKERS: Final = (
    Resident("maker-1", margin=5_000_000, maximum_open_orders=1_000),
    Resident("maker-2", margin=5_000_000, maximum_open_orders=1_000),
)
TAKERS: Final = (
    Resident("taker-1", margin=1_000_000),
    Resident("taker-2", margin=1_000_000),
    Resident("taker-3", margin=1_000_000),
)
RESIDENTS: Final = VISITORS + MAKERS + TAKERS
ACCOUNT_NAME: Final = "main"
INSURANCE_FUND: Final = 250_000  # USDT
FUNDING_INTERVAL: Final = "1h"
