"""`manage.py runengine`: lead or stand by, recover, trade. A fatal error ends the process; a supervisor restarts it."""

import gc
import logging
import os
import sys
import time
from typing import NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from trading.engine.engine import Engine
from trading.services.engine_channel import own_layer
from trading.worker.consumer import EngineWorker
from trading.worker.group_commit import EngineStalled, Lease
from trading.worker.journal import JournalFailed, JournalTables, PostgresJournal
from trading.worker.recovery import BrokenJournal, recover

logger = logging.getLogger(__name__)

FOUND = (JournalFailed, EngineStalled, BrokenJournal)  # their words say all: no traceback


class Command(BaseCommand):
    help = "Run the engine: one leads, others stand by."
    requires_system_checks = ()  # they import every page and API, which the engine has no use for

    def handle(self, *args: object, **options: object) -> None:
        if not __debug__:
            raise CommandError("The engine does not run under `python -O`: its assertions guard its invariants.")
        try:
            run()
        except BaseException as error:
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            end_process(error)


def run() -> None:
    journal = PostgresJournal(conninfo=database_address(), fatal=end_process)
    journal.wait_connected()
    journal.wait_for_lead()
    gc.disable()
    lease = journal.take_over()
    engine = _recover(lease)
    gc.collect()
    gc.freeze()
    EngineWorker(
        engine=engine,
        journal=journal,
        lease=lease,
        layer=own_layer(),
        valkey_url=settings.VALKEY_URL,
        unhandled=end_process,
    ).run()
    logger.info("Stopped.")


def end_process(error: BaseException) -> NoReturn:
    """Whatever is in memory and not in the journal never happened. No cleaning up: it could only tell or write more."""
    logger.critical("The engine ends: %s", error, exc_info=None if isinstance(error, FOUND) else error)
    sys.stderr.flush()
    os._exit(1)


def _recover(lease: Lease) -> Engine:
    started_s = time.monotonic()
    engine = recover(source=JournalTables(), lease=lease)
    connection.close_pool()
    duration_s = time.monotonic() - started_s
    logger.info(
        "Leads in epoch %d from sequence %d, recovered in %.1f s.",
        lease.epoch,
        lease.last_sequence,
        duration_s,
        extra={"epoch": lease.epoch, "sequence": lease.last_sequence},
    )
    return engine


def database_address() -> dict[str, object]:
    """Where Django's database is, without Django's ways of using it."""
    parameters = connection.get_connection_params()
    names = {"dbname", "user", "password", "host", "port", "service", "passfile"}
    return {name: value for name, value in parameters.items() if name in names or name.startswith("ssl")}
