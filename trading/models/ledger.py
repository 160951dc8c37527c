"""The engine's money in double entry: `collateral:<account>` (that of account -1 is the insurance fund), `fees`,
`funding`, `wallets`, `position_cost:<instrument>`.
"""

from typing import Final

from django.db import models

FEES: Final = "fees"
FUNDING_POOL: Final = "funding"
WALLETS: Final = "wallets"


def collateral_account(account_id: int) -> str:
    """The ledger account of a trading account's collateral."""
    return f"collateral:{account_id}"


def collateral_owner(ledger_account: str) -> int:
    """The trading account whose collateral this is, 0 if it is none's."""
    kind, _, account_id = ledger_account.partition(":")
    return int(account_id) if kind == "collateral" else 0


def position_cost_account(instrument_id: int) -> str:
    """The ledger account of what all positions in the instrument cost, with the sign turned round."""
    return f"position_cost:{instrument_id}"


class Posting(models.Model):
    """One line of an entry. The lines of an entry sum to zero per asset: a trigger refuses all else.

    Ids count from 1 in the order of the journal. `balance_units` is the ledger account's balance after this line,
    `reference_id` the trade, transfer or liquidation that caused it, of funding the instrument.
    """

    class Kind(models.TextChoices):
        TRADE_FEE = "trade_fee"
        REALISED_PNL = "realised_pnl"
        TRANSFER = "transfer"
        FUNDING = "funding"
        LIQUIDATION_FEE = "liquidation_fee"
        DEFICIT_COVERED = "deficit_covered"
        LIQUIDATION = "liquidation"
        DELEVERAGING = "deleveraging"

    posting_id = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    ledger_account = models.CharField(max_length=40)
    asset = models.CharField(max_length=16)
    amount_units = models.BigIntegerField()
    balance_units = models.BigIntegerField()
    reference_id = models.BigIntegerField()
    time_ns = models.BigIntegerField()
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(amount_units=0), name="posting_moves_money")]
        indexes = [models.Index(fields=["ledger_account", "posting_id"], name="posting_by_ledger_account")]

    def __str__(self) -> str:
        return f"{self.kind} {self.ledger_account} {self.amount_units} {self.asset}"


class Balance(models.Model):
    """The sum of a ledger account's postings in one asset."""

    pk = models.CompositePrimaryKey("ledger_account", "asset")
    ledger_account = models.CharField(max_length=40)
    asset = models.CharField(max_length=16)
    balance_units = models.BigIntegerField()
    sequence = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.ledger_account} {self.balance_units} {self.asset}"
