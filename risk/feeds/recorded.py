"""What venues once said, from a CSV file (.csv or .csv.gz), said again in the same rhythm.

Columns: time (milliseconds UTC), venue, underlying, and of a quote bid and ask, of a price price, of a bar interval_s,
open, high, low, close. A bar becomes four prices over its interval: open, high, low, close when it fell, else open,
low, high, close.
"""

import csv
import gzip
import io
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, Self

from risk.feeds.definitions import SECOND_NS
from risk.feeds.source import Quote

MILLISECOND_NS: Final = 10**6
NONE: Final = Decimal(0)


class BadRecording(ValueError):
    """Its text says where the file is wrong, and how."""


class RecordedSource:
    """A PriceSource that begins with the file's first row at `start_ns`; when the file ends, its quotes grow old."""

    def __init__(self, *, path: Path, start_ns: int) -> None:
        """Raises BadRecording, and OSError for a file that cannot be read."""
        quotes = sorted(read_quotes(path), key=lambda quote: quote.said_at_ns)
        if not quotes:
            raise BadRecording(f"{path}: there is no row")
        shift_ns = start_ns - quotes[0].said_at_ns
        self._quotes = [quote._replace(said_at_ns=quote.said_at_ns + shift_ns) for quote in quotes]
        self._said = 0
        self._latest: dict[tuple[str, str], Quote] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def quotes(self, *, now_ns: int) -> Sequence[Quote]:
        until = bisect_right(self._quotes, now_ns, key=lambda quote: quote.said_at_ns)
        for quote in self._quotes[self._said : until]:
            self._latest[quote.venue, quote.underlying] = quote
        self._said = max(self._said, until)
        return list(self._latest.values())


def read_quotes(path: Path) -> Iterator[Quote]:
    """The rows in the order of the file, as they were said then."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    rows = csv.DictReader(io.StringIO(text))
    for row in rows:
        try:
            yield from _quotes_of(row)
        except (KeyError, ValueError, TypeError, InvalidOperation) as error:
            raise BadRecording(f"{path}, line {rows.line_num}: {type(error).__name__} {error}") from None


def _quotes_of(row: Mapping[str, str]) -> Iterator[Quote]:
    venue, underlying, time_ns = row["venue"], row["underlying"], int(row["time"]) * MILLISECOND_NS
    if "bid" in row:
        yield Quote(venue, underlying, Decimal(row["bid"]), Decimal(row["ask"]), NONE, time_ns)
        return
    if "price" in row:
        yield Quote(venue, underlying, NONE, NONE, Decimal(row["price"]), time_ns)
        return
    first, high, low, last = (Decimal(row[name]) for name in ("open", "high", "low", "close"))
    path = (first, high, low, last) if last < first else (first, low, high, last)
    step_ns = int(row["interval_s"]) * SECOND_NS // len(path)
    for place, price in enumerate(path):
        yield Quote(venue, underlying, NONE, NONE, price, time_ns + place * step_ns)
