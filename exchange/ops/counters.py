"""What processes count of themselves. With PROMETHEUS_MULTIPROC_DIR set they count into files there, one a process, and
whichever is asked tells of all; what belongs to one app is counted there (`exchange.identity.buckets`, streams)."""

from typing import Final

from prometheus_client import Counter, Histogram

REQUESTS: Final = Histogram(
    "exchange_request_seconds",
    "Time to answer a request; the count is that of the requests.",
    ["method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
TASKS: Final = Counter("exchange_tasks", "Celery tasks that ended.", ["task", "outcome"])
