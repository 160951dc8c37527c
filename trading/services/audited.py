"""A command of an operator that may be given again without harm: its audit entry first, the command, what became of
it. Instruments have rows of their own, see `listings`."""

from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Final

from django.db import transaction
from django.db.models import Q

from compliance.models import AuditEntry
from compliance.services import audit
from compliance.services.audit import Intent, Mandate
from exchange.contract.errors import ApiError
from trading.engine.commands import ExternalCommand
from trading.models.journal import journal_head
from trading.services import gateway, requests
from trading.services.requests import NOTHING_DONE, UNKNOWN, Decision, State

ACTIONS: Final = ("account.", "exchange.")  # what actions begin with whose entries are finished here
FINAL_AFTER: Final = timedelta(
    microseconds=(requests.VALID_NS + gateway.FINAL_AFTER_NS + requests.CLOCKS_NS) // 1000
)  # no copy of the command will be executed and the journal tells what was
FINISH_LIMIT: Final = 50


def submit(command: ExternalCommand, *, mandate: Mandate, intent: Intent) -> int:
    """Gives the command; its intent's action begins with one of ACTIONS. The sequence. Raises as the gateway."""
    with transaction.atomic(durable=True):
        entry = audit.begin(
            mandate=mandate, intent=intent, command_id=command.command_id, journal_sequence=journal_head()
        )
    try:
        outcome = gateway.submit(command)
    except ApiError as error:
        if error.code != UNKNOWN:
            is_void = error.code in NOTHING_DONE or error.code == "expired_in_transit"
            audit.finish(entry=entry, outcome=State.VOID if is_void else State.REFUSED, code=error.code)
        raise
    audit.finish(entry=entry, outcome=State.ACCEPTED, sequence=outcome.sequence)
    return outcome.sequence


def finish_entries(*, now: datetime) -> int:
    """Finds out in the journal what crashes and lost answers left pending; returns how many. Safe at any time."""
    pending = AuditEntry.objects.filter(
        reduce(or_, (Q(action__startswith=action) for action in ACTIONS)),
        outcome=AuditEntry.Outcome.PENDING,
        started_at__lt=now - FINAL_AFTER,
    )
    entries = list(pending.order_by("id")[:FINISH_LIMIT])
    for entry in entries:
        decision = _decision_on(entry)
        audit.finish(entry=entry, outcome=decision.state, code=decision.code, sequence=decision.sequence)
    return len(entries)


def _decision_on(entry: AuditEntry) -> Decision:
    until_ns = int((entry.started_at + FINAL_AFTER).timestamp() * 10**9)
    found = requests.find_decision(
        command_id=bytes.fromhex(entry.command_id), after_sequence=entry.journal_sequence or 0, until_ns=until_ns
    )
    return found or Decision(State.VOID, "expired_in_transit")
