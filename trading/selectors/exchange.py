"""Whose word the state of the whole exchange is."""

from typing import Final, NamedTuple

from compliance.models import AuditEntry
from trading.core.terms import INSTRUMENT_NORMAL, INSTRUMENT_STATES
from trading.models import ExchangeState
from trading.models.journal import DOMAIN

ACTION: Final = "exchange.state"
TARGET: Final = "exchange"
NOBODY: Final = "nobody"
ITSELF: Final = "the exchange itself"


class ExchangeStanding(NamedTuple):
    """`since_ns` is 0, and nobody holds it, while it was never changed through the audit trail.

    `is_undecided`: somebody's command for it is under way.
    """

    state: int
    since_ns: int
    held_by: str
    is_automatic: bool
    reason: str
    is_undecided: bool


def exchange_standing() -> ExchangeStanding:
    """From the audit trail, also while the readers are behind it."""
    entries = AuditEntry.objects.filter(action=ACTION, target=TARGET)
    is_undecided = entries.filter(outcome=AuditEntry.Outcome.PENDING).exists()
    row = ExchangeState.objects.filter(domain=DOMAIN).first()
    accepted = entries.filter(outcome=AuditEntry.Outcome.ACCEPTED).select_related("actor")
    entry = accepted.order_by("-sequence").first()
    if entry is None or (row is not None and row.sequence > entry.sequence):
        state = INSTRUMENT_NORMAL if row is None else row.state
        return ExchangeStanding(state, 0, NOBODY, False, "", is_undecided)
    return ExchangeStanding(
        state=INSTRUMENT_STATES[entry.after["state"]],
        since_ns=int(entry.finished_at.timestamp() * 10**6) * 1000,
        held_by=ITSELF if entry.actor is None else str(entry.actor),
        is_automatic=entry.actor is None,
        reason=entry.reason,
        is_undecided=is_undecided,
    )
