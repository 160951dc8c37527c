"""`manage.py replay PATH`: pushes a recorded market through the running exchange and reports what came of it."""

import json
import secrets
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from exchange.contract.errors import ApiError
from trading.replay import recording
from trading.replay.book import RecordedBook
from trading.replay.driver import Driver, ReplayFailed
from trading.replay.planner import Planner
from trading.replay.recording import RecordingError
from trading.replay.report import Tally, as_text, report
from trading.replay.stage import prepare
from trading.services import gateway
from trading.services.reconciliation import ReadersBehind, reconcile

LINE_EVERY_S: Final = 5.0
BAR_EVERY_MESSAGES: Final = 50
AWAY: Final = frozenset({"engine_busy", "engine_unavailable", "outcome_unknown"})


class Command(BaseCommand):
    help = "Replay a recorded linear USD-M market (gzip CSV) as BTC-REPLAY through the running exchange."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", help="The recording; it may be relative to the folder MARKET_DATA_DIR.")
        parser.add_argument("--json", type=Path, metavar="FILE", help="Write the report to this file as JSON, too.")
        parser.add_argument("--messages", type=_count, metavar="N", help="Stop after the first N messages.")

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path | None = options["json"]
        if target is not None and not target.absolute().parent.is_dir():
            raise CommandError(f"There is no folder for {target}.")
        try:
            values = self._replay(options["path"], options["messages"])
        except (RecordingError, ReplayFailed, ReadersBehind) as reason:
            raise CommandError(str(reason)) from None
        except ApiError as error:
            where = "The exchange is not running or too busy" if error.code in AWAY else "The exchange refused"
            raise CommandError(f"{where}: {error}") from None
        self.stdout.write(as_text(values))
        if target is not None:
            target.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        broken = [finding["id"] for finding in values["invariants"] if finding["violations"]]
        if broken:
            raise CommandError(f"Broken: {', '.join(broken)}.")

    def _replay(self, given: str, limit: int | None) -> dict[str, Any]:
        path = recording.resolve(given, settings.MARKET_DATA_DIR)
        total = recording.inspect(path, limit)
        cast = prepare()
        book = RecordedBook()
        planner = Planner(book=book, prefix=secrets.token_bytes(8), **cast._asdict())
        with self._progress(total) as progress:
            tally = Driver(gateway=gateway, planner=planner, progress=progress).run(
                islice(recording.messages(path), limit)
            )
        self.stdout.write("Waiting for the readers of the journal…")
        findings = reconcile(minimum_sequence=tally.sequence)
        return report(file=path.name, tally=tally, sequence_gaps=book.sequence_gaps, findings=findings)

    @contextmanager
    def _progress(self, total: int) -> Iterator[Callable[[Tally], None]]:
        """A bar on a terminal, else a line now and then."""
        if sys.stdout.isatty():
            with Progress(
                TextColumn("replay"), BarColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn()
            ) as bar:
                yield _Bar(bar, total)
        else:
            yield _Lines(self.stdout.write, total)


class _Bar:
    def __init__(self, bar: Progress, total: int) -> None:
        self._bar = bar
        self._task = bar.add_task("replay", total=total, rate="")

    def __call__(self, tally: Tally) -> None:
        if tally.messages % BAR_EVERY_MESSAGES == 0:
            self._bar.update(self._task, completed=tally.messages, rate=_rate(tally))


class _Lines:
    def __init__(self, write: Callable[[str], None], total: int) -> None:
        self._write, self._total, self._next_at = write, total, time.monotonic() + LINE_EVERY_S

    def __call__(self, tally: Tally) -> None:
        if time.monotonic() >= self._next_at:
            self._next_at += LINE_EVERY_S
            self._write(f"{tally.messages:,} of {self._total:,} messages, {_rate(tally)}")


def _rate(tally: Tally) -> str:
    share = tally.matched / tally.depth_messages if tally.depth_messages else 1.0
    return f"{tally.commands / max(tally.seconds, 0.001):,.0f} commands/s, book equal {share:.2%}"


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError("at least one message")
    return count
