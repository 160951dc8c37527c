"""Celery, and the one table of what is done when. Beat only schedules: what changes the exchange is a command."""

import os
import signal
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_embedded_init, setup_logging, task_postrun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange.settings")

from django.conf import settings

from exchange.embedded.launch import die_with_parent
from exchange.ops.counters import TASKS

SCHEDULE = {
    "clear expired sessions": {"task": "exchange.ops.tasks.clear_expired_sessions", "schedule": crontab(minute="17")},
    "show life": {"task": "exchange.ops.tasks.show_life", "schedule": 10, "options": {"expires": 10}},
    "finish transfers": {"task": "trading.tasks.reconcile_transfers", "schedule": 10, "options": {"expires": 10}},
    "open accounts": {"task": "trading.tasks.open_accounts", "schedule": 10, "options": {"expires": 10}},
    "finish instrument requests": {
        "task": "trading.tasks.deliver_requests",
        "schedule": 10,
        "options": {"expires": 10},
    },
    "apply funding": {"task": "risk.tasks.apply_funding", "schedule": 10, "options": {"expires": 10}},
    "watch feeds": {"task": "risk.tasks.watch_feeds", "schedule": 5, "options": {"expires": 5}},
    "forget old prices": {"task": "risk.tasks.forget_old_prices", "schedule": crontab(minute="37")},
    "measure queues of deleveraging": {
        "task": "trading.tasks.measure_deleveraging_queues",
        "schedule": 10,
        "options": {"expires": 10},
    },
    "keep the order-to-trade limit": {
        "task": "trading.tasks.keep_order_to_trade_limit",
        "schedule": 30,
        "options": {"expires": 30},
    },
    "forget old activity": {"task": "trading.tasks.forget_old_activity", "schedule": crontab(minute="47")},
    "sweep liquidations": {"task": "risk.tasks.sweep_liquidations", "schedule": 60, "options": {"expires": 60}},
    "finish audit entries": {
        "task": "trading.tasks.finish_audit_entries",
        "schedule": 10,
        "options": {"expires": 10},
    },
}


@beat_embedded_init.connect
def end_with_the_worker(**_: object) -> None:
    """Beat is a child of the worker, which may be killed."""
    die_with_parent(parent_pid=os.getppid(), death_signal=signal.SIGKILL)


@setup_logging.connect
def leave_logging_alone(**_: object) -> None:
    """The settings have said how: a receiver keeps Celery from saying it again."""


@task_postrun.connect
def count_task(*, task: Any, state: str | None, **_: object) -> None:
    TASKS.labels(task.name, (state or "unknown").lower()).inc()


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
