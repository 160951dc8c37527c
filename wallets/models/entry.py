"""Entries and their postings: written once, never changed. Triggers (migration 0002) hold them to it."""

from django.db import models

from wallets.models.ledger_account import LedgerAccount


class Entry(models.Model):
    """One movement of money. Its postings sum to zero in each asset, checked again by the database at COMMIT."""

    idempotency_key = models.CharField(max_length=100, unique=True)
    content_hash = models.BinaryField(max_length=32)
    kind = models.CharField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(idempotency_key=""), name="entry_idempotency_key_is_given"),
            models.CheckConstraint(condition=~models.Q(kind=""), name="entry_kind_is_given"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.idempotency_key}"


class Posting(models.Model):
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="postings")
    amount_units = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "account"], name="posting_account_once_per_entry"),
            models.CheckConstraint(condition=~models.Q(amount_units=0), name="posting_amount_not_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.amount_units:+}"
