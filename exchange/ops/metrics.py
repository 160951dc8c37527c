"""/metrics in Prometheus' format, for whoever has METRICS_TOKEN: what processes counted, and what is so right now."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil
import redis
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from exchange.ops.health import check_all, check_feeds
from trading.selectors.operations import journal_state, reader_states
from trading.services import gateway

CELERY_QUEUE: Final = "celery"
VALKEY_TIMEOUT_S: Final = 1


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """401 without the token; 404 where none is set."""
    if not settings.METRICS_TOKEN:
        return HttpResponse(status=404)
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'})
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(PresentState())
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder:
        _forget_the_dead(Path(folder))
        multiprocess.MultiProcessCollector(registry, path=folder)
    else:
        registry.register(Own())
    return registry


def _forget_the_dead(folder: Path) -> None:
    """Processes that were killed have no more sockets; what they counted stays counted."""
    for path in folder.glob("gauge_live*.db"):
        pid = int(path.stem.rpartition("_")[2])
        if not psutil.pid_exists(pid):
            multiprocess.mark_process_dead(pid, path=str(folder))


class Own(Collector):
    """What this process counted, alone."""

    def collect(self) -> Iterator[Metric]:
        yield from REGISTRY.collect()


class PresentState(Collector):
    """Read when asked for. What cannot be read is left out, and its check says why."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("exchange_check_up", "1 when the part is well, as in /health/ready.", labels=["check"])
        for check in (*check_all(), check_feeds()):
            up.add_metric([check.name], float(check.is_well))
        yield up
        yield from _engine()
        with suppress(DatabaseError):
            yield from _readers()
        with suppress(redis.RedisError):
            yield _queues()


def _engine() -> Iterator[Metric]:
    beat = gateway.heartbeat()
    if beat is None:
        return
    yield GaugeMetricFamily("exchange_engine_sequence", "Last committed record.", value=beat.sequence)
    yield GaugeMetricFamily("exchange_engine_epoch", "Rises with each new leader.", value=beat.epoch)
    yield GaugeMetricFamily(
        "exchange_engine_lag_seconds", "Wait of the oldest unanswered command.", value=beat.lag_ms / 1000
    )
    yield GaugeMetricFamily("exchange_engine_inbox_commands", "Commands not decided yet.", value=beat.waiting)
    yield SummaryMetricFamily(
        "exchange_engine_batch_records", "Records a batch.", count_value=beat.batches, sum_value=beat.records
    )
    yield SummaryMetricFamily(
        "exchange_engine_commit_seconds",
        "From sending a batch to the journal until it was durable.",
        count_value=beat.batches,
        sum_value=beat.commit_ns / 1e9,
    )


def _readers() -> Iterator[Metric]:
    now_ns = time.time_ns()
    journal = journal_state(now_ns=now_ns)
    yield CounterMetricFamily("exchange_journal_records", "Records in the journal.", value=journal.sequence)
    yield GaugeMetricFamily("exchange_snapshot_sequence", "Of the newest snapshot.", value=journal.snapshot_sequence)
    sequence = GaugeMetricFamily("exchange_reader_sequence", "How far the reader is.", labels=["reader"])
    behind = GaugeMetricFamily("exchange_reader_behind_records", "Records the reader lacks.", labels=["reader"])
    lag = GaugeMetricFamily("exchange_reader_lag_seconds", "Age of the oldest record it lacks.", labels=["reader"])
    for state in reader_states(now_ns=now_ns):
        sequence.add_metric([state.name], state.sequence)
        behind.add_metric([state.name], state.behind)
        lag.add_metric([state.name], state.lag_ms / 1000)
    yield from (sequence, behind, lag)


def _queues() -> Metric:
    """Celery's queue, and the messages on their way to the engine."""
    length = GaugeMetricFamily("exchange_queue_length", "What waits in Valkey.", labels=["queue"])
    beat = gateway.heartbeat()
    options = {"socket_timeout": VALKEY_TIMEOUT_S, "socket_connect_timeout": VALKEY_TIMEOUT_S}
    with redis.Redis.from_url(settings.VALKEY_URL, **options) as client:
        length.add_metric([CELERY_QUEUE], client.llen(CELERY_QUEUE))
        if beat is not None:
            length.add_metric(["engine"], client.zcard(f"asgi{beat.channel}"))
    return length
