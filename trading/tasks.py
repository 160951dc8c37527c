"""What Celery does for trading on a schedule. All of it is safe to run twice, and at the same time."""

from celery import shared_task
from django.utils import timezone

from trading.services import audited, collateral, listings


@shared_task
def reconcile_transfers() -> None:
    collateral.reconcile_transfers()


@shared_task
def deliver_requests() -> None:
    listings.deliver_requests()


@shared_task
def finish_audit_entries() -> None:
    audited.finish_entries(now=timezone.now())
