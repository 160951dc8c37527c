"""A reader of the journal that folds it and now and then keeps a snapshot: the engine's own thread never makes one."""

import hashlib
import logging
import time
from collections.abc import Callable
from typing import Final, Protocol

from trading.engine.snapshot import SNAPSHOT_FORMAT, dump
from trading.engine.wire import LOGIC_VERSION
from trading.models.journal import DOMAIN, Snapshot
from trading.worker.crash_points import Crash, CrashPoint, go_on
from trading.worker.journal import JournalTables
from trading.worker.recovery import BrokenJournal, Replay, Source

logger = logging.getLogger(__name__)

READ_EVERY_S: Final = 0.5
ROWS_A_STEP: Final = 50
SNAPSHOT_EVERY_SEQUENCES: Final = 200_000
SNAPSHOT_EVERY_S: Final = 60.0
KEPT: Final = 3


class Store(Source, Protocol):
    def keep(self, snapshot: Snapshot, *, kept: int) -> None:
        """Write it, and drop all but the newest `kept`."""


class SnapshotFollower:
    """Call `step` again and again. A snapshot is kept after so many sequences, or so many seconds if anything
    happened."""

    def __init__(
        self,
        *,
        store: Store | None = None,
        every_sequences: int = SNAPSHOT_EVERY_SEQUENCES,
        every_s: float = SNAPSHOT_EVERY_S,
        kept: int = KEPT,
        monotonic: Callable[[], float] = time.monotonic,
        crash: Crash = go_on,
    ) -> None:
        self._store = store or JournalTables()
        self._every_sequences, self._every_s, self._kept = every_sequences, every_s, kept
        self._monotonic = monotonic
        self._crash = crash
        self._replay: Replay | None = None
        self._broken = False
        self._read_s = float("-inf")

    def step(self) -> int:
        """Fold what is new, keep a snapshot when one is due. Returns how many records were folded."""
        now_s = self._monotonic()
        if self._broken or now_s < self._read_s + READ_EVERY_S:
            return 0
        try:
            folded = self._fold()
        except BrokenJournal as error:
            logger.critical("No more snapshots: %s", error)
            self._broken = True
            return 0
        if not folded:
            self._read_s = now_s
        self._keep_when_due(now_s)
        return folded

    def _fold(self) -> int:
        if self._replay is None:
            self._replay = Replay.from_snapshot(self._store)
            self._kept_sequence, self._kept_s = self._replay.sequence, self._monotonic()
        before = self._replay.sequence
        for row in self._store.rows(after_sequence=before, limit=ROWS_A_STEP):
            self._replay.fold(row)
        return self._replay.sequence - before

    def _keep_when_due(self, now_s: float) -> None:
        assert self._replay is not None
        behind = self._replay.sequence - self._kept_sequence
        if behind >= self._every_sequences or (behind and now_s - self._kept_s >= self._every_s):
            self._keep(self._replay)
            self._kept_sequence, self._kept_s = self._replay.sequence, now_s

    def _keep(self, replay: Replay) -> None:
        payload = dump(replay.engine.state)
        self._crash(CrashPoint.DURING_SNAPSHOT)
        snapshot = Snapshot(
            domain=DOMAIN,
            sequence=replay.sequence,
            format=SNAPSHOT_FORMAT,
            logic_version=LOGIC_VERSION,
            payload=payload,
            hash=hashlib.sha256(payload).digest(),  # the state hash: state_hash() would dump once more
        )
        self._store.keep(snapshot, kept=self._kept)
