"""Runs projections over the journal: live, all together, and one alone from the beginning."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from django.db import connection, transaction

from trading.engine.events import Record
from trading.models.journal import DOMAIN, journal_head
from trading.projections.changes import (
    POSITIONS,
    Change,
    Positions,
    read_positions,
    replace_positions,
    take_changes,
    write_positions,
)
from trading.projections.journal import read_records
from trading.projections.projection import Handler, Projection

BATCH_RECORDS = 8192


class Projector:
    """Folds the journal into the rows of several projections, those at the same cursor in one transaction.

    Whoever holds the lock on a projection's cursor row may change it. One that somebody else holds (a rebuild) is
    left alone; memory that no longer belongs to the cursor, or that met an error, is dropped and loaded from the rows.
    """

    def __init__(
        self,
        projections: Sequence[type[Projection]],
        *,
        batch_records: int = BATCH_RECORDS,
        publish: Callable[[Sequence[Change]], None] = lambda changes: None,
    ) -> None:
        self._types = {projection.name: projection for projection in projections}
        self._batch_records = batch_records
        self._publish = publish
        self._loaded: dict[str, tuple[int, Projection]] = {}
        self._positions: dict[str, Positions] = {}
        self._registered = False

    def step(self) -> int:
        """Bring every projection one batch on; returns how many records were folded, 0 when there was nothing new."""
        try:
            return self._step()
        except BaseException:
            self._loaded.clear()  # the memory may be ahead of the rows, and the session's staging tables may be gone
            raise

    def _step(self) -> int:
        with connection.cursor() as cursor:
            self._register(cursor)
            cursor.execute(
                "SELECT sequence, array_agg(name ORDER BY name) FROM trading_projectioncursor WHERE name = ANY(%s)"
                " GROUP BY 1 UNION ALL"
                " SELECT last_sequence, '{}' FROM trading_engine_lease WHERE domain = %s ORDER BY 1",
                [list(self._types), DOMAIN],
            )
            groups = cursor.fetchall()
        folded = 0
        for (sequence, names), (next_sequence, _) in pairwise(groups):
            if names and sequence < next_sequence:
                folded += self._advance(names, sequence, next_sequence)
        return folded

    def _register(self, cursor: Any) -> None:
        """The first time, make the cursors of projections that have none yet: they begin with the first record."""
        if not self._registered:
            cursor.execute(
                "INSERT INTO trading_projectioncursor (name, sequence) SELECT unnest(%s::text[]), 0"
                " ON CONFLICT DO NOTHING",
                [list(self._types)],
            )
            self._registered = True

    def _advance(self, names: list[str], after: int, until: int) -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            projections = self._claim(cursor, names, after)
            if not projections:
                return 0
            records = read_records(cursor, after=after, until=until, limit=self._batch_records)
            sequence = fold(projections, records, after=after)
            changes = [change for each in projections for change in take_changes(each, self._positions[each.name])]
            for projection in projections:
                projection.write(cursor)
            write_positions(cursor, changes)
            self._publish(changes)
            move_cursors(cursor, projections, sequence)
        self._loaded.update((projection.name, (sequence, projection)) for projection in projections)
        return len(records)

    def _claim(self, cursor: Any, names: list[str], sequence: int) -> list[Projection]:
        """Lock those that are free and still at this sequence; load what memory does not have.

        COMMIT does not wait for the disk: what a crash takes, rows and cursor together, is folded again.
        """
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(
            "SELECT name FROM trading_projectioncursor WHERE name = ANY(%s) AND sequence = %s"
            " ORDER BY name FOR UPDATE SKIP LOCKED",
            (names, sequence),
        )
        projections = []
        names_claimed = cursor.fetchall()
        POSITIONS.prepare(cursor)
        for (name,) in names_claimed:
            loaded_sequence, projection = self._loaded.get(name, (-1, None))
            if projection is None or loaded_sequence != sequence:
                projection = self._types[name]()
                prepare(projection, cursor)
                projection.load(cursor)
                self._positions[name] = read_positions(cursor, name)
            projections.append(projection)
        return projections


def rebuild(
    projection: Projection,
    *,
    batch_records: int = BATCH_RECORDS,
    on_progress: Callable[[int, int], None] = lambda sequence, head: None,
) -> int:
    """Drop the projection's rows and make them anew from the whole journal; returns the sequence reached.

    One transaction: until it commits, readers see the old rows and a running Projector leaves this projection alone.
    `on_progress(sequence, head)` is called after each batch.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO trading_projectioncursor (name, sequence) VALUES (%s, 0)"
            " ON CONFLICT (name) DO UPDATE SET sequence = 0",
            [projection.name],
        )
        for table in projection.tables:
            table.clear(cursor)
        prepare(projection, cursor)
        sequence, head, positions = 0, journal_head(), {}
        while sequence < head:
            records = read_records(cursor, after=sequence, until=head, limit=batch_records)
            sequence = fold([projection], records, after=sequence)
            deque(take_changes(projection, positions), maxlen=0)
            projection.write(cursor)
            for table in projection.tables:
                table.empty_staging(cursor)
            on_progress(sequence, head)
        replace_positions(cursor, projection.name, positions)
        move_cursors(cursor, [projection], sequence)
    return sequence


def fold(projections: Sequence[Projection], records: list[Record], *, after: int) -> int:
    """Give each record to every projection that folds its events; returns the last sequence. Refuses a gap."""
    handlers: dict[type, list[Handler]] = {}
    for projection in projections:
        for event_type, handler in projection.handlers().items():
            handlers.setdefault(event_type, []).append(handler)
    sequence = after
    for record in records:
        sequence += 1
        if record.sequence != sequence:
            raise ValueError(f"the journal has record {record.sequence} where {sequence} belongs")
        for event in record.events:
            for handle in handlers.get(type(event), ()):
                handle(record, event)
    return sequence


def prepare(projection: Projection, cursor: Any) -> None:
    for table in projection.tables:
        table.prepare(cursor)


def move_cursors(cursor: Any, projections: Sequence[Projection], sequence: int) -> None:
    cursor.execute(
        "UPDATE trading_projectioncursor SET sequence = %s WHERE name = ANY(%s)",
        (sequence, [projection.name for projection in projections]),
    )
