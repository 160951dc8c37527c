"""P3: P2 with a durable journal, through the worker's group commit and its PostgreSQL journal, fsync on.

Both in one process, taking turns every 5,000 commands, so that a busy machine slows both alike. A commit may be under
way when a turn ends: what it waits for then, one batch of twenty, is nobody's; all its work is the worker's, in the
thread that decides. The worker also answers every command, which P2 does not.
"""

import asyncio
import os
import time
from typing import Any, NoReturn

import django

from tests.performance.p2_engine import START_NS, check, execute, read_workload, workload_file
from tests.performance.running import Row, Run, plain_row, rate_row

CHANNEL = "bench"
COMMANDS_A_MESSAGE = 64
COMMANDS_A_TURN = 5_000
LEAST_SHARE = 0.8  # of P2: what is left when everything is made durable


def run(run: Run) -> list[Row]:
    file = str(workload_file(run, "durable", commands=run.amount(300_000)))
    rows = []
    for engine in run.engines:
        results = [
            run.measure("p3_durable:measure", engine=engine, database=run.databases.make("bench_durable"), file=file)
            for _ in range(run.rounds)
        ]
        rows.append(rate_row("P3", f"durable, {engine}", "commands/s", results, "rate"))
        rows.append(rate_row("P3", f"durable by wall, {engine}", "commands/s", results, "wall_rate"))
        for by, key in (("CPU", "share"), ("wall", "wall_share")):
            shares = [result[key] for result in results]
            rows.append(plain_row("P3", f"durable / P2, by {by}, {engine}", "x", shares, at_least=LEAST_SHARE))
    return rows


def measure(*, file: str) -> dict[str, Any]:
    django.setup()
    return asyncio.run(_measure(file))


async def _measure(file: str) -> dict[str, Any]:
    from trading.engine.engine import Engine
    from trading.management.commands.runengine import database_address
    from trading.worker.group_commit import GroupCommit
    from trading.worker.journal import PostgresJournal

    commands = read_workload(file)
    journal = PostgresJournal(conninfo=database_address(), fatal=_end)
    journal.connect()
    assert journal.try_to_lead()
    told = asyncio.Event()
    alone, engine = Engine(), Engine()
    commit = GroupCommit(
        engine=engine, journal=journal, lease=journal.take_over(), clock=time.time_ns, tell=lambda _: told.set()
    )
    journal.start()
    time_ns = execute(alone, commands.opening + commands.warm_up, START_NS)
    await _drive(commit, commands.opening + commands.warm_up, told)
    await _drain(commit, told)
    spent_alone, spent = Spent(), Spent()
    for start in range(0, len(commands.measured), COMMANDS_A_TURN):
        turn = commands.measured[start : start + COMMANDS_A_TURN]
        with spent_alone:
            time_ns = execute(alone, turn, time_ns)
        with spent:
            await _drive(commit, turn, told)
    with spent:
        await _drain(commit, told)
    check(alone, commands)
    check(engine, commands)
    assert commit.committed_sequence == engine.state.sequence
    journal.disconnect()
    return {
        "rate": len(commands.measured) / spent.cpu_s,
        "wall_rate": len(commands.measured) / spent.wall_s,
        "share": spent_alone.cpu_s / spent.cpu_s,
        "wall_share": spent_alone.wall_s / spent.wall_s,
    }


class Spent:
    """Time spent inside `with`, in sum."""

    def __init__(self) -> None:
        self.cpu_s = self.wall_s = 0.0

    def __enter__(self) -> None:
        self._cpu_s, self._wall_s = time.process_time(), time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.cpu_s += time.process_time() - self._cpu_s
        self.wall_s += time.perf_counter() - self._wall_s


async def _drive(commit: Any, commands: list[bytes], told: asyncio.Event) -> None:
    """The worker's loop, with messages always there when it has room for them, until all are decided."""
    sent = 0
    while sent < len(commands) or commit.waiting():
        while sent < len(commands) and commit.has_room():
            commit.receive(reply_channel=CHANNEL, commands=commands[sent : sent + COMMANDS_A_MESSAGE])
            sent += COMMANDS_A_MESSAGE
        if commit.step():
            await asyncio.sleep(0)
        elif commit.waiting():
            await told.wait()
            told.clear()


async def _drain(commit: Any, told: asyncio.Event) -> None:
    """Until all is told."""
    while not commit.is_idle():
        told.clear()
        commit.step()
        if not commit.is_idle():
            await told.wait()


def _end(error: Exception) -> NoReturn:
    print(error, flush=True)
    os._exit(1)
