"""Writing the audit trail: the intent first, what became of it after."""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from compliance.models import AuditEntry
from exchange.contract.errors import ApiError
from exchange.identity.models import User

MAXIMUM_REASON = AuditEntry._meta.get_field("reason").max_length

logger = logging.getLogger(__name__)


class Mandate(NamedTuple):
    """Who wants something (None: the exchange itself), why, from which address, and by which request of the logs."""

    actor: User | None
    reason: str
    address: str | None = None
    request_id: str = ""


class Intent(NamedTuple):
    """What is wanted: `before` and `after` are what the action changes, as JSON."""

    action: str
    target: str
    before: dict[str, Any]
    after: dict[str, Any]


def begin(
    *, mandate: Mandate, intent: Intent, command_id: bytes = b"", journal_sequence: int | None = None
) -> AuditEntry:
    """Writes the intent. Call it in the transaction that makes the command be sent, or commit before sending.

    `command_id` and the end of the journal are those of an engine's command. Refuses a missing or too long reason with
    invalid_parameter.
    """
    entry = AuditEntry.objects.create(
        actor=mandate.actor,
        address=mandate.address,
        request_id=mandate.request_id,
        reason=checked_reason(mandate.reason),
        command_id=command_id.hex(),
        journal_sequence=journal_sequence,
        **intent._asdict(),
    )
    _log(entry)
    return entry


def finish(*, entry: AuditEntry, outcome: str, code: str = "", sequence: int | None = None) -> None:
    """Writes what became of it: `outcome` is one of AuditEntry.Outcome but pending. The first decision stays."""
    fields = {"outcome": outcome, "code": code, "sequence": sequence, "finished_at": timezone.now()}
    if AuditEntry.objects.filter(id=entry.id, outcome=AuditEntry.Outcome.PENDING).update(**fields):
        for name, value in fields.items():
            setattr(entry, name, value)
        _log(entry)


def finish_command(*, command_id: bytes, outcome: str, code: str, sequence: int | None) -> None:
    """As `finish`, of the entry with this engine's command; nothing when no operator gave it."""
    for entry in AuditEntry.objects.filter(command_id=command_id.hex()):
        finish(entry=entry, outcome=outcome, code=code, sequence=sequence)


def carry_out(*, mandate: Mandate, intent: Intent, change: Callable[[], object]) -> AuditEntry:
    """A change of our own rows and its finished entry, in one transaction. What `change` refuses is written as well."""
    checked_reason(mandate.reason)
    try:
        with transaction.atomic():
            entry = begin(mandate=mandate, intent=intent)
            change()
            finish(entry=entry, outcome=AuditEntry.Outcome.ACCEPTED)
            return entry
    except ApiError as error:
        refused = begin(mandate=mandate, intent=intent)
        finish(entry=refused, outcome=AuditEntry.Outcome.REFUSED, code=error.code)
        raise


def checked_reason(reason: str) -> str:
    stripped = reason.strip()
    if not 0 < len(stripped) <= MAXIMUM_REASON:
        message = f"Give a reason, in at most {MAXIMUM_REASON} characters."
        raise ApiError("invalid_parameter", message, {"field": "reason"})
    return stripped


def _log(entry: AuditEntry) -> None:
    facts = {"audit_entry": entry.id, "actor": entry.actor_id, "code": entry.code, "sequence": entry.sequence}
    said = {name: value for name, value in facts.items() if value not in ("", None)}
    logger.info("%s of %s: %s", entry.action, entry.target, entry.outcome, extra=said)
