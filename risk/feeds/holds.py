"""Carries out what the guard decides, and undoes it: by the service operators use, and never an operator's own word.

Before anything is loosened the rows must be at the head of the journal; tightening waits for nobody. The engine refuses
a command that expects another state than there is. An operator's word that is the same state, given between what the
rows know and our command, stands in the journal and is given again.
"""

import logging
from typing import Final

from exchange.contract.errors import ApiError
from risk.feeds.definitions import GuardRules
from risk.feeds.guard import Firmness, Hold, next_hold
from risk.models import FeedHold
from trading.core.terms import INSTRUMENT_NORMAL, INSTRUMENT_STATES
from trading.engine.events import InstrumentStateChanged
from trading.models import Instrument, InstrumentRequest
from trading.models.journal import read_rows
from trading.selectors.sequences import journal_head, wait_for_sequence
from trading.services.listings import STATE_WORDS, set_instrument_state

WAIT_S: Final = 0.25

logger = logging.getLogger(__name__)
Kind, State = InstrumentRequest.Kind, InstrumentRequest.State


class Undecided(Exception):
    """A request for the instrument's state is under way: nobody knows yet what it is."""


def keep_guard(
    *, instrument_id: int, symbol: str, row: FeedHold | None, firmness: Firmness, rules: GuardRules, now_ns: int
) -> None:
    """Tightens or loosens the instrument as the guard decides; loosens only what is certain to be right.

    What cannot be done now is logged, and left to the next round: other instruments wait for theirs.
    """
    try:
        _keep(instrument_id, symbol, row, firmness, rules, now_ns)
    except ApiError as error:
        logger.warning("%s: the guard could not act: %s.", symbol, error.code)


def _keep(
    instrument_id: int, symbol: str, row: FeedHold | None, firmness: Firmness, rules: GuardRules, now_ns: int
) -> None:
    if row is None and firmness.loose_for_ns < rules.post_only_after_ns:
        return
    head = journal_head()
    is_loose = firmness.loose_for_ns >= rules.post_only_after_ns
    reached = wait_for_sequence(name="instruments", sequence=head, timeout_s=0 if is_loose else WAIT_S)
    is_behind = reached < head
    if is_behind and not is_loose:
        return
    present, resume_at_ns = Instrument.objects.values_list("state", "resume_at_ns").get(instrument_id=instrument_id)
    if is_behind:
        present = _asked_since(instrument_id, reached) or present
    found = INSTRUMENT_NORMAL if resume_at_ns else present  # the engine forgets to resume once we change the state
    try:
        hold = _effective(row, present)
    except Undecided:
        return
    wanted = next_hold(present=present, found=found, hold=hold, firmness=firmness, now_ns=now_ns, rules=rules)
    if wanted is not None and wanted != hold:
        _write(instrument_id, wanted, present)
        _set_state(symbol, instrument_id, wanted.state, present, reached)
    elif wanted is None and not is_behind and _return_to_floor(symbol, instrument_id, hold, reached):
        FeedHold.objects.filter(instrument_id=instrument_id).delete()


def _return_to_floor(symbol: str, instrument_id: int, hold: Hold | None, reached: int) -> bool:
    """Is the guard done with it? What is somebody else's is left as it is."""
    return hold is None or _set_state(symbol, instrument_id, hold.floor_state, hold.state, reached)


def _asked_since(instrument_id: int, sequence: int) -> int | None:
    """The last state that was asked for and set after the record; None when there is none."""
    asked = _requests(instrument_id).filter(state=State.ACCEPTED, sequence__gt=sequence).order_by("sequence").last()
    return asked and INSTRUMENT_STATES[asked.content["state"]]


def _effective(row: FeedHold | None, present: int) -> Hold | None:
    """The row as a hold, None when the present state is somebody else's. Raises Undecided."""
    if row is None:
        return None
    later = _requests(row.instrument_id).filter(id__gt=row.after_request_id)
    living = list(later.filter(state__in=(State.PENDING, State.ACCEPTED)))
    if any(request.state == State.PENDING for request in living):
        raise Undecided
    state = row.state
    if not living:  # what the row was written for never happened, and the state before it may be ours
        state = row.from_state
    elif len(living) > 1 or living[0].requested_by_id or living[0].content["state"] != STATE_WORDS[state]:
        return None
    return Hold(state, row.floor_state, row.since_ns) if state == present > row.floor_state else None


def _write(instrument_id: int, wanted: Hold, present: int) -> None:
    """Before it is sent: whatever is lost on the way, `_effective` finds out."""
    latest_id = _requests(instrument_id).order_by("-id").values_list("id", flat=True).first()
    FeedHold.objects.update_or_create(
        instrument_id=instrument_id,
        defaults={**wanted._asdict(), "from_state": present, "after_request_id": latest_id or 0},
    )


def _set_state(symbol: str, instrument_id: int, state: int, present: int, reached: int) -> bool:
    """Did it become so? `reached` is the last record that the rows knew when it was decided."""
    try:
        request = set_instrument_state(symbol=symbol, state=STATE_WORDS[state], expected_state=STATE_WORDS[present])
    except ApiError as error:
        logger.warning("%s could not be made %s: %s.", symbol, STATE_WORDS[state], error.code)
        return False
    logger.warning("The feeds made %s %s.", symbol, STATE_WORDS[state])
    stricter = _set_meanwhile(instrument_id, after_sequence=reached, before_sequence=request.sequence)
    if stricter > state:
        logger.warning("%s was made %s at the same time, and is made so again.", symbol, STATE_WORDS[stricter])
        set_instrument_state(symbol=symbol, state=STATE_WORDS[stricter], expected_state=STATE_WORDS[state])
    return True


def _set_meanwhile(instrument_id: int, *, after_sequence: int, before_sequence: int) -> int:
    """The last state that the journal has between the two, normal when there is none."""
    state, sequence = INSTRUMENT_NORMAL, after_sequence
    while sequence + 1 < before_sequence and (rows := read_rows(after_sequence=sequence)):
        for record in (record for row in rows for record in row.records()):
            if after_sequence < record.sequence < before_sequence:
                changes = [event for event in record.events if isinstance(event, InstrumentStateChanged)]
                state = next((one.state for one in changes if one.instrument_id == instrument_id), state)
        sequence = rows[-1].last_sequence
    return state


def _requests(instrument_id: int):
    return InstrumentRequest.objects.filter(kind=Kind.STATE, instrument_id=instrument_id)
