"""Housekeeping, and a sign of life."""

import time
from typing import Final

from celery import shared_task
from django.core.cache import cache
from django.core.management import call_command

LIFE_KEY: Final = "tasks-live"
LIFE_S: Final = 30


@shared_task
def clear_expired_sessions() -> None:
    call_command("clearsessions")


@shared_task
def show_life() -> None:
    """Beat and a worker both live when this was done a moment ago."""
    cache.set(LIFE_KEY, time.time(), LIFE_S)
