"""A journal written in one piece from a workload, for the benchmarks of those who read it."""

import hashlib
from typing import Any, Final

import django

from tests.performance.p2_engine import START_NS, STEP_NS, read_workload
from trading.engine.engine import Engine
from trading.engine.wire import FORMAT, LOGIC_VERSION, decode_command, encode_records

RECORDS_A_ROW: Final = 256
COLUMNS: Final = (
    "domain, epoch, first_sequence, last_sequence, time_ns, format, logic_version, payload, previous_hash, hash"
)


def write(*, file: str, snapshot: bool = False) -> dict[str, Any]:
    """All of a workload into the journal of this process's database; `snapshot`: keep one before what is measured.

    Returns what the readers will meet: counts of `records` and `events` (after the snapshot), and the `state` hash.
    """
    django.setup()
    commands = read_workload(file)
    engine = Engine()
    writer = _Writer(engine)
    writer.add(commands.opening + commands.warm_up)
    if snapshot:
        writer.keep_snapshot()
        writer.records = writer.events = 0
    writer.add(commands.measured)
    writer.finish()
    from trading.engine.snapshot import state_hash

    return {"records": writer.records, "events": writer.events, "state": state_hash(engine.state).hex()}


class _Writer:
    def __init__(self, engine: Engine) -> None:
        from trading.models.journal import NO_HASH

        self._engine, self._time_ns, self._hash = engine, START_NS, NO_HASH
        self.records = self.events = 0

    def add(self, commands: list[bytes]) -> None:
        from django.db import connection

        with connection.cursor() as cursor, cursor.copy(f"COPY trading_journal ({COLUMNS}) FROM STDIN") as copy:
            for start in range(0, len(commands), RECORDS_A_ROW):
                copy.write_row(self._row(commands[start : start + RECORDS_A_ROW]))

    def _row(self, commands: list[bytes]) -> tuple[Any, ...]:
        from trading.models.journal import DOMAIN, chain_hash
        from trading.worker.group_commit import SealedBatch

        records = []
        for data in commands:
            self._time_ns += STEP_NS
            records += self._engine.execute(decode_command(data), self._time_ns)
        self.records += len(records)
        self.events += sum(len(record.events) for record in records)
        first, last, payload = records[0].sequence, records[-1].sequence, encode_records(records)
        sealed = SealedBatch(
            domain=DOMAIN,
            first_sequence=first,
            last_sequence=last,
            epoch=1,
            time_ns=self._time_ns,
            format=FORMAT,
            logic_version=LOGIC_VERSION,
            payload=payload,
            previous_hash=self._hash,
        )
        previous, self._hash = self._hash, chain_hash(sealed)
        return (DOMAIN, 1, first, last, self._time_ns, FORMAT, LOGIC_VERSION, payload, previous, self._hash)

    def keep_snapshot(self) -> None:
        from trading.engine.snapshot import SNAPSHOT_FORMAT, dump
        from trading.models.journal import DOMAIN, Snapshot
        from trading.worker.journal import JournalTables

        payload = dump(self._engine.state)
        kept = Snapshot(
            domain=DOMAIN,
            sequence=self._engine.state.sequence,
            format=SNAPSHOT_FORMAT,
            logic_version=LOGIC_VERSION,
            payload=payload,
            hash=hashlib.sha256(payload).digest(),
        )
        JournalTables().keep(kept, kept=3)

    def finish(self) -> None:
        """What the last append would have left in the lease."""
        from trading.models.journal import DOMAIN, EngineLease

        EngineLease.objects.create(
            domain=DOMAIN, epoch=1, last_sequence=self._engine.state.sequence, last_hash=self._hash
        )
