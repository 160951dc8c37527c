"""How the exchange runs: how far each reader is, and how fast the journal grows."""

from typing import Final

import msgspec
from django.db import connection

from trading.models.journal import DOMAIN
from trading.projections.runner import LOCK_KEY

ROWS_LOOKED_AT: Final = 5000


class ReaderState(msgspec.Struct, frozen=True):
    """`behind` records of the journal are not in the rows yet; the oldest of these was written `lag_ms` ago."""

    name: str
    sequence: int
    behind: int
    lag_ms: int


class JournalState(msgspec.Struct, frozen=True):
    """The end of the journal, the newest snapshot, and what was written a second over the last seconds."""

    sequence: int
    snapshot_sequence: int
    records_a_second: float
    batches_a_second: float


def reader_states(*, now_ns: int) -> list[ReaderState]:
    """Every reader with rows of its own, by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.name, c.sequence, COALESCE(l.last_sequence, 0) - c.sequence,"
            " (SELECT j.time_ns FROM trading_journal j WHERE j.domain = %s AND j.last_sequence > c.sequence"
            " ORDER BY j.last_sequence LIMIT 1)"
            " FROM trading_projectioncursor c LEFT JOIN trading_engine_lease l ON l.domain = %s ORDER BY 1",
            [DOMAIN, DOMAIN],
        )
        return [
            ReaderState(name, sequence, max(0, behind), 0 if time_ns is None else max(0, now_ns - time_ns) // 10**6)
            for name, sequence, behind, time_ns in cursor.fetchall()
        ]


def journal_state(*, now_ns: int, over_s: int = 10) -> JournalState:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT last_sequence FROM trading_engine_lease WHERE domain = %(domain)s),"
            " (SELECT max(sequence) FROM trading_snapshot WHERE domain = %(domain)s),"
            " sum(last_sequence - first_sequence + 1), count(*) FROM (SELECT first_sequence, last_sequence, time_ns"
            " FROM trading_journal WHERE domain = %(domain)s ORDER BY last_sequence DESC LIMIT %(rows)s) AS latest"
            " WHERE time_ns > %(since_ns)s",
            {"domain": DOMAIN, "rows": ROWS_LOOKED_AT, "since_ns": now_ns - over_s * 10**9},
        )
        sequence, snapshot_sequence, records, batches = cursor.fetchone()
    return JournalState(sequence or 0, snapshot_sequence or 0, int(records or 0) / over_s, batches / over_s)


def readers_run() -> bool:
    """Does a process hold the readers' lock?"""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND (classid::bigint << 32) + objid::bigint = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            [LOCK_KEY],
        )
        return cursor.fetchone()[0]
