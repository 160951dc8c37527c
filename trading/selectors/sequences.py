"""How far the journal and its readers are: what X-Sequence and X-Min-Sequence are made of."""

import time
from typing import Final

from django.db import connection

from trading.models.journal import journal_head

__all__ = ["journal_head", "projection_sequence", "wait_for_sequence"]

POLL_S: Final = 0.01


def projection_sequence(*, name: str) -> int:
    """The last record whose effect is in the rows of the projection (0: none). Read it before the rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequence FROM trading_projectioncursor WHERE name = %s", [name])
        row = cursor.fetchone()
        return row[0] if row else 0


def wait_for_sequence(*, name: str, sequence: int, timeout_s: float = 0.25) -> int:
    """Wait until the projection has reached `sequence`, at most `timeout_s`; returns what it reached, maybe less.

    Rows read afterwards are at least as new as the returned sequence.
    """
    deadline_s = time.monotonic() + timeout_s
    reached = projection_sequence(name=name)
    while reached < sequence and time.monotonic() < deadline_s:
        time.sleep(POLL_S)
        reached = projection_sequence(name=name)
    return reached
