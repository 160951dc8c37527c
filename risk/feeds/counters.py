"""What the feeds count of themselves, for /metrics."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import Counter, Gauge

from risk.core.index_price import CLAMPED_HIGH, CLAMPED_LOW, INDEX_FIRM, USED, IndexRecord
from risk.selectors import FATE_WORDS

COUNTING: Final = frozenset((USED, CLAMPED_LOW, CLAMPED_HIGH))

FIRM: Final = Gauge(
    "exchange_index_firm", "1 while the index may move marks.", ["index"], multiprocess_mode="livemostrecent"
)
VENUE_UP: Final = Gauge(
    "exchange_venue_up", "1 while the venue counts.", ["index", "venue"], multiprocess_mode="livemostrecent"
)
VENUE_AGE: Final = Gauge(
    "exchange_venue_age_seconds", "Age of its quote.", ["index", "venue"], multiprocess_mode="livemostrecent"
)
FATES_COUNTED: Final = Counter("exchange_venue_fates", "What became of quotes.", ["index", "venue", "fate"])
VENUE_FAILURES: Final = Counter("exchange_venue_failures", "Requests that failed.", ["venue", "kind"])


def count(records: Mapping[str, IndexRecord]) -> None:
    for asset, record in records.items():
        FIRM.labels(asset).set(record.status == INDEX_FIRM)
        for quote, fate, _ in record.constituents:
            VENUE_UP.labels(asset, quote.venue).set(fate in COUNTING)
            VENUE_AGE.labels(asset, quote.venue).set(quote.age_ns / 1e9)
            FATES_COUNTED.labels(asset, quote.venue, FATE_WORDS[fate]).inc()
