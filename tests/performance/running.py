"""Running a measurement in a process of its own, and what becomes of its rounds."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.performance.servers import Databases
    from tests.performance.world import World

ROOT: Final = Path(__file__).resolve().parents[2]
TRADERS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: median, least and greatest of the rounds. `target` "" means: only to be known.

    `adjusted` is the median held against a target for the reference machine.
    """

    benchmark: str
    what: str
    unit: str
    median: float
    least: float
    greatest: float
    adjusted: float | None = None
    target: str = ""
    met: bool | None = None


@dataclass(slots=True, kw_only=True)
class Run:
    """What was asked for. `scale` shrinks every amount of work; `engines` are `python` and, if built, `compiled`."""

    folder: Path
    databases: Databases
    world: World
    engines: tuple[str, ...]
    rounds: int
    scale: float = 1.0
    calibrated: bool = True
    huge: bool = False
    factors: list[float] = field(default_factory=list)

    def amount(self, full: int, *, least: int = 200) -> int:
        return max(least, int(full * self.scale))

    def long_rounds(self) -> int:
        return min(self.rounds, 3)

    def start_world(self) -> World:
        """The exchange that the benchmarks of the edges share, with traders in it."""
        if not self.world.keys:
            self.world.start()
            seeded = self.measure("traders:seed", environment=self.world.environment, accounts=TRADERS)
            self.world.keys = seeded["keys"]
        return self.world

    def measure(
        self,
        function: str,
        *,
        engine: str = "python",
        database: str = "",
        environment: Mapping[str, str] = MappingProxyType({}),
        **arguments: Any,
    ) -> dict[str, Any]:
        """The result of `module:function` of this package in a fresh process, with its `factor` of calibration."""
        env = {
            **os.environ,
            "ENGINE": engine,
            "DJANGO_SETTINGS_MODULE": "exchange.settings",
            "VAR_DIR": str(self.folder),
            **environment,
        }
        if database:
            env["DATABASE_URL"] = self.databases.url(database)
        request = json.dumps({"function": function, "calibrated": self.calibrated, "arguments": arguments})
        done = subprocess.run(
            [sys.executable, "-m", "tests.performance.measuring", request],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{function} ended with {done.returncode}; see above.")
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        self.factors.append(result["factor"])
        return result

    def interleaved(self, rounds: int, *sorts: Callable[[], dict[str, Any]]) -> list[list[dict[str, Any]]]:
        """Each sort once a round, in turn; the results of each sort."""
        results: list[list[dict[str, Any]]] = [[] for _ in sorts]
        for _ in range(rounds):
            for found, sort in zip(results, sorts, strict=True):
                found.append(sort())
        return results


def rate_row(
    benchmark: str, what: str, unit: str, results: list[dict[str, Any]], key: str, *, at_least: float | None = None
) -> Row:
    """A rate of each result; calibrated by each one's own factor before it is held against `at_least`."""
    rates = [result[key] for result in results]
    adjusted = statistics.median(result[key] * result["factor"] for result in results)
    return _row(benchmark, what, unit, rates, adjusted, at_least, None)


def time_row(
    benchmark: str, what: str, unit: str, results: list[dict[str, Any]], key: str, *, at_most: float | None = None
) -> Row:
    """A duration of each result; divided by the calibration, unless the result has it so already."""
    times = [result[key] for result in results]
    calibrated = f"{key}_calibrated"
    adjusted = statistics.median(result.get(calibrated, result[key] / result["factor"]) for result in results)
    return _row(benchmark, what, unit, times, adjusted, None, at_most)


def plain_row(
    benchmark: str,
    what: str,
    unit: str,
    values: list[float],
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Row:
    """A ratio or a size: the machine's speed does not matter."""
    return _row(benchmark, what, unit, values, None, at_least, at_most)


def _row(
    benchmark: str,
    what: str,
    unit: str,
    values: list[float],
    adjusted: float | None,
    at_least: float | None,
    at_most: float | None,
) -> Row:
    median = statistics.median(values)
    judged = median if adjusted is None else adjusted
    target, met = "", None
    if at_least is not None:
        target, met = f">= {at_least:,g}", judged >= at_least
    elif at_most is not None:
        target, met = f"<= {at_most:,g}", judged <= at_most
    return Row(
        benchmark=benchmark,
        what=what,
        unit=unit,
        median=median,
        least=min(values),
        greatest=max(values),
        adjusted=adjusted,
        target=target,
        met=met,
    )


def as_json(row: Row) -> dict[str, Any]:
    return asdict(row)
