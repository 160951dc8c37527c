"""What changed, for those who listen: the rows a batch of records changed, by market and by account.

The last sequence of each stream is kept in the transaction of the rows themselves. So whoever missed a message can tell
from the next one, and what was never published (a rebuild, Valkey away) shows as a gap.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from trading.models import StreamPosition
from trading.projections.projection import Projection
from trading.projections.tables import Table

POSITIONS: Final = Table(StreamPosition)

Positions = dict[int, int]


class Change(msgspec.Struct, frozen=True, array_like=True):
    """What a projection made of the records after `previous_sequence` up to `sequence`, for one market or account.

    `rows` are in the order in which they changed, as `Projection.changes` gives them. Both sequences are of records
    that changed something of this owner's.
    """

    projection: str
    owner_id: int
    previous_sequence: int
    sequence: int
    rows: list[Any]


class HeardChange(msgspec.Struct, frozen=True, array_like=True):
    """A `Change` as it arrives, its rows not decoded yet."""

    projection: str
    owner_id: int
    previous_sequence: int
    sequence: int
    rows: msgspec.Raw


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(list[HeardChange])


def group_name(kind: str, owner_id: int) -> str:
    """The channel layer's group for one market or account."""
    return f"{kind}.{owner_id}"


def encode_changes(changes: Sequence[Change]) -> bytes:
    return _encoder.encode(changes)


def decode_changes(data: bytes) -> list[HeardChange]:
    """Raises msgspec.DecodeError on anything else."""
    return _decoder.decode(data)


def take_changes(projection: Projection, positions: Positions) -> Iterator[Change]:
    """One change an owner, of what was folded since the last write; moves the positions on."""
    owners: dict[int, list[Any]] = {}
    sequences: Positions = {}
    for owner_id, sequence, row in projection.changes():
        owners.setdefault(owner_id, []).append(row)
        sequences[owner_id] = max(sequence, sequences.get(owner_id, 0))
    for owner_id, rows in owners.items():
        sequence = sequences[owner_id]
        yield Change(projection.name, owner_id, positions.get(owner_id, 0), sequence, rows)
        positions[owner_id] = sequence


def read_positions(cursor: Any, name: str) -> Positions:
    """The last sequence of each owner's stream of this projection."""
    cursor.execute(f"SELECT owner_id, sequence FROM {POSITIONS.name} WHERE projection = %s", [name])
    return dict(cursor.fetchall())


def write_positions(cursor: Any, changes: Iterable[Change]) -> None:
    POSITIONS.upsert(cursor, [(change.projection, change.owner_id, change.sequence) for change in changes])


def replace_positions(cursor: Any, name: str, positions: Positions) -> None:
    cursor.execute(f"DELETE FROM {POSITIONS.name} WHERE projection = %s", [name])
    POSITIONS.append(cursor, [(name, owner_id, sequence) for owner_id, sequence in positions.items()])
