"""Ledger accounts and their balances."""

from django.db import models
from django.db.models import Q

from wallets.core import ledger


class LedgerAccount(models.Model):
    """`balance_units` is the sum of the account's postings; only `wallets.services.ledger` changes it."""

    kind = models.CharField(max_length=16)
    asset = models.CharField(max_length=12)
    owner = models.ForeignKey("identity.Account", null=True, on_delete=models.PROTECT, related_name="ledger_accounts")
    balance_units = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "kind", "asset"], nulls_distinct=False, name="ledger_account_is_one"
            ),
            models.CheckConstraint(condition=Q(kind__in=ledger.KINDS), name="ledger_account_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=ledger.FUNDING, owner__isnull=False) | Q(~Q(kind=ledger.FUNDING), owner__isnull=True),
                name="ledger_account_owner_iff_funding",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=ledger.NEVER_NEGATIVE) | Q(balance_units__gte=0),
                name="ledger_account_not_overdrawn",
            ),
            models.CheckConstraint(condition=~Q(asset=""), name="ledger_account_asset_is_given"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.owner_id or ''}:{self.asset}"
