"""From the journal to the state: the newest good snapshot, then every later record folded, the chain checked."""

import logging
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from trading.engine import snapshot as snapshots
from trading.engine.engine import Engine
from trading.engine.wire import FORMAT, LOGIC_VERSION, decode_records_to_fold
from trading.models.journal import NO_HASH, Batch, chain_hash
from trading.worker.crash_points import Crash, CrashPoint, go_on
from trading.worker.group_commit import Lease

logger = logging.getLogger(__name__)

ROWS_A_READ: Final = 200


class BrokenJournal(Exception):
    """The journal is not what was written. Nobody may trade on it before a human has looked."""


class KeptSnapshot(Protocol):
    sequence: int
    format: int
    logic_version: int
    payload: bytes
    hash: bytes


class Source(Protocol):
    def rows(self, *, after_sequence: int, limit: int) -> Sequence[Batch]:
        """The next batches, oldest first."""

    def snapshots(self) -> Iterable[KeptSnapshot]:
        """Newest first."""


class Replay:
    """An engine that follows the journal. `hash` is the chain's at `sequence`."""

    def __init__(self, *, engine: Engine, last_hash: bytes = NO_HASH) -> None:
        self.engine = engine
        self.sequence = engine.state.sequence
        self.hash = last_hash

    @classmethod
    def from_snapshot(cls, source: Source) -> "Replay":
        """At the newest snapshot that is what it says, or at the very beginning."""
        for kept in source.snapshots():
            replay = _load(kept, source)
            if replay is not None:
                return replay
            logger.warning("The snapshot at %d is of no use; trying the one before.", kept.sequence)
        return cls(engine=Engine())

    def fold(self, row: Batch) -> None:
        """Raises BrokenJournal when `row` is not the one that has to follow."""
        if row.first_sequence != self.sequence + 1 or bytes(row.previous_hash) != self.hash:
            raise BrokenJournal(f"The journal is broken: nothing follows sequence {self.sequence} as it should.")
        _check(row)
        fold = self.engine.fold
        for record in decode_records_to_fold(row.payload):
            fold(record)
        if self.engine.state.sequence != row.last_sequence:
            raise BrokenJournal(f"The journal is broken: the row up to {row.last_sequence} lacks records.")
        self.sequence, self.hash = row.last_sequence, bytes(row.hash)


def recover(*, source: Source, lease: Lease, crash: Crash = go_on) -> Engine:
    """The engine as it was at the lease's last sequence. Raises BrokenJournal."""
    replay = Replay.from_snapshot(source)
    while replay.sequence < lease.last_sequence:
        rows = source.rows(after_sequence=replay.sequence, limit=ROWS_A_READ)
        if not rows:
            raise BrokenJournal(f"The journal is broken: it ends at {replay.sequence}, not at {lease.last_sequence}.")
        for row in rows:
            replay.fold(row)
            crash(CrashPoint.DURING_REPLAY)
    if (replay.sequence, replay.hash) != (lease.last_sequence, lease.last_hash):
        raise BrokenJournal(f"The journal is broken: its end is not the one that was written ({lease.last_sequence}).")
    return replay.engine


def _check(row: Batch) -> None:
    if row.format > FORMAT:
        raise BrokenJournal(f"The journal is of a later version: format {row.format} at {row.first_sequence}.")
    if chain_hash(row) != bytes(row.hash):
        raise BrokenJournal(
            f"The journal is broken: the row up to {row.last_sequence} was changed after it was written."
        )


def _load(kept: KeptSnapshot, source: Source) -> Replay | None:
    """None when the snapshot is of other rules, does not load to what its hash says, or ends inside a row."""
    if (kept.format, kept.logic_version) != (snapshots.SNAPSHOT_FORMAT, LOGIC_VERSION):
        return None
    rows = source.rows(after_sequence=kept.sequence - 1, limit=1)
    if not rows or rows[0].last_sequence != kept.sequence:
        return None
    try:
        state = snapshots.load(bytes(kept.payload))
    except Exception:  # whatever damaged bytes lead to; the journal itself still has everything
        return None
    if snapshots.state_hash(state) != bytes(kept.hash) or state.sequence != kept.sequence:
        return None
    _check(rows[0])
    return Replay(engine=Engine(state=state), last_hash=bytes(rows[0].hash))
