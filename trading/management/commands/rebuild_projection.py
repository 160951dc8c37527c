"""Drop the rows of one projection and make them anew from the journal."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import Progress

from trading.projections.projection import Projection
from trading.projections.projector import rebuild
from trading.projections.registry import PROJECTIONS


class Command(BaseCommand):
    help = "Rebuilds a projection from the journal. Readers see the old rows until it is done; others go on meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=[projection.name for projection in PROJECTIONS])

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        (projection,) = (projection for projection in PROJECTIONS if projection.name == name)
        started_s = time.monotonic()
        sequence = self._rebuild(projection())
        took_s = time.monotonic() - started_s
        self.stdout.write(f"{name}: rebuilt from {sequence} records in {took_s:.1f} s.")

    def _rebuild(self, projection: Projection) -> int:
        with Progress(console=Console(file=self.stderr)) as progress:
            bar = progress.add_task(projection.name, total=None)
            return rebuild(
                projection,
                on_progress=lambda sequence, head: progress.update(bar, total=head, completed=sequence),
            )
