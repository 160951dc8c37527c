"""`python -m tests.performance [P2 P10 ...] [--quick]`: a table, and JSON in var/bench/."""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Final

from rich.console import Console
from rich.table import Table

from exchange import compiled
from tests.performance import (
    p1_book,
    p2_engine,
    p3_durable,
    p4_websocket,
    p5_rest,
    p6_prices,
    p7_recovery,
    p8_readers,
    p9_fanout,
    p10_memory,
)
from tests.performance.running import ROOT, Row, Run, as_json
from tests.performance.servers import Databases
from tests.performance.world import World

BENCHMARKS: Final[dict[str, ModuleType]] = {
    "P1": p1_book,
    "P2": p2_engine,
    "P3": p3_durable,
    "P4": p4_websocket,
    "P5": p5_rest,
    "P6": p6_prices,
    "P7": p7_recovery,
    "P8": p8_readers,
    "P9": p9_fanout,
    "P10": p10_memory,
}


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    databases = Databases(folder)
    world = World(folder, databases)
    run = Run(
        folder=folder,
        databases=databases,
        world=world,
        engines=_engines(options.engines),
        rounds=options.rounds or (2 if options.quick else 5),
        scale=options.scale or (0.1 if options.quick else 1.0),
        calibrated=not options.uncalibrated,
        huge=options.huge,
    )
    rows: list[Row] = []
    console = Console(stderr=True)
    try:
        for name in options.names or BENCHMARKS:
            console.print(f"{time.strftime('%H:%M:%S')} {name}: {BENCHMARKS[name].__doc__}", highlight=False)
            rows += BENCHMARKS[name].run(run)
            _write(folder, run, rows)
    finally:
        world.close()
        databases.close()
        for file in folder.glob("workload-*"):
            file.unlink()
    _show(run, rows)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.performance", description="How fast the exchange is.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all when none is given")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, two rounds")
    parser.add_argument("--scale", type=float, help="how much of the work")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--huge", action="store_true", help="P2 with a million open orders too")
    parser.add_argument("--engines", default="python,compiled")
    parser.add_argument("--uncalibrated", action="store_true", help="do not measure how fast the machine is")
    parser.add_argument("--folder", default=str(ROOT / "var" / "bench"))
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no {name}")
    return options


def _engines(asked: str) -> tuple[str, ...]:
    """Builds the compiled one; goes on without it, and says so, where there is no compiler."""
    engines = asked.split(",")
    if "compiled" in engines:
        try:
            compiled.build()
        except RuntimeError as error:
            print(f"Without the compiled engine: {error}", file=sys.stderr)
            engines.remove("compiled")
    return tuple(engines)


def _write(folder: Path, run: Run, rows: list[Row]) -> None:
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    report = {"machine": machine, "calibration": run.factors, "rounds": run.rounds, "scale": run.scale}
    text = json.dumps({**report, "rows": [as_json(row) for row in rows]}, indent=1)
    (folder / "report.json").write_text(text)


def _show(run: Run, rows: list[Row]) -> None:
    least, greatest = min(run.factors), max(run.factors)
    table = Table(title=f"Medians of {run.rounds} rounds (long ones: 3); calibration {least:.2f} to {greatest:.2f}")
    for name in ("", "what", "median", "least", "greatest", "calibrated", "unit", "target", ""):
        table.add_column(name, justify="right" if name in ("median", "least", "greatest", "calibrated") else "left")
    for row in rows:
        adjusted = "" if row.adjusted is None else _number(row.adjusted)
        met = {True: "met", False: "missed", None: ""}[row.met]
        figures = (_number(row.median), _number(row.least), _number(row.greatest), adjusted)
        table.add_row(row.benchmark, row.what, *figures, row.unit, row.target, met)
    Console(width=160).print(table)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
