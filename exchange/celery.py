"""Celery, and the one table of what is done when. Beat only schedules: what changes the exchange is a command."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange.settings")

from django.conf import settings

SCHEDULE = {
    "clear expired sessions": {"task": "exchange.ops.tasks.clear_expired_sessions", "schedule": crontab(minute="17")},
}

app = Celery("exchange")
app.conf.update(
    broker_url=settings.VALKEY_URL,
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_acks_late=True,
    task_time_limit=600,
    timezone="UTC",
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    beat_schedule=SCHEDULE,
    beat_schedule_filename=str(settings.VAR_DIR / "beat-schedule"),
)
app.autodiscover_tasks()
app.autodiscover_tasks(["exchange.ops"])
