"""One trace through both journals, the real one and the simulator's: the same answers, the same rows."""

import asyncio

import pytest

from tests.simulation.fake_journal import FakeDatabase, FakeJournal
from trading.management.commands.runengine import database_address
from trading.models.journal import DOMAIN, NO_HASH, Snapshot, chain_hash
from trading.worker.group_commit import Lease, SealedBatch
from trading.worker.journal import JournalFailed, JournalTables, PostgresJournal


class FakeWorld:
    def __init__(self):
        self.tables = FakeDatabase()

    def leader(self):
        return FakeJournal(self.tables)

    def append(self, journal, batch) -> bool:
        journal.append(batch, lambda: None)
        try:
            journal.settle()
        except JournalFailed:
            return False
        return True

    def close(self):
        pass


class PostgresWorld:
    def __init__(self, conninfo):
        self.tables = JournalTables()
        self._conninfo = conninfo
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda loop, context: None)
        self._journals, self._started = [], []

    def leader(self):
        journal = PostgresJournal(conninfo=self._conninfo, fatal=self._fatal)
        journal.connect()
        self._journals.append(journal)
        return journal

    def append(self, journal, batch) -> bool:
        return self._loop.run_until_complete(self._append(journal, batch))

    async def _append(self, journal, batch) -> bool:
        if journal not in self._started:
            journal.start()
            self._started.append(journal)
        self._over = self._loop.create_future()
        journal.append(batch, lambda: self._over.set_result(True))
        return await asyncio.wait_for(self._over, 10)

    def _fatal(self, error):
        assert isinstance(error, JournalFailed)
        self._over.set_result(False)
        raise error

    def close(self):
        for journal in self._journals:
            journal.disconnect()
        self._loop.close()


@pytest.fixture(params=["fake", "postgres"])
def world(request, transactional_db):
    world = FakeWorld() if request.param == "fake" else PostgresWorld(database_address())
    yield world
    world.close()


def batch_after(lease: Lease, first_sequence: int, last_sequence: int, previous_hash: bytes) -> SealedBatch:
    payload = f"records {first_sequence} to {last_sequence}".encode()
    fields = {
        "domain": DOMAIN,
        "first_sequence": first_sequence,
        "last_sequence": last_sequence,
        "epoch": lease.epoch,
        "time_ns": 1_700_000_000_000_000_000 + last_sequence,
        "format": 1,
        "logic_version": 1,
        "payload": payload,
        "previous_hash": previous_hash,
    }
    return SealedBatch(**fields, hash=chain_hash(SealedBatch(**fields)))


def rows(world, after_sequence: int = 0) -> list[tuple]:
    return [
        (
            row.first_sequence,
            row.last_sequence,
            row.epoch,
            bytes(row.payload),
            bytes(row.previous_hash),
            bytes(row.hash),
        )
        for row in world.tables.rows(after_sequence=after_sequence, limit=10)
    ]


def test_a_new_leader_finds_an_empty_journal(world):
    assert world.leader().take_over() == Lease(domain=DOMAIN, epoch=1, last_sequence=0, last_hash=NO_HASH)


def test_what_was_appended_is_read_in_order(world):
    journal = world.leader()
    lease = journal.take_over()
    first = batch_after(lease, 1, 3, NO_HASH)
    second = batch_after(lease, 4, 4, first.hash)

    assert world.append(journal, first)
    assert world.append(journal, second)

    expected = [(b.first_sequence, b.last_sequence, 1, b.payload, b.previous_hash, b.hash) for b in (first, second)]
    assert rows(world) == rows(world, after_sequence=2) == expected
    assert rows(world, after_sequence=3) == expected[1:]
    assert rows(world, after_sequence=4) == []


@pytest.mark.parametrize(("first_sequence", "hash_is_right"), [(5, True), (3, True), (4, False)])
def test_what_does_not_follow_is_not_written(world, first_sequence, hash_is_right):
    journal = world.leader()
    lease = journal.take_over()
    first = batch_after(lease, 1, 3, NO_HASH)
    assert world.append(journal, first)
    before = rows(world)

    assert not world.append(journal, batch_after(lease, first_sequence, 6, first.hash if hash_is_right else NO_HASH))

    assert rows(world) == before
    assert world.leader().take_over().last_sequence == 3


def test_the_leader_before_can_write_no_more(world):
    old = world.leader()
    old_lease = old.take_over()
    first = batch_after(old_lease, 1, 3, NO_HASH)
    assert world.append(old, first)

    new = world.leader()
    new_lease = new.take_over()

    assert new_lease == Lease(domain=DOMAIN, epoch=2, last_sequence=3, last_hash=first.hash)
    assert not world.append(old, batch_after(old_lease, 4, 4, first.hash))
    assert world.append(new, batch_after(new_lease, 4, 5, first.hash))
    assert [row[:3] for row in rows(world)] == [(1, 3, 1), (4, 5, 2)]


def test_a_large_batch_is_written_whole(world):
    journal = world.leader()
    lease = journal.take_over()
    small = batch_after(lease, 1, 1, NO_HASH)
    fields = {name: getattr(small, name) for name in SealedBatch.__slots__ if name != "hash"}
    large = SealedBatch(**{**fields, "payload": bytes(range(256)) * 50_000})
    large = SealedBatch(**{**fields, "payload": large.payload}, hash=chain_hash(large))

    assert world.append(journal, large)

    assert rows(world)[0][3] == large.payload


def test_the_newest_snapshots_are_kept(world):
    for sequence in (10, 20, 30, 40):
        snapshot = Snapshot(
            domain=DOMAIN, sequence=sequence, format=1, logic_version=1, payload=b"state %d" % sequence, hash=NO_HASH
        )
        world.tables.keep(snapshot, kept=2)

    kept = [(snapshot.sequence, bytes(snapshot.payload)) for snapshot in world.tables.snapshots()]
    assert kept == [(40, b"state 40"), (30, b"state 30")]
