"""The journal in PostgreSQL, as its one writer sees it: the lease, and the append that is fenced by it.

One dedicated connection, outside Django and any pool, holds the advisory lock and writes: whoever has lost the lock
cannot write, and a successor gets it only when the last statement of the one before is over. What makes it safe is
the fence all the same: an append that does not find its lease's epoch and sequence writes nothing.
Asynchronous libpq in the thread that decides: no second thread, no waiting.
"""

import asyncio
import logging
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import psycopg
from django.db import transaction
from psycopg import pq

from trading.models.journal import DOMAIN, NO_HASH, JournalRow, Snapshot, read_rows
from trading.worker.group_commit import Lease, SealedBatch

logger = logging.getLogger(__name__)

LOCK_CLASS: Final = 0x6A6F75  # first half of the advisory lock's key; the second is the domain
LOCK_POLL_S: Final = 0.2
LONGEST_BACK_OFF_S: Final = 5.0
COMMIT_TIMEOUT_S: Final = 6.0
CONNECTION: Final[dict[str, Any]] = {
    "autocommit": True,
    "connect_timeout": 5,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
    # The server ends a statement before we lose patience, and forgets a leader whose machine has gone.
    "options": "-c statement_timeout=4000 -c synchronous_commit=on -c tcp_keepalives_idle=3"
    " -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3 -c tcp_user_timeout=5000",
    "application_name": "engine",
}
TAKE_OVER: Final = """
INSERT INTO trading_engine_lease AS lease (domain, epoch, last_sequence, last_hash) VALUES (%s, 1, 0, %s)
ON CONFLICT (domain) DO UPDATE SET epoch = lease.epoch + 1
RETURNING epoch, last_sequence, last_hash
"""
APPEND: Final = b"""
WITH fence AS (
    UPDATE trading_engine_lease SET last_sequence = $4, last_hash = $10
    WHERE domain = $1 AND epoch = $2 AND last_sequence = $3 - 1 AND last_hash = $9
    RETURNING domain, epoch
)
INSERT INTO trading_journal
    (domain, epoch, first_sequence, last_sequence, time_ns, format, logic_version, payload, previous_hash, hash)
SELECT domain, epoch, $3, $4, $5, $6, $7, $8, $9, $10 FROM fence
"""
INTEGERS: Final = struct.Struct(">q").pack
INT8, BYTEA = 20, 17
PARAMETER_TYPES: Final = [INT8] * 7 + [BYTEA] * 3
BINARY: Final = [pq.Format.BINARY] * 10


class JournalFailed(Exception):
    """What was being written may be in the journal or not: this memory is worth nothing any more."""


@dataclass(slots=True)
class Written:
    """What was committed since the start, and how long that took in all."""

    batches: int = 0
    records: int = 0
    commit_ns: int = 0


class JournalTables:
    """The journal and its snapshots as every reader sees them, through Django."""

    def rows(self, *, after_sequence: int, limit: int) -> list[JournalRow]:
        return read_rows(after_sequence=after_sequence, limit=limit)

    def snapshots(self) -> Iterator[Snapshot]:
        """Newest first, one at a time: they are large."""
        sequences = Snapshot.objects.filter(domain=DOMAIN).order_by("-sequence").values_list("sequence", flat=True)
        for sequence in list(sequences):
            yield from Snapshot.objects.filter(domain=DOMAIN, sequence=sequence)

    def keep(self, snapshot: Snapshot, *, kept: int) -> None:
        snapshots = Snapshot.objects.filter(domain=snapshot.domain)
        with transaction.atomic():
            Snapshot.objects.bulk_create([snapshot], ignore_conflicts=True)
            old = snapshots.order_by("-sequence").values_list("sequence", flat=True)[kept : kept + 1]
            snapshots.filter(sequence__lte=max(old, default=0)).delete()


class PostgresJournal:
    """`fatal` is called with the reason when the connection or the right to write is lost; it must end the process."""

    def __init__(
        self, *, conninfo: dict[str, Any], fatal: Callable[[Exception], NoReturn], domain: int = DOMAIN
    ) -> None:
        self._conninfo = conninfo
        self._fatal = fatal
        self._domain = domain
        self._loop: asyncio.AbstractEventLoop | None = None
        self._committed: Callable[[], None] | None = None
        self._rows_written: int | None = None
        self._problem = ""
        self.written = Written()

    def connect(self) -> None:
        """Raises psycopg.OperationalError."""
        self._connection = psycopg.connect(**self._conninfo, **CONNECTION)
        self._pgconn = self._connection.pgconn

    def wait_connected(self) -> None:
        """Connect, however long the database is away; one line tells about it."""
        back_off_s = 0.1
        while True:
            try:
                return self.connect()
            except psycopg.OperationalError as error:
                if back_off_s == 0.1:
                    logger.warning("Waiting for the database: %s", str(error).strip().splitlines()[0])
                time.sleep(back_off_s)
                back_off_s = min(back_off_s * 2, LONGEST_BACK_OFF_S)

    def try_to_lead(self) -> bool:
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK_CLASS, self._domain)).fetchone()
        return bool(row and row[0])

    def wait_for_lead(self) -> None:
        if self.try_to_lead():
            return
        logger.info("Another engine leads; standing by.")
        while not self.try_to_lead():
            time.sleep(LOCK_POLL_S)

    def take_over(self) -> Lease:
        """A new epoch: from here on nobody else's append can succeed."""
        row = self._connection.execute(TAKE_OVER, (self._domain, NO_HASH)).fetchone()
        assert row is not None
        epoch, last_sequence, last_hash = row
        return Lease(domain=self._domain, epoch=epoch, last_sequence=last_sequence, last_hash=bytes(last_hash))

    def start(self) -> None:
        """Go asynchronous, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        prepared = self._pgconn.prepare(b"append", APPEND, PARAMETER_TYPES)
        if prepared.status != pq.ExecStatus.COMMAND_OK:
            raise JournalFailed(prepared.error_message.decode())
        self._pgconn.nonblocking = 1
        self._loop.add_reader(self._pgconn.socket, self._readable)

    def append(self, batch: SealedBatch, committed: Callable[[], None]) -> None:
        assert self._committed is None, "one commit at a time"
        self._committed = committed
        self._records, self._sent_ns = batch.last_sequence - batch.first_sequence + 1, time.monotonic_ns()
        self._rows_written, self._problem = None, ""
        integers = (
            batch.domain,
            batch.epoch,
            batch.first_sequence,
            batch.last_sequence,
            batch.time_ns,
            batch.format,
            batch.logic_version,
        )
        values = [*map(INTEGERS, integers), batch.payload, batch.previous_hash, batch.hash]
        self._pgconn.send_query_prepared(b"append", values, BINARY)
        self._timeout = self._loop.call_later(COMMIT_TIMEOUT_S, self._late)
        if self._pgconn.flush():
            self._loop.add_writer(self._pgconn.socket, self._writable)

    def disconnect(self) -> None:
        """Give up the lead; nothing may be under way."""
        if self._loop is not None:
            self._loop.remove_reader(self._pgconn.socket)
        self._connection.close()

    def _writable(self) -> None:
        if not self._pgconn.flush():
            self._loop.remove_writer(self._pgconn.socket)

    def _late(self) -> None:
        self._fatal(JournalFailed(f"PostgreSQL did not commit within {COMMIT_TIMEOUT_S:.0f} s."))

    def _readable(self) -> None:
        """Committed means: the server is ready for the next query. The count of rows comes before the COMMIT."""
        try:
            self._pgconn.consume_input()
            while self._committed is not None and not self._pgconn.is_busy():
                result = self._pgconn.get_result()
                if result is None:
                    self._finish()
                else:
                    self._note(result)
        except psycopg.OperationalError as error:
            self._fatal(JournalFailed(f"The connection to PostgreSQL is lost: {str(error).strip()}"))

    def _note(self, result: pq.abc.PGresult) -> None:
        if result.status == pq.ExecStatus.COMMAND_OK:
            self._rows_written = result.command_tuples
        else:
            self._problem = result.error_message.decode().strip()

    def _finish(self) -> None:
        self._timeout.cancel()
        if self._problem:
            self._fatal(JournalFailed(f"PostgreSQL refused a batch: {self._problem}"))
        if self._rows_written != 1:
            self._fatal(JournalFailed("Another engine has taken over: the fence let nothing through."))
        self.written.batches += 1
        self.written.records += self._records
        self.written.commit_ns += time.monotonic_ns() - self._sent_ns
        committed, self._committed = self._committed, None
        assert committed is not None
        committed()
