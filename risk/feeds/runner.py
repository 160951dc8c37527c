"""Runs a source: a round about once a second, alone, and on again when database or engine were away."""

import asyncio
import logging
import time
from typing import Final

import psycopg
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection

from risk.feeds.pricing import Pricing
from risk.feeds.source import PriceSource, Quote

logger = logging.getLogger(__name__)

INTERVAL_S: Final = 1.0
LOCK_KEY: Final = 0x6665656473  # one runner at a time


async def run(source: PriceSource, pricing: Pricing, *, stop: asyncio.Event) -> None:
    """Rounds until `stop` is set. Each begins with the second, so that those of a restart go on in step."""
    rounds = Rounds(pricing)
    try:
        async with source:
            while not stop.is_set():
                now_ns = time.time_ns()
                await sync_to_async(rounds.do)(await source.quotes(now_ns=now_ns), now_ns=now_ns)
                await _wait(stop, INTERVAL_S - time.time() % INTERVAL_S)
    finally:
        await sync_to_async(rounds.close)()


class Rounds:
    """The part that waits for the database: all of it in one thread, with the right to be the only one."""

    def __init__(self, pricing: Pricing) -> None:
        self._pricing = pricing
        self._right: psycopg.Connection | None = None
        self._state = ""

    def do(self, quotes: list[Quote], *, now_ns: int) -> None:
        try:
            if not self._is_alone():
                self._pricing.rest()
                state = "waiting: another process runs the feeds"
            else:
                is_well = self._pricing.round(quotes, now_ns=now_ns)
                state = "all indices are firm and their marks taken" if is_well else "some marks stand still"
        except (DatabaseError, psycopg.Error) as error:
            self.close()
            self._pricing.rest()
            state = f"the database is away ({type(error).__name__})"
        finally:
            connection.close()
        if state != self._state:
            self._state = state
            logger.info("Feeds: %s.", state)

    def close(self) -> None:
        if self._right is not None:
            self._right.close()
            self._right = None

    def _is_alone(self) -> bool:
        """On a connection of its own: a pooled one would keep the lock after closing."""
        if self._right is None:
            parameters = connection.get_connection_params()
            self._right = psycopg.connect(**parameters, autocommit=True)
        return self._right.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())"
            " OR pg_try_advisory_lock(%s)",
            [LOCK_KEY],
        ).fetchone()[0]


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), timeout=seconds)
    except TimeoutError:
        return
