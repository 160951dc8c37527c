"""The insurance fund: the trading account -1, whose money and positions anybody may see."""

from collections.abc import Sequence

import msgspec

from trading.core.terms import INSURANCE_FUND, SETTLEMENT_ASSET
from trading.models.ledger import collateral_account
from trading.selectors.accounts import PositionLine, balance_units, positions
from trading.selectors.instruments import list_instruments


class FundHoldings(msgspec.Struct, frozen=True):
    """The fund's money, what it holds (nothing flat), and the mark of each instrument in ticks by id."""

    balance_units: int
    positions: Sequence[PositionLine]
    marks: dict[int, int]


def fund_holdings() -> FundHoldings:
    return FundHoldings(
        balance_units(ledger_account=collateral_account(INSURANCE_FUND), asset=SETTLEMENT_ASSET),
        [row for row in positions(account_id=INSURANCE_FUND) if row.lots],
        {view.terms.instrument_id: view.mark_price_ticks for view in list_instruments()},
    )
