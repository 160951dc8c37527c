"""The journal without PostgreSQL: keeps the same promises, commits when told to, and can crash at named points."""

from collections.abc import Callable

from trading.models.journal import DOMAIN, NO_HASH, Snapshot
from trading.worker.crash_points import Crash, CrashPoint, go_on
from trading.worker.group_commit import Lease, SealedBatch
from trading.worker.journal import JournalFailed


class FakeDatabase:
    """What survives a crash: rows, lease, snapshots. Readable like the tables."""

    def __init__(self) -> None:
        self.batches: list[SealedBatch] = []
        self.epoch = 0
        self.kept_snapshots: dict[int, Snapshot] = {}

    def head(self) -> tuple[int, bytes]:
        return (self.batches[-1].last_sequence, self.batches[-1].hash) if self.batches else (0, NO_HASH)

    def rows(self, *, after_sequence: int, limit: int) -> list[SealedBatch]:
        return [batch for batch in self.batches if batch.last_sequence > after_sequence][:limit]

    def snapshots(self) -> list[Snapshot]:
        return [self.kept_snapshots[sequence] for sequence in sorted(self.kept_snapshots, reverse=True)]

    def keep(self, snapshot: Snapshot, *, kept: int) -> None:
        self.kept_snapshots[snapshot.sequence] = snapshot
        for old in sorted(self.kept_snapshots, reverse=True)[kept:]:
            del self.kept_snapshots[old]


class FakeJournal:
    """One writer's view. An append is durable, and its engine told, when `settle` is called."""

    def __init__(self, database: FakeDatabase, *, crash: Crash = go_on) -> None:
        self._database = database
        self._crash = crash
        self._under_way: tuple[SealedBatch, Callable[[], None]] | None = None

    def take_over(self) -> Lease:
        self._database.epoch += 1
        last_sequence, last_hash = self._database.head()
        return Lease(domain=DOMAIN, epoch=self._database.epoch, last_sequence=last_sequence, last_hash=last_hash)

    def append(self, batch: SealedBatch, committed: Callable[[], None]) -> None:
        assert self._under_way is None, "one commit at a time"
        self._under_way = batch, committed

    def is_settled(self) -> bool:
        return self._under_way is None

    def settle(self) -> None:
        """Commit what is under way. Raises JournalFailed where the real one's process would end."""
        assert self._under_way is not None
        batch, committed = self._under_way
        self._crash(CrashPoint.BEFORE_COMMIT)
        follows = (batch.first_sequence - 1, batch.previous_hash) == self._database.head()
        if batch.epoch != self._database.epoch or not follows:
            raise JournalFailed("Another engine has taken over: the fence let nothing through.")
        self._database.batches.append(batch)
        self._crash(CrashPoint.ANSWER_LOST)
        self._under_way = None
        committed()
