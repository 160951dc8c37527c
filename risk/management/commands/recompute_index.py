"""`manage.py recompute_index`: every index price that is kept, computed again from its own record."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from risk.models import IndexTick
from risk.selectors import is_honest


class Command(BaseCommand):
    help = "Computes index prices again from the quotes and rules kept with them, and names those that differ."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--asset", help="Only this index.")

    def handle(self, *, asset: str | None, **options: Any) -> None:
        ticks = IndexTick.objects.order_by("time_ns")
        if asset is not None:
            ticks = ticks.filter(asset=asset)
        count = wrong = 0
        for tick in ticks.iterator():
            count += 1
            if not is_honest(tick):
                wrong += 1
                self.stdout.write(f"Differs: {tick.asset} at {tick.time_ns}")
        self.stdout.write(f"{count} index prices computed again, {wrong} differ.")
        if wrong:
            sys.exit(1)
