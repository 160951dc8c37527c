"""`manage.py backtest SCENARIO`: a population driven through engine, index and liquidation on recorded prices."""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from risk.backtest.bars import BarsError
from risk.backtest.figures import figures
from risk.backtest.report import run_page
from risk.backtest.run import Reached, Run
from risk.backtest.scenario import ScenarioError, find, read_scenario, read_table
from risk.backtest.sharing_run import KIND, read_sharing, run_sharing

LINE_EVERY_S: Final = 5.0
NEVER: Final = (
    "ledger_imbalance_units",
    "wrongful_liquidations",
    "missed_liquidations",
    "needless_deleveragings",
    "fund_below_zero",
)


class Command(BaseCommand):
    help = "Run a scenario (a name from risk/backtest/scenarios, or a path) and report what came of it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scenario", help="Name or path; its price files may be relative to MARKET_DATA_DIR.")
        parser.add_argument("--json", type=Path, metavar="FILE", help="Write the figures to this file as JSON.")
        parser.add_argument("--html", type=Path, metavar="FILE", help="Write the report to this file as HTML.")

    def handle(self, *args: Any, **options: Any) -> None:
        for target in (options["json"], options["html"]):
            if target is not None and not target.absolute().parent.is_dir():
                raise CommandError(f"There is no folder for {target}.")
        try:
            values, page = self._run(options["scenario"])
        except (ScenarioError, BarsError) as reason:
            raise CommandError(str(reason)) from None
        text = json.dumps(values, indent=2) + "\n"
        self.stdout.write(text)
        if options["json"] is not None:
            options["json"].write_text(text, encoding="utf-8")
        if options["html"] is not None:
            options["html"].write_text(page, encoding="utf-8")
        broken = [name for name in NEVER if values.get(name)]
        if broken:
            raise CommandError(f"These should be 0: {', '.join(broken)}.")

    def _run(self, given: str) -> tuple[dict[str, Any], str]:
        """(figures, HTML page)."""
        path = find(given)
        table = read_table(path)
        if table.get("kind") == KIND:
            return run_sharing(read_sharing(path, table), market_data_dir=settings.MARKET_DATA_DIR)
        scenario = read_scenario(path, table)
        with self._progress(scenario.ends_s - scenario.starts_s) as progress:
            run = Run(scenario, market_data_dir=settings.MARKET_DATA_DIR, report=progress)
            run.run()
        values = figures(run)
        return values, run_page(run, values, f"manage.py backtest {scenario.name}")

    @contextmanager
    def _progress(self, total_s: int) -> Iterator[Callable[[Reached], None]]:
        """A bar on a terminal, else a line now and then; both on the error stream, the figures have the other."""
        if sys.stderr.isatty():
            columns = TextColumn("backtest"), BarColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn()
            with Progress(*columns, console=Console(stderr=True)) as bar:
                yield _Bar(bar, total_s)
        else:
            yield _Lines(self.stderr.write, total_s)


class _Bar:
    def __init__(self, bar: Progress, total_s: int) -> None:
        self._bar = bar
        self._task = bar.add_task("backtest", total=total_s, rate="")
        self._started = time.monotonic()

    def __call__(self, reached: Reached) -> None:
        self._bar.update(self._task, completed=reached.second, rate=_rate(reached, self._started))


class _Lines:
    def __init__(self, write: Callable[[str], None], total_s: int) -> None:
        self._write, self._total_s = write, total_s
        self._started = time.monotonic()
        self._next_at = self._started + LINE_EVERY_S

    def __call__(self, reached: Reached) -> None:
        if time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + LINE_EVERY_S
            self._write(f"{reached.second / self._total_s:.0%} of the time, {_rate(reached, self._started)}")


def _rate(reached: Reached, started: float) -> str:
    elapsed_s = max(time.monotonic() - started, 0.001)
    return (
        f"{reached.second / elapsed_s:,.0f} × real time, {reached.events / elapsed_s:,.0f} events/s, "
        f"{reached.liquidations:,} liquidations"
    )
