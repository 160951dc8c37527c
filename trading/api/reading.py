"""Reads that see one's own writes: X-Min-Sequence, the short wait, and no 404 from a read model that is behind."""

import re
from dataclasses import dataclass
from typing import Final

from rest_framework.request import Request

from exchange.contract.errors import ApiError
from trading.selectors.sequences import journal_head, projection_sequence, wait_for_sequence

MIN_SEQUENCE_HEADER: Final = "X-Min-Sequence"
_SEQUENCE: Final = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Reading:
    """`sequence` is what a read model had reached before its rows were read, `head` what it had to reach."""

    sequence: int
    head: int

    def not_found(self, code: str) -> ApiError:
        """The refusal of what was not in the rows."""
        return ApiError("read_behind" if self.sequence < self.head else code)


def private_reading(request: Request, name: str) -> Reading:
    """Waits at most 250 ms until the projection `name` is at X-Min-Sequence, without it at the head of the journal now.

    Refuses with read_behind when X-Min-Sequence is not reached.
    """
    demanded = minimum_sequence(request)
    reading = reading_after(name, journal_head() if demanded is None else demanded)
    check_reached(reading.sequence, demanded)
    return reading


def public_reading(request: Request, name: str) -> Reading:
    """As private_reading, but never waits."""
    demanded = minimum_sequence(request)
    reading = reading_now(name)
    check_reached(reading.sequence, demanded)
    return reading


def reading_after(name: str, sequence: int) -> Reading:
    """Waits at most 250 ms until the projection `name` is at `sequence`."""
    return Reading(wait_for_sequence(name=name, sequence=sequence), sequence)


def reading_now(name: str) -> Reading:
    head = journal_head()
    return Reading(projection_sequence(name=name), head)


def minimum_sequence(request: Request) -> int | None:
    """The X-Min-Sequence of a request. Refuses a malformed one: invalid_parameter."""
    text = request.headers.get(MIN_SEQUENCE_HEADER)
    if text is None:
        return None
    if _SEQUENCE.fullmatch(text) is None:
        message = f"{MIN_SEQUENCE_HEADER} must be the sequence of an earlier answer."
        raise ApiError("invalid_parameter", message, {"field": MIN_SEQUENCE_HEADER})
    return int(text)


def check_reached(sequence: int, demanded: int | None) -> None:
    """Refuses with read_behind what is not as new as X-Min-Sequence."""
    if demanded is not None and sequence < demanded:
        raise ApiError("read_behind")
