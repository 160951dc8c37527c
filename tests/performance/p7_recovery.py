"""P7: a new leader's way from PostgreSQL to a state that is ready: snapshot, then every later event, hashes checked."""

import time
from typing import Any

import django

from tests.performance.calibrate import Alongside
from tests.performance.p2_engine import workload_file
from tests.performance.running import Row, Run, rate_row, time_row

OPEN_ORDERS = 100_000
RECORDS = 850_000  # of the standard workload: a million events
TARGETS = {"python": 180_000, "compiled": 350_000}
READY_S = 7


def run(run: Run) -> list[Row]:
    file = workload_file(
        run, "recovery", commands=run.amount(RECORDS), live_orders=run.amount(OPEN_ORDERS), warm_up=run.amount(1_000)
    )
    database = run.databases.make("bench_recovery")
    written = run.measure("journals:write", engine=run.engines[-1], database=database, file=str(file), snapshot=True)
    rounds = run.interleaved(
        run.long_rounds(),
        *(
            lambda engine=engine: run.measure(
                "p7_recovery:measure",
                engine=engine,
                database=database,
                events=written["events"],
                state=written["state"],
            )
            for engine in run.engines
        ),
    )
    rows = []
    for engine, results in zip(run.engines, rounds, strict=True):
        what = f"{written['events']:,} events folded, {engine}"
        rows.append(rate_row("P7", what, "events/s", results, "rate", at_least=TARGETS[engine]))
        rows.append(rate_row("P7", f"the same by wall, {engine}", "events/s", results, "wall_rate"))
        rows.append(time_row("P7", f"snapshot loaded and checked, {engine}", "s", results, "snapshot_s"))
        rows.append(time_row("P7", f"ready, {engine}", "s", results, "ready_s", at_most=READY_S))
    return rows


def measure(*, events: int, state: str) -> dict[str, Any]:
    django.setup()
    from django.db import connection

    from trading.engine.snapshot import state_hash
    from trading.management.commands.runengine import database_address
    from trading.worker.journal import JournalTables, PostgresJournal
    from trading.worker.recovery import recover

    connection.ensure_connection()
    source = _InTurns(JournalTables())
    journal = PostgresJournal(conninfo=database_address(), fatal=_raise)
    journal.connect()
    journal.wait_for_lead()
    lease = journal.take_over()
    engine = recover(source=source, lease=lease)
    source.mark()
    journal.disconnect()
    (folding_cpu_s, snapshot_s), (cpu_s, ready_s) = source.marks[1], source.marks[-1]
    assert state_hash(engine.state).hex() == state
    return {
        "factor": source.alongside.factor(),
        "rate": events / (cpu_s - folding_cpu_s),
        "wall_rate": events / (ready_s - snapshot_s),
        "snapshot_s": snapshot_s,
        "ready_s": ready_s,
    }


class _InTurns:
    """The journal's tables. Each read of rows ends a turn, noted in `marks` as (CPU, wall) seconds since the start: the
    first read is to check the snapshot, then come those of what is folded."""

    def __init__(self, tables: Any) -> None:
        self.snapshots = tables.snapshots
        self.marks: list[tuple[float, float]] = []
        self.alongside = Alongside()
        self._rows = tables.rows
        self._started_s = time.perf_counter() - self.alongside.slices_s  # as if no slice had come before

    def rows(self, **arguments: Any) -> Any:
        self.mark()
        return self._rows(**arguments)

    def mark(self) -> None:
        self.alongside.end_turn()
        wall_s = time.perf_counter() - self._started_s - self.alongside.slices_s
        self.marks.append((self.alongside.cpu_s, wall_s))


def _raise(error: Exception) -> Any:
    raise error
