"""How a row becomes a command that the engine executes at most once, whatever crashes or gets lost on the way.

The row is written, and its first attempt with it, before anything is sent. Copies carry the same command id and are
valid only until the row's `final_at_ns`. As long as the engine surely remembers command ids (MEMORY_NS after the time
until which non-execution is proven) another copy can do no harm: the engine answers with the first outcome. Later,
nothing is sent before the journal was searched: a barrier command shows that all earlier copies are too late by now,
and the records up to their deadline tell whether one was executed.
"""

import logging
import secrets
import time
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from django.db import transaction
from django.db.models import F

from exchange.contract.digests import COMMAND_ID_BYTES, row_command_id
from exchange.contract.errors import ApiError
from trading.engine.commands import AdvanceTime, Command
from trading.engine.events import CommandRefused, CommandRepeated
from trading.models.journal import journal_head, read_rows
from trading.models.requests import EngineRequest
from trading.services import gateway

VALID_NS: Final = 5 * 10**9
CLOCKS_NS: Final = 2 * 10**9  # how far clocks of machines may differ
MEMORY_NS: Final = 100 * 10**9  # the engine remembers command ids for 120 s; a copy takes at most VALID_NS of the rest
NOTHING_DONE: Final = frozenset({"engine_busy", "engine_unavailable"})
UNKNOWN: Final = "outcome_unknown"

logger = logging.getLogger(__name__)
State = EngineRequest.State
Request = TypeVar("Request", bound=EngineRequest)


class Decision(NamedTuple):
    """What became of a request: `state`, with the code when it was refused, the record when it was accepted."""

    state: str
    code: str = ""
    sequence: int | None = None


UNDECIDED: Final = Decision(State.PENDING, UNKNOWN)


def stamp() -> tuple[bytes, int]:
    """command_id and valid_until_ns of a command that does no harm when it is given again under another id."""
    return secrets.token_bytes(COMMAND_ID_BYTES), gateway.deadline_ns()


def first_attempt() -> dict[str, int]:
    """The fields of a new row, which must be committed before `ask` sends its command."""
    now_ns = time.time_ns()
    return {"final_at_ns": now_ns + VALID_NS, "proven_until_ns": now_ns, "proven_sequence": journal_head()}


def command_id_of(request: EngineRequest) -> bytes:
    return row_command_id(request._meta.db_table, request.id)


def ask(request: EngineRequest, command: Command) -> Decision:
    """Sends the copy that this caller has the right to send, and says what is certain afterwards."""
    try:
        return Decision(State.ACCEPTED, sequence=gateway.submit(command).sequence)
    except ApiError as error:
        code = error.code
    if code in NOTHING_DONE:
        return Decision(State.VOID, code) if request.attempts == 1 else UNDECIDED
    if code == UNKNOWN or time.time_ns() >= request.proven_until_ns + MEMORY_NS:
        return UNDECIDED
    return Decision(State.VOID if code == "expired_in_transit" else State.REFUSED, code)


def ask_again(request: Request, command_of: Callable[[Request], Command]) -> Decision:
    """For a request whose outcome nobody learned: finds it out, or sends another copy when that is safe."""
    now_ns = time.time_ns()
    if now_ns < request.final_at_ns + CLOCKS_NS:
        return UNDECIDED  # another attempt is under way
    proven_sequence = request.proven_sequence
    if now_ns >= request.proven_until_ns + MEMORY_NS:
        try:
            barrier = gateway.submit(AdvanceTime(*stamp()))
        except ApiError:
            return UNDECIDED
        if barrier.time_ns <= request.final_at_ns:
            return UNDECIDED
        found = find_decision(
            command_id=command_id_of(request), after_sequence=request.proven_sequence, until_ns=request.final_at_ns
        )
        if found is not None:
            return found
        proven_sequence = barrier.sequence
    return ask(request, command_of(request)) if _claim(request, now_ns, proven_sequence) else UNDECIDED


def settle(request: Request, decision: Decision, effect: Callable[[Request], None] | None = None) -> Request:
    """Writes the decision, once, with its `effect` in the same transaction; gives the row as it then is."""
    rows = type(request).objects.filter(id=request.id)
    if decision.state != State.PENDING:
        undecided = rows.filter(state=State.PENDING)
        if decision.state == State.VOID:
            undecided = undecided.filter(attempts=request.attempts)
        with transaction.atomic():
            if undecided.update(**decision._asdict()) and effect is not None:
                effect(rows.get())
    return rows.get()


def finish(
    request: Request, command_of: Callable[[Request], Command], effect: Callable[[Request], None] | None = None
) -> bool:
    """`ask_again` and `settle` for a task with more to do: an unexpected error is logged, the row stays pending."""
    try:
        return settle(request, ask_again(request, command_of), effect).state != State.PENDING
    except Exception:
        logger.exception("%s stays pending", request)
        return False


def raise_unless_accepted(request: EngineRequest) -> None:
    """Raises the refusal as ApiError, outcome_unknown while nothing is decided."""
    if request.state == State.PENDING:
        raise ApiError(UNKNOWN, details={"final_at": (request.final_at_ns + gateway.FINAL_AFTER_NS) // 10**6})
    if request.state != State.ACCEPTED:
        raise ApiError(request.code)


def _claim(request: EngineRequest, now_ns: int, proven_sequence: int) -> bool:
    """Takes the right to send one more copy. Of several who try at once, one succeeds."""
    fields = {"final_at_ns": now_ns + VALID_NS, "proven_sequence": proven_sequence}
    if proven_sequence != request.proven_sequence:
        fields["proven_until_ns"] = now_ns
    rows = type(request).objects.filter(id=request.id, state=State.PENDING, attempts=request.attempts)
    if not rows.update(attempts=F("attempts") + 1, **fields):
        return False
    request.attempts += 1
    for name, value in fields.items():
        setattr(request, name, value)
    return True


def find_decision(*, command_id: bytes, after_sequence: int, until_ns: int) -> Decision | None:
    """What the journal says of the copies of a command. All records up to `until_ns` must be committed."""
    sequence = after_sequence
    while rows := read_rows(after_sequence=sequence):
        for record in (record for row in rows for record in row.records()):
            if record.time_ns > until_ns:
                return None
            if record.command.command_id == command_id and not isinstance(record.events[0], CommandRepeated):
                return _decision_of(record.events[0], record.sequence)
        sequence = rows[-1].last_sequence
    return None


def _decision_of(event: object, sequence: int) -> Decision:
    if isinstance(event, CommandRefused):
        return Decision(State.REFUSED, event.code)
    return Decision(State.ACCEPTED, sequence=sequence)
