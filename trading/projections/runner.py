"""Keeps the readers of the journal going: polls, steps, and comes back by itself when the database was away."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

import psycopg
from django.db import InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)

LOCK_KEY: Final = 0x70726F6A656374  # one runner at a time
LOCK_POLL_S: Final = 0.5
SHORTEST_PAUSE_S: Final = 0.005
LONGEST_PAUSE_S: Final = 0.05
SHORTEST_BACK_OFF_S: Final = 0.1
LONGEST_BACK_OFF_S: Final = 5.0
CONNECTION: Final = {"keepalives_idle": 3, "keepalives_interval": 1, "keepalives_count": 3, "tcp_user_timeout": 5000}

Step = Callable[[], int]


def run(steps: Sequence[Step], *, stop: threading.Event) -> None:
    """Call the steps (each returns how much it did) until `stop` is set; pauses grow while there is nothing to do.

    A lost database is waited for. All other errors go through: starting anew is what mends them.
    """
    pause_s, back_off_s = SHORTEST_PAUSE_S, SHORTEST_BACK_OFF_S
    while not stop.is_set():
        try:
            with psycopg.connect(**connection.get_connection_params() | CONNECTION, autocommit=True) as own:
                wait_for_lock(own, stop)
                while not stop.wait(pause_s):
                    done = sum(step() for step in steps)
                    pause_s = SHORTEST_PAUSE_S if done else min(pause_s * 1.5, LONGEST_PAUSE_S)
                    back_off_s = SHORTEST_BACK_OFF_S
        except (OperationalError, InterfaceError, psycopg.OperationalError) as error:
            logger.warning("The database is away, trying again: %s", str(error).strip().splitlines()[0])
            stop.wait(back_off_s)
            back_off_s = min(back_off_s * 2, LONGEST_BACK_OFF_S)
        finally:
            connection.close()


def wait_for_lock(own: psycopg.Connection, stop: threading.Event) -> None:
    """Take the runners' advisory lock, on a connection of its own: a pooled one would keep it after closing."""
    waiting = False
    while not own.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone()[0]:
        if not waiting:
            logger.info("Another process runs the projections; waiting for it to end.")
            waiting = True
        if stop.wait(LOCK_POLL_S):
            return
