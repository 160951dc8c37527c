"""Reads of the wallets."""

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from wallets.core import ledger
from wallets.models import LedgerAccount


def funding_units(*, account_id: int, asset: str) -> int:
    """What the owner of this trading account keeps in the wallets."""
    return balance_units(kind=ledger.FUNDING, asset=asset, owner_id=account_id)


def balance_units(*, kind: str, asset: str, owner_id: int = 0) -> int:
    """The balance of one ledger account; 0 for one that never had a posting."""
    accounts = LedgerAccount.objects.filter(kind=kind, asset=asset, owner_id=owner_id or None)
    return accounts.values_list("balance_units", flat=True).first() or 0


def faults() -> list[str]:
    """Sentences on whatever breaks the ledger's invariants; empty when all hold (I1, I2)."""
    totals = LedgerAccount.objects.values("asset").annotate(total=Sum("balance_units")).exclude(total=0)
    drifted = LedgerAccount.objects.annotate(posted=Coalesce(Sum("postings__amount_units"), 0)).exclude(
        posted=F("balance_units")
    )
    return [f"All balances of {row['asset']} sum to {row['total']}, not to zero." for row in totals] + [
        f"{account} has a balance of {account.balance_units}, its postings sum to {account.posted}."
        for account in drifted
    ]
