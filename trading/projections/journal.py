"""Reading the journal in order, for those who follow it."""

from typing import Any

from trading.engine.events import Record
from trading.engine.wire import decode_records
from trading.models.journal import DOMAIN


def read_records(cursor: Any, *, after: int, until: int, limit: int) -> list[Record]:
    """The records after sequence `after` up to `until`, about `limit` of them: a row is never cut.

    `after` and `until` must be ends of rows, 0, or beyond the end of the journal.
    """
    cursor.execute(
        "SELECT payload FROM trading_journal WHERE domain = %s AND first_sequence > %s AND first_sequence <= %s"
        " ORDER BY first_sequence",
        (DOMAIN, after, min(after + limit, until)),
    )
    return [record for (payload,) in cursor for record in decode_records(payload)]
