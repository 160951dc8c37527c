"""What Celery does for risk on a schedule. All of it is safe to run twice, and at the same time."""

import time
from typing import Final

from celery import shared_task
from django.conf import settings

from risk.feeds.watch import stop_without_feeds
from risk.services import funding, records, sweep

DAY_NS: Final = 24 * 3_600 * 10**9
STARTED_NS: Final = time.time_ns()


@shared_task
def apply_funding() -> None:
    funding.apply_due(now_ns=time.time_ns())


@shared_task
def sweep_liquidations() -> None:
    sweep.sweep_all()


@shared_task
def watch_feeds() -> None:
    stop_without_feeds(now_ns=time.time_ns(), watched_since_ns=STARTED_NS)


@shared_task
def forget_old_prices() -> None:
    now_ns = time.time_ns()
    records.forget_before(
        ticks_ns=now_ns - settings.INDEX_PRICES_KEPT_DAYS * DAY_NS,
        samples_ns=now_ns - settings.PREMIUMS_KEPT_DAYS * DAY_NS,
    )
