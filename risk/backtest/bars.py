"""Recorded bars of a venue: gzip CSV with the columns ts (opening time, UTC), open, high, low, close.

Prices become nanoticks (10^-9 tick). Whatever is wrong with a file is told as one `BarsError` sentence.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, NamedTuple

from trading.core.terms import PPB

NEEDED: Final = ("ts", "open", "high", "low", "close")


class BarsError(Exception):
    """Why a file of bars cannot be used, in one sentence."""


class Bar(NamedTuple):
    """Prices in nanoticks."""

    open: int
    high: int
    low: int
    close: int


def resolve(path: str, market_data_dir: str | None) -> Path:
    """The file meant: an existing path, else one relative to the folder of recorded markets."""
    candidates = [Path(path)] + ([Path(market_data_dir) / path] if market_data_dir else [])
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    where = f"neither here nor in {market_data_dir}" if market_data_dir else "and MARKET_DATA_DIR is not set"
    raise BarsError(f"There is no file {path}, {where}.")


def read_bars(path: Path, *, tick: Decimal, starts_s: int, ends_s: int) -> dict[int, Bar]:
    """The bars that open within [starts_s, ends_s), by opening time in UNIX seconds."""
    bars: dict[int, Bar] = {}
    for line, row in _rows(path):
        try:
            opens_s = int(datetime.strptime(row["ts"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
            if not starts_s <= opens_s < ends_s:
                continue
            bar = Bar(*(_nanoticks(row[name], tick) for name in NEEDED[1:]))
        except (ValueError, TypeError, InvalidOperation) as reason:
            raise BarsError(f"{path} line {line}: {reason}.") from None
        if not 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
            raise BarsError(f"{path} line {line}: open, high, low and close do not fit.")
        bars[opens_s] = bar
    if not bars:
        raise BarsError(f"{path} has no bar within the scenario's time.")
    return bars


def _nanoticks(text: str, tick: Decimal) -> int:
    return int((Decimal(text) * PPB / tick).to_integral_value())


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames is None or not set(NEEDED) <= set(reader.fieldnames):
                raise BarsError(f"{path} has not the columns {', '.join(NEEDED)}.")
            for row in reader:
                yield reader.line_num, row
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as reason:
        raise BarsError(f"{path} cannot be read: {reason}.") from None
