"""P2: the whole engine in process. Decode, decide with margin check, apply, encode the events."""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from tests.performance import workload
from tests.performance.calibrate import Alongside
from tests.performance.running import Row, Run, plain_row, rate_row, time_row
from trading.engine.engine import Engine
from trading.engine.wire import decode_command, encode_records

START_NS = 1_700_000_000_000_000_000
STEP_NS = 10_000
TARGETS = {"python": 100_000, "compiled": 200_000}
LONGEST_P99_US = 50
COMMANDS_A_TURN = 20_000


def run(run: Run) -> list[Row]:
    return _standard(run) + _growth(run)


def _standard(run: Run) -> list[Row]:
    file = workload_file(run, "standard", commands=run.amount(1_000_000))
    named = workload_file(run, "named", commands=run.amount(200_000), named=True)
    sorts = [_round(run, engine, file) for engine in run.engines]
    sorts += [lambda: run.measure("p2_engine:measure_latency", file=str(file)), _round(run, "python", named)]
    *standard, latency, with_ids = run.interleaved(run.rounds, *sorts)
    rows = [
        rate_row("P2", f"whole engine, {engine}", "commands/s", results, "rate", at_least=TARGETS[engine])
        for engine, results in zip(run.engines, standard, strict=True)
    ]
    rows.append(time_row("P2", "p50 of a command, python", "us", latency, "p50_us"))
    rows.append(time_row("P2", "p99 of a command, python", "us", latency, "p99_us", at_most=LONGEST_P99_US))
    rows.append(rate_row("P2", "every order with a client order id, python", "commands/s", with_ids, "rate"))
    return rows


def _growth(run: Run) -> list[Row]:
    sizes = [(1_000, 2_000), (10_000, 2_000), (100_000, 2_000), (1_000, 100), (1_000, 10_000)]
    sizes += [(1_000, 1_000_000)] if run.huge else []
    sizes = [(run.amount(accounts), run.amount(orders, least=100)) for accounts, orders in sizes]
    commands = run.amount(100_000)
    files = [
        workload_file(
            run,
            f"growth-{accounts}-{orders}",
            commands=commands,
            warm_up=commands // 4,
            accounts=accounts,
            live_orders=orders,
        )
        for accounts, orders in sizes
    ]
    standard, *others = run.interleaved(run.long_rounds(), *(_round(run, "python", file) for file in files))
    accounts, orders = sizes[0]
    rows = [rate_row("P2", f"{accounts:,} accounts, {orders:,} open orders, python", "commands/s", standard, "rate")]
    for (accounts, orders), results in zip(sizes[1:], others, strict=True):
        ratios = [other["rate"] / base["rate"] for other, base in zip(results, standard, strict=True)]
        rows.append(plain_row("P2", f"the same with {accounts:,} accounts, {orders:,} open orders", "x", ratios))
    return rows


def _round(run: Run, engine: str, file: Path) -> Callable[[], dict[str, Any]]:
    return lambda: run.measure("p2_engine:measure", engine=engine, file=str(file))


def workload_file(run: Run, name: str, **arguments: Any) -> Path:
    """Commands written down, so that every process gets the same ones without making them."""
    arguments.setdefault("warm_up", run.amount(workload.WARM_UP))
    file = run.folder / f"workload-{name}"
    file.write_bytes(msgspec.msgpack.encode(workload.order_commands(**arguments)))
    return file


def read_workload(file: str) -> workload.Commands:
    return msgspec.msgpack.decode(Path(file).read_bytes(), type=workload.Commands)


def measure(*, file: str) -> dict[str, Any]:
    commands = read_workload(file)
    engine, alongside = Engine(), Alongside()
    time_ns = execute(engine, commands.opening + commands.warm_up, START_NS)
    for turn in _turns(commands):
        alongside.turn(partial(execute, engine, turn, time_ns))
        time_ns += len(turn) * STEP_NS
    check(engine, commands)
    return {"rate": len(commands.measured) / alongside.cpu_s, "factor": alongside.factor()}


def measure_latency(*, file: str) -> dict[str, Any]:
    """Wall time of each command, and the same by the factor of its turn."""
    commands = read_workload(file)
    engine, alongside = Engine(), Alongside()
    time_ns = execute(engine, commands.opening + commands.warm_up, START_NS)
    times: list[float] = []
    calibrated: list[float] = []
    for turn in _turns(commands):
        of_turn: list[int] = []
        factor = alongside.turn(partial(_execute_timed, engine, turn, time_ns, of_turn))
        time_ns += len(turn) * STEP_NS
        times += of_turn
        calibrated += [one / factor for one in of_turn]
    raw, fair = statistics.quantiles(times, n=100), statistics.quantiles(calibrated, n=100)
    result = {"factor": alongside.factor(), "p50_us": raw[49] / 1000, "p99_us": raw[98] / 1000}
    return result | {"p50_us_calibrated": fair[49] / 1000, "p99_us_calibrated": fair[98] / 1000}


def _turns(commands: workload.Commands) -> Iterator[list[bytes]]:
    for start in range(0, len(commands.measured), COMMANDS_A_TURN):
        yield commands.measured[start : start + COMMANDS_A_TURN]


def _execute_timed(engine: Engine, commands: list[bytes], time_ns: int, times: list[int]) -> None:
    clock = time.perf_counter_ns
    for data in commands:
        time_ns += STEP_NS
        started_ns = clock()
        encode_records(engine.execute(decode_command(data), time_ns))
        times.append(clock() - started_ns)


def execute(engine: Engine, commands: list[bytes], time_ns: int) -> int:
    """Each from bytes to bytes; returns the stamp of the last."""
    execute = engine.execute
    for data in commands:
        time_ns += STEP_NS
        encode_records(execute(decode_command(data), time_ns))
    return time_ns


def check(engine: Engine, commands: workload.Commands) -> None:
    """The engine did the work that was meant: nothing was refused, every fill happened."""
    state = engine.state
    assert state.ids_given() == commands.ids_given
    assert sum(len(account.orders) for account in state.accounts.values()) == commands.open_orders
