"""What Celery does for risk on a schedule. All of it is safe to run twice, and at the same time."""

from celery import shared_task

from risk.services.sweep import sweep_all


@shared_task
def sweep_liquidations() -> None:
    sweep_all()
