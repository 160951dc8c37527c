"""What the engine is asked to do exactly once: rows written before the command is sent and settled after it."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class EngineRequest(models.Model):
    """One command, which may be sent several times and is executed at most once. `trading.services.requests` keeps it.

    The command's id follows from the row's, so that every copy has the same one.
    """

    class State(models.TextChoices):
        PENDING = "pending"  # sent, or about to be; what became of it is not known here yet
        ACCEPTED = "accepted"
        REFUSED = "refused"
        VOID = "void"  # never reached the engine in time, and never will

    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    code = models.CharField(max_length=40, blank=True, help_text="Why it was refused.")
    sequence = models.BigIntegerField(null=True, help_text="The engine's record of it, once accepted.")
    attempts = models.IntegerField(default=1, help_text="Whoever sends a copy first raises this, and sends only then.")
    final_at_ns = models.BigIntegerField(
        help_text="After this time the engine executes none of the copies sent so far."
    )
    proven_until_ns = models.BigIntegerField(help_text="The engine had not executed it before this time.")
    proven_sequence = models.BigIntegerField(help_text="No record up to this one is about it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=("pending", "accepted", "refused", "void")), name="%(class)s_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="accepted", sequence__isnull=False) | Q(~Q(state="accepted"), sequence=None),
                name="%(class)s_sequence_iff_accepted",
            ),
        ]


LIVE = Q(state__in=("pending", "accepted"))


class Transfer(EngineRequest):
    """Money on its way between a funding wallet and margin collateral: `amount_units` > 0 into collateral.

    Without an account: between the exchange's own money and the insurance fund.
    """

    account = models.ForeignKey("identity.Account", null=True, on_delete=models.PROTECT, related_name="transfers")
    asset = models.CharField(max_length=12)
    amount_units = models.BigIntegerField()
    idempotency_key = models.CharField(max_length=64)

    class Meta(EngineRequest.Meta):
        constraints = [
            *EngineRequest.Meta.constraints,
            models.UniqueConstraint(
                fields=["account", "idempotency_key"],
                condition=~Q(state="void"),
                nulls_distinct=False,
                name="transfer_key_once_per_account",
            ),
            models.CheckConstraint(condition=~Q(amount_units=0), name="transfer_amount_not_zero"),
            models.CheckConstraint(condition=~Q(idempotency_key=""), name="transfer_key_is_given"),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(state="pending"), name="transfer_pending")]

    def __str__(self) -> str:
        return f"transfer {self.id} of {self.amount_units} {self.asset}, {self.state}"


class InstrumentRequest(EngineRequest):
    """An operator's wish for an instrument. `content` says it in the words of `trading.services.listings`."""

    class Kind(models.TextChoices):
        LISTING = "listing"
        PARAMETERS = "parameters"
        STATE = "state"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    symbol = models.CharField(max_length=40)
    instrument_id = models.BigIntegerField()
    version = models.IntegerField(null=True, help_text="Of the parameters it brings.")
    content = models.JSONField()
    effective_at = models.DateTimeField(null=True, help_text="Empty: at once.")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta(EngineRequest.Meta):
        constraints = [
            *EngineRequest.Meta.constraints,
            models.UniqueConstraint(
                fields=["symbol", "version"],
                condition=LIVE & Q(version__isnull=False),
                name="instrument_request_version_once",
            ),
            models.UniqueConstraint(
                fields=["instrument_id"], condition=LIVE & Q(kind="listing"), name="instrument_request_listed_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="state", version=None) | Q(kind__in=("listing", "parameters"), version__gte=1),
                name="instrument_request_version_iff_parameters",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.symbol}, {self.state}"
