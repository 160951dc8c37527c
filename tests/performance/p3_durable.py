"""P3: P2 with a durable journal, through the worker's group commit and its PostgreSQL journal, fsync on.

The worker also makes a reply to every command, which P2 does not: held against P2 both without and with replies.
"""

import asyncio
import os
import time
from typing import Any, NoReturn

import django

from tests.performance.p2_engine import check, read_workload, workload_file
from tests.performance.running import Row, Run, plain_row, rate_row

CHANNEL = "bench"
COMMANDS_A_MESSAGE = 64
LEAST_SHARE = 0.8  # of P2: what is left when everything is made durable


def run(run: Run) -> list[Row]:
    file = str(workload_file(run, "durable", commands=run.amount(300_000)))
    rows = []
    for engine in run.engines:
        alone, replying, durable = run.interleaved(
            run.rounds,
            lambda: run.measure("p2_engine:measure", engine=engine, file=file),  # noqa: B023 - called at once
            lambda: run.measure("p2_engine:measure", engine=engine, file=file, replies=True),  # noqa: B023
            lambda: run.measure(
                "p3_durable:measure",
                engine=engine,  # noqa: B023
                database=run.databases.make("bench_durable"),
                file=file,
            ),
        )
        rows.append(rate_row("P3", f"durable, {engine}", "commands/s", durable, "rate"))
        rows.append(rate_row("P3", f"durable by wall, {engine}", "commands/s", durable, "wall_rate"))
        for name, base in (("P2", alone), ("P2 with replies, as here", replying)):
            for by, key in (("CPU", "rate"), ("wall", "wall_rate")):
                ratios = [ours[key] / other[key] for ours, other in zip(durable, base, strict=True)]
                rows.append(plain_row("P3", f"durable / {name}, by {by}, {engine}", "x", ratios, at_least=LEAST_SHARE))
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
    engine = Engine()
    commit = GroupCommit(
        engine=engine, journal=journal, lease=journal.take_over(), clock=time.time_ns, tell=lambda _: told.set()
    )
    journal.start()
    await _drive(commit, commands.opening + commands.warm_up, told)
    started_s, wall_s = time.process_time(), time.perf_counter()
    await _drive(commit, commands.measured, told)
    cpu_s, wall_s = time.process_time() - started_s, time.perf_counter() - wall_s
    check(engine, commands)
    assert commit.committed_sequence == engine.state.sequence
    journal.disconnect()
    return {"rate": len(commands.measured) / cpu_s, "wall_rate": len(commands.measured) / wall_s}


async def _drive(commit: Any, commands: list[bytes], told: asyncio.Event) -> None:
    """The worker's loop, with messages always there when it has room for them."""
    sent = 0
    while sent < len(commands) or not commit.is_idle():
        while sent < len(commands) and commit.has_room():
            commit.receive(reply_channel=CHANNEL, commands=commands[sent : sent + COMMANDS_A_MESSAGE])
            sent += COMMANDS_A_MESSAGE
        if commit.step():
            await asyncio.sleep(0)
        elif not commit.is_idle():
            await told.wait()
            told.clear()


def _end(error: Exception) -> NoReturn:
    print(error, flush=True)
    os._exit(1)
