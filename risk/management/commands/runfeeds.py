"""`manage.py runfeeds`: prices from the source that settings name, as indices and marks, about once a second."""

import asyncio
import signal
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from risk.feeds.choice import chosen_definitions, chosen_source
from risk.feeds.pricing import Pricing
from risk.feeds.runner import run


class Command(BaseCommand):
    help = "Runs the feeds: venue quotes become indices, indices become mark prices. FEED_SOURCE says whose quotes."
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        try:
            definitions = chosen_definitions()
            source = chosen_source(definitions)
        except (ValueError, OSError) as error:
            raise CommandError(f"The feeds cannot start: {error}") from None
        except DatabaseError:
            raise CommandError("The feeds cannot start: the database is away.") from None
        pricing = Pricing(definitions, now_ns=time.time_ns())

        async def until_told() -> None:
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            await run(source, pricing, stop=stop)

        asyncio.run(until_told())
