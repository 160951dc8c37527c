"""Writing the audit trail: the intent first, what became of it after."""

from typing import Any, NamedTuple

from django.utils import timezone

from compliance.models import AuditEntry
from exchange.contract.errors import ApiError
from exchange.identity.models import User

MAXIMUM_REASON = AuditEntry._meta.get_field("reason").max_length


class Mandate(NamedTuple):
    """Who wants something, why, and by which request of the logs."""

    actor: User
    reason: str
    request_id: str = ""


class Intent(NamedTuple):
    """What is wanted: `before` and `after` are what the action changes, as JSON."""

    action: str
    target: str
    before: dict[str, Any]
    after: dict[str, Any]


def begin(*, mandate: Mandate, intent: Intent) -> AuditEntry:
    """Writes the intent. Call it in the transaction that makes the command be sent, or commit before sending.

    Refuses a missing or too long reason with invalid_parameter.
    """
    reason = mandate.reason.strip()
    if not 0 < len(reason) <= MAXIMUM_REASON:
        raise ApiError("invalid_parameter", f"Give a reason, in at most {MAXIMUM_REASON} characters.", {"field": "reason"})
    return AuditEntry.objects.create(
        actor=mandate.actor, reason=reason, request_id=mandate.request_id, **intent._asdict()
    )


def finish(*, entry_id: int, outcome: str, code: str = "", sequence: int | None = None) -> None:
    """Writes what became of it: `outcome` is one of AuditEntry.Outcome but pending. The first decision stays."""
    AuditEntry.objects.filter(id=entry_id, outcome=AuditEntry.Outcome.PENDING).update(
        outcome=outcome, code=code, sequence=sequence, finished_at=timezone.now()
    )
