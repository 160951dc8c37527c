"""P8: the readers of the journal: all projections following together, and each one made anew."""

import time
from typing import Any

import psutil

from tests.performance import journals
from tests.performance.p2_engine import workload_file
from tests.performance.running import Row, Run, plain_row, rate_row

EVENTS_REBUILT = 20_000


def run(run: Run) -> list[Row]:
    file = str(workload_file(run, "readers", commands=run.amount(200_000)))
    durable, following = [], []
    for _ in range(run.long_rounds()):
        database = run.databases.make("bench_durable")
        durable.append(run.measure("p3_durable:measure", database=database, file=file))
        database = run.databases.make("bench_readers")
        following.append(run.measure("p8_readers:measure", database=database, file=file))
    ratios = [reader["rate"] / engine["wall_rate"] for reader, engine in zip(following, durable, strict=True)]
    rows = [
        plain_row("P8", "all projections on one core / P3 by wall", "x", ratios, at_least=1 / 8),
        rate_row("P8", "all projections, CPU of reader and backend together", "commands/s", following, "rate"),
        rate_row("P8", "all projections by wall", "commands/s", following, "wall_rate"),
    ]
    for name in following[0]["rebuilds"]:
        rates = [{"rate": result["rebuilds"][name], "factor": result["factor"]} for result in following]
        rows.append(rate_row("P8", f"rebuild of {name}", "events/s", rates, "rate", at_least=EVENTS_REBUILT))
    return rows


class _Cost:
    """CPU seconds of this process and of its PostgreSQL backend since the beginning, and wall seconds."""

    def __init__(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid(), inet_server_addr()::text")
            pid, address = cursor.fetchone()
        is_near = address is not None and address.startswith("127.0.0.1")
        self._backend = psutil.Process(pid) if is_near else None
        self._before = self._cpu_s()
        self._started_s = time.perf_counter()

    def _cpu_s(self) -> float:
        own_s = time.process_time()
        return own_s if self._backend is None else own_s + sum(self._backend.cpu_times()[:2])

    def so_far(self) -> tuple[float, float]:
        return self._cpu_s() - self._before, time.perf_counter() - self._started_s


def measure(*, file: str) -> dict[str, Any]:
    events = journals.write(file=file)["events"]
    return {**_follow(), "rebuilds": _rebuild(events)}


def _follow() -> dict[str, Any]:
    from trading.projections.projector import Projector
    from trading.projections.registry import PROJECTIONS

    projector = Projector(PROJECTIONS)
    cost, folded = _Cost(), 0
    while step := projector.step():
        folded += step
    cpu_s, wall_s = cost.so_far()
    return {"rate": folded / cpu_s, "wall_rate": folded / wall_s}


def _rebuild(events: int) -> dict[str, float]:
    """Of each projection the journal's events by wall second, whether it looks at them or not."""
    from trading.projections.projector import rebuild
    from trading.projections.registry import PROJECTIONS

    rates = {}
    for projection in PROJECTIONS:
        cost = _Cost()
        rebuild(projection())
        rates[projection.name] = events / cost.so_far()[1]
    return rates
