"""Transfers between a user's own accounts: rows written before the first step, finished after the last."""

from django.db import models
from django.db.models import F, Q


class AccountTransfer(models.Model):
    """`amount_units` from the margin collateral or wallet of `source` to that of `target`.

    `trading.services.account_transfers` carries it out; its steps have keys that follow from the row's id.
    """

    class State(models.TextChoices):
        PENDING = "pending", "on its way"
        DONE = "done", "done"
        REFUSED = "refused", "refused"
        VOID = "void", "not done"  # the engine was busy or away: nothing has moved, and the key is free again

    source = models.ForeignKey("identity.Account", on_delete=models.PROTECT, related_name="+")
    source_is_margin = models.BooleanField()
    target = models.ForeignKey("identity.Account", on_delete=models.PROTECT, related_name="+")
    target_is_margin = models.BooleanField()
    asset = models.CharField(max_length=12)
    amount_units = models.BigIntegerField()
    idempotency_key = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    code = models.CharField(max_length=40, blank=True, help_text="Why it was refused.")
    reached = models.ForeignKey(
        "identity.Account",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="In whose wallet the money is, when a later step than the first was refused.",
    )
    held_until = models.DateTimeField(help_text="Until then one process works on it, and no other touches it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "idempotency_key"],
                condition=~Q(state="void"),
                name="account_transfer_key_once_per_source",
            ),
            models.CheckConstraint(condition=Q(amount_units__gt=0), name="account_transfer_amount_above_zero"),
            models.CheckConstraint(
                condition=~Q(source=F("target")) | ~Q(source_is_margin=F("target_is_margin")),
                name="account_transfer_goes_elsewhere",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("pending", "done", "refused", "void")), name="account_transfer_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("refused", "void")) & ~Q(code="")
                | ~Q(state__in=("refused", "void")) & Q(code=""),
                name="account_transfer_code_iff_refused",
            ),
            models.CheckConstraint(
                condition=Q(reached=None) | Q(state="refused"), name="account_transfer_reached_only_if_refused"
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(state="pending"), name="account_transfer_pending")]

    def __str__(self) -> str:
        return f"account transfer {self.id} of {self.amount_units} {self.asset}, {self.state}"
