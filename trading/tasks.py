"""What Celery does for trading on a schedule. All of it is safe to run twice, and at the same time."""

import time

from celery import shared_task
from django.utils import timezone

from trading.services import (
    account_transfers,
    accounts,
    audited,
    collateral,
    deleveraging_queues,
    listings,
    order_to_trade,
)


@shared_task
def reconcile_transfers() -> None:
    collateral.reconcile_transfers()
    account_transfers.carry_on_transfers()


@shared_task
def open_accounts() -> None:
    accounts.open_waiting_accounts()


@shared_task
def deliver_requests() -> None:
    listings.deliver_requests()


@shared_task
def finish_audit_entries() -> None:
    audited.finish_entries(now=timezone.now())


@shared_task
def measure_deleveraging_queues() -> None:
    deleveraging_queues.measure_queues(now_ns=time.time_ns())


@shared_task
def keep_order_to_trade_limit() -> None:
    order_to_trade.keep_limit(now=timezone.now())


@shared_task
def forget_old_activity() -> None:
    order_to_trade.forget_activity(now=timezone.now())
