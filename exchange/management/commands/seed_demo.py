"""Builds the demo world and writes var/demo.json."""

import time
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from exchange.contract.errors import ApiError
from exchange.demo import credentials
from exchange.demo.seed import seed
from trading.services import gateway

PASSING: Final = frozenset({"engine_busy", "engine_unavailable", "outcome_unknown", "expired_in_transit"})
PATIENCE_S: Final = 120
PROGRESS_EVERY_S: Final = 5


class Command(BaseCommand):
    help = "Lists the first instruments, settles and funds the demo's residents, writes demo.json. May be repeated."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is no demo: set DEMO=on to have demo people and play money.")
        path = settings.VAR_DIR / credentials.FILE_NAME
        started_s = said_s = time.monotonic()
        while True:
            reason = "engine_unavailable"
            if gateway.heartbeat() is not None:
                try:
                    visitors = seed(credentials.read(path))
                    break
                except ApiError as error:
                    if error.code not in PASSING:
                        raise CommandError(f"The demo world could not be built: {error}") from error
                    reason = error.code
            if time.monotonic() - started_s > PATIENCE_S:
                raise CommandError(f"The engine did not answer for {PATIENCE_S} s ({reason}).")
            if time.monotonic() - said_s >= PROGRESS_EVERY_S:
                said_s = time.monotonic()
                self.stdout.write(f"Waiting for the engine ({reason}).")
            time.sleep(0.5)
        credentials.write(path, visitors)
        names = " and ".join(visitor.name for visitor in visitors)
        self.stdout.write(f"The demo world is ready: sign in as {names}, see {path}.")
