"""The audit trail: who gave which command, why, and what became of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.rights import DESCRIPTIONS, codename


class AuditEntry(models.Model):
    """Written before its command is sent, or in the transaction of what it changes; finished once.

    A trigger refuses to delete an entry, to change what was intended, and to change one that is finished.
    """

    class Outcome(models.TextChoices):
        PENDING = "pending"  # sent, or about to be; what became of it is not known yet
        ACCEPTED = "accepted"
        REFUSED = "refused"
        VOID = "void"  # never reached the engine in time, and never will

    started_at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: the exchange itself.",
    )
    address = models.GenericIPAddressField(null=True, help_text="Where the request came from.")
    request_id = models.CharField(max_length=64, blank=True, help_text="As in the logs; empty: not from a request.")
    action = models.CharField(max_length=40)
    target = models.CharField(max_length=80)
    before = models.JSONField(help_text="What the action changes, as it was known when the command was given.")
    after = models.JSONField(help_text="The same as the command wants it.")
    reason = models.CharField(max_length=400)
    command_id = models.CharField(max_length=32, blank=True, help_text="Of the engine's command, hex; empty: none.")
    journal_sequence = models.BigIntegerField(null=True, help_text="The end of the journal before the command.")
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.PENDING)
    code = models.CharField(max_length=40, blank=True, help_text="Why it was not accepted.")
    sequence = models.BigIntegerField(null=True, help_text="The engine's record of it, once accepted.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        permissions = [(codename(right), text) for right, text in DESCRIPTIONS.items()]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=("pending", "accepted", "refused", "void")), name="audit_outcome_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="audit_reason_is_given"),
            models.CheckConstraint(
                condition=Q(outcome="pending", finished_at=None) | ~Q(outcome="pending") & Q(finished_at__isnull=False),
                name="audit_finished_iff_decided",
            ),
            models.CheckConstraint(
                condition=Q(command_id="", journal_sequence=None)
                | ~Q(command_id="") & Q(journal_sequence__isnull=False),
                name="audit_journal_iff_command",
            ),
            models.CheckConstraint(
                condition=Q(outcome="accepted", sequence__isnull=False) & ~Q(command_id="")
                | Q(outcome="accepted", command_id="", sequence=None)
                | ~Q(outcome="accepted") & Q(sequence=None),
                name="audit_sequence_iff_engine_accepted",
            ),
            models.UniqueConstraint(fields=["command_id"], condition=~Q(command_id=""), name="audit_command_once"),
        ]
        indexes = [
            models.Index(fields=["target", "id"], name="audit_by_target"),
            models.Index(fields=["id"], condition=Q(outcome="pending"), name="audit_pending"),
        ]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} of {self.target}, {self.outcome}"
