"""What Celery does for trading on a schedule. All of it is safe to run twice, and at the same time."""

from celery import shared_task

from trading.services import account_transfers, accounts, collateral, listings


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
