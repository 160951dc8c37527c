"""Reads a recorded market: gzip CSV, a row is a price level, trade, quote or mark; rows of one `msg` belong together.

Only linear USD-M recordings are taken. Whatever is wrong with a file is told as one `RecordingError` sentence.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple

from exchange.contract.errors import ApiError
from exchange.contract.numbers import parse_scaled, step_from_text
from trading.core.terms import BUY, SELL
from trading.replay.instrument import PARAMETERS, TERMS

HEADER: Final = "msg,recv_ns,event_ms,tx_ms,kind,side,price,qty,first_id,last_id,prev_id"
COLUMNS: Final = tuple(HEADER.split(","))
MSG, KIND, SIDE, PRICE, QUANTITY, FIRST_ID, LAST_ID, PREVIOUS_ID = (
    COLUMNS.index(name) for name in ("msg", "kind", "side", "price", "qty", "first_id", "last_id", "prev_id")
)
SNAPSHOT, DELTA, TRADE = "snapshot", "delta", "trade"
KINDS: Final = frozenset({SNAPSHOT, DELTA, TRADE, "bbo", "mark"})
MARKET_PRINT: Final = "MARKET"
_SIDES: Final = {"B": BUY, "S": SELL}
_TICK, _LOT = step_from_text(TERMS.tick), step_from_text(TERMS.lot)
_READ_AT_ONCE: Final = 1 << 20

Row = tuple[int, list[str]]


class RecordingError(Exception):
    """Why a file cannot be replayed, in one sentence."""


class Level(NamedTuple):
    """A price with its quantity; in a delta 0 lots remove it. `side` is +1 buy, -1 sell (of a trade: the aggressor)."""

    side: int
    price_ticks: int
    quantity_lots: int


class Message(NamedTuple):
    """One message. `levels` and the ids are empty and 0 for the kinds that only the venue's own pages need."""

    kind: str
    levels: Sequence[Level] = ()
    last_id: int = 0
    previous_id: int = 0
    print_type: str = ""


def resolve(path: str, market_data_dir: str | None) -> Path:
    """The file meant: an existing path, else one relative to the folder of recorded markets."""
    candidates = [Path(path)] + ([Path(market_data_dir) / path] if market_data_dir else [])
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    where = f"neither here nor in {market_data_dir}" if market_data_dir else "and MARKET_DATA_DIR is not set"
    raise RecordingError(f"There is no file {path}, {where}.")


def inspect(path: Path, limit: int | None) -> int:
    """Looks for damage anywhere, then reads what a replay of the first `limit` messages will; how many they are.

    Refuses what `messages` refuses, other markets than linear USD-M, and a file without snapshot.
    """
    _read_to_the_end(path)
    _refuse_other_markets(path)
    count, has_snapshot = 0, False
    for message in islice(messages(path), limit):
        count += 1
        has_snapshot = has_snapshot or message.kind == SNAPSHOT
    if not has_snapshot:
        raise RecordingError(f"{path} has no snapshot of the book in its {count} messages, so there is no book.")
    return count


def messages(path: Path) -> Iterator[Message]:
    """The messages in the order of the file, read as a stream."""
    for _, rows in groupby(_rows(path), key=lambda row: row[1][MSG]):
        yield _message(path, list(rows))


def _message(path: Path, rows: list[Row]) -> Message:
    line, first = rows[0]
    kind = first[KIND]
    if any(row[KIND] != kind for _, row in rows):
        raise RecordingError(f"{path} mixes kinds in message {first[MSG]} (line {line}).")
    if kind not in (SNAPSHOT, DELTA, TRADE):
        return Message(kind)
    levels = [_level(path, number, row) for number, row in rows]
    if kind == TRADE:
        return Message(kind, levels, print_type=first[PREVIOUS_ID])
    previous_id = _update_id(path, line, first[PREVIOUS_ID]) if kind == DELTA else 0
    return Message(kind, levels, _update_id(path, line, first[LAST_ID]), previous_id)


def _level(path: Path, line: int, row: list[str]) -> Level:
    try:
        return Level(_SIDES[row[SIDE]], _price_ticks(row[PRICE]), _quantity_lots(row[QUANTITY]))
    except KeyError:
        raise RecordingError(f"{path} line {line}: the side must be B or S.") from None
    except ApiError as refusal:
        raise RecordingError(f"{path} line {line}: {refusal.message}") from None


@lru_cache(maxsize=1 << 16)
def _price_ticks(text: str) -> int:
    price_ticks = parse_scaled(text, step=_TICK, field="price", maximum=PARAMETERS.maximum_price_ticks)
    if not price_ticks:
        raise ApiError("invalid_price", "price must be above zero.")
    return price_ticks


@lru_cache(maxsize=1 << 16)
def _quantity_lots(text: str) -> int:
    return parse_scaled(text, step=_LOT, field="qty", maximum=PARAMETERS.maximum_order_lots)


def _update_id(path: Path, line: int, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise RecordingError(f"{path} line {line}: an update id of the book is missing.")
    return int(text)


def _rows(path: Path) -> Iterator[Row]:
    """Line numbers and fields of the rows, the header checked."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            header = next(reader, None)
            if header is None:
                raise RecordingError(f"{path} is empty.")
            if tuple(header) != COLUMNS:
                raise RecordingError(f"{path} has other columns than {HEADER}.")
            for line, row in enumerate(reader, start=2):
                if len(row) != len(COLUMNS):
                    raise RecordingError(f"{path} line {line} has {len(row)} columns instead of {len(COLUMNS)}.")
                if row[KIND] not in KINDS:
                    raise RecordingError(f"{path} line {line} is of the unknown kind {row[KIND]!r}.")
                yield line, row
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as damage:
        raise RecordingError(f"{path} cannot be read as gzip CSV: {damage}.") from None


def _read_to_the_end(path: Path) -> None:
    """Only to the end does gzip find a truncated or damaged file."""
    try:
        with gzip.open(path) as file:
            while file.read(_READ_AT_ONCE):
                pass
    except (OSError, EOFError, zlib.error) as damage:
        raise RecordingError(f"{path} cannot be read as gzip CSV: {damage}.") from None


def _refuse_other_markets(path: Path) -> None:
    """Spot updates do not name the update before them; inverse contracts are counted in whole contracts."""
    snapshot: list[str] = []
    for kind, rows in groupby((row for _, row in _rows(path)), key=itemgetter(KIND)):
        if kind in (DELTA, TRADE) and not next(rows)[PREVIOUS_ID]:
            raise RecordingError(
                f"{path} is a spot recording (its {kind} rows have no prev_id); only linear USD-M futures are replayed."
            )
        if kind == SNAPSHOT:
            snapshot = snapshot or [row[QUANTITY] for row in rows]
        if kind == DELTA and snapshot:
            break
    in_contracts = bool(snapshot) and not any("." in quantity for quantity in snapshot)
    if in_contracts or "coinm" in path.name.lower():
        sign = "its quantities are whole contracts" if in_contracts else "by its name"
        raise RecordingError(f"{path} is a COIN-M recording ({sign}); only linear USD-M futures are replayed.")
