"""Group commit, driven by hand: who is told what, and when."""

import msgspec
import pytest

from tests.simulation.fake_journal import FakeDatabase, FakeJournal
from tests.worker.market import ALICE, BTC_PERP, MARK_TICKS, PARAMETERS, limit_order, opening_commands
from trading.engine.answers import decode_answers
from trading.engine.commands import DescribeAccount, SetInstrumentParameters
from trading.engine.events import ParametersChanged
from trading.engine.replies import AccountView, Outcome, QueryRefused
from trading.engine.snapshot import state_hash
from trading.engine.wire import decode_records, encode_command
from trading.services.gateway import new_command_id
from trading.worker.crash_points import CrashPoint
from trading.worker.follower import SnapshotFollower
from trading.worker.group_commit import (
    COMMANDS_A_BATCH,
    INBOX_COMMANDS,
    LONGEST_DELAY_NS,
    EngineStalled,
    GroupCommit,
)
from trading.worker.recovery import BrokenJournal, recover

GATEWAY = "gateway.1"
START_NS = 1_700_000_000_000_000_000


class Crashed(Exception):
    pass


class Desk:
    """A worker without sockets: a fake journal, a clock that is set by hand, and what was told."""

    def __init__(self, database=None, crash_at=None):
        self.database = database or FakeDatabase()
        self.crash_at = crash_at
        self.now_ns = START_NS
        self.told = []
        self.journal = FakeJournal(self.database, crash=self._crash)
        lease = self.journal.take_over()
        self.engine = recover(source=self.database, lease=lease, crash=self._crash)
        self.commit = GroupCommit(
            engine=self.engine,
            journal=self.journal,
            lease=lease,
            clock=lambda: self.now_ns,
            tell=self._tell,
            crash=self._crash,
        )

    def send(self, *commands):
        encoded = [command if isinstance(command, bytes) else encode_command(command) for command in commands]
        self.commit.receive(reply_channel=GATEWAY, commands=encoded)

    def work(self):
        """Decide and commit until nothing is left."""
        while not self.commit.is_idle():
            self.commit.step()
            if not self.journal.is_settled():
                self.journal.settle()

    def replies(self):
        told, self.told = self.told, []
        return told

    def _tell(self, replies):
        assert set(replies) <= {GATEWAY}
        self.told += [reply for answers in replies.get(GATEWAY, []) for reply in decode_answers(answers)]

    def _crash(self, point):
        if point is self.crash_at:
            raise Crashed(point)


@pytest.fixture
def desk():
    desk = Desk()
    desk.send(*opening_commands())
    desk.work()
    assert len(desk.replies()) == len(opening_commands())
    return desk


def order(**fields):
    return msgspec.structs.replace(limit_order(**fields), valid_until_ns=0)


def describe(account_id=ALICE):
    return DescribeAccount(new_command_id(), 0, account_id)


def test_nobody_is_told_before_the_commit(desk):
    desk.send(order())
    desk.commit.step()
    assert desk.replies() == []

    desk.journal.settle()

    assert [type(reply) for reply in desk.replies()] == [Outcome]


def test_what_fails_half_way_through_a_message_is_not_told(desk, monkeypatch):
    desk.send(order())
    desk.commit.step()
    execute, calls = desk.engine.execute, iter((True, False))

    def failing(command, time_ns, standings):
        if not next(calls):
            raise Crashed
        return execute(command, time_ns, standings)

    monkeypatch.setattr(desk.engine, "execute", failing)
    desk.send(order(), order())
    with pytest.raises(Crashed):
        desk.commit.step()

    desk.journal.settle()

    assert [reply.sequence for reply in desk.replies()] == [desk.database.batches[-1].last_sequence]


def test_what_comes_during_a_commit_is_one_batch(desk):
    desk.send(order())
    desk.commit.step()
    for _ in range(3):
        desk.send(order())
        desk.commit.step()
    before = len(desk.database.batches)

    desk.journal.settle()
    desk.journal.settle()

    assert len(desk.database.batches) == before + 2
    assert len(decode_records(desk.database.batches[-1].payload)) == 3
    assert len(desk.replies()) == 4


def test_a_batch_is_bounded(desk):
    desk.send(*[order() for _ in range(COMMANDS_A_BATCH + 10)])
    desk.commit.step()
    desk.commit.step()
    desk.work()

    sizes = [len(decode_records(batch.payload)) for batch in desk.database.batches[-2:]]
    assert sizes == [COMMANDS_A_BATCH, 10]


def test_the_inbox_says_when_it_is_full(desk):
    desk.send(*[order() for _ in range(INBOX_COMMANDS - 1)])
    assert desk.commit.has_room()
    desk.send(order())
    assert not desk.commit.has_room()


def test_a_query_is_answered_at_once_when_all_is_committed(desk):
    desk.send(describe())
    desk.commit.step()

    assert [type(reply) for reply in desk.replies()] == [AccountView]
    assert desk.journal.is_settled()


def test_a_query_waits_for_the_batches_it_saw(desk):
    desk.send(order())
    desk.commit.step()
    desk.send(describe())
    desk.commit.step()
    assert desk.replies() == []

    desk.journal.settle()

    outcome, view = sorted(desk.replies(), key=lambda reply: isinstance(reply, AccountView))
    assert view.sequence == outcome.sequence


@pytest.mark.parametrize(("nonsense", "command_id"), [(b"\xc1", b""), (msgspec.msgpack.encode([99, b"id", 0]), b"id")])
def test_nonsense_is_refused_and_leaves_no_trace(desk, nonsense, command_id):
    head = desk.database.head()
    desk.send(nonsense)
    desk.work()

    reply = desk.replies()[0]
    assert (type(reply), reply.command_id, reply.code) == (QueryRefused, command_id, "invalid_parameter")
    assert desk.database.head() == head


def test_time_alone_fires_a_timer(desk):
    due_ns = START_NS + 10**9
    parameters = PARAMETERS._replace(version=2)
    desk.send(SetInstrumentParameters(new_command_id(), 0, BTC_PERP, parameters, due_ns))
    desk.work()
    assert not desk.commit.step()
    assert desk.commit.is_idle()

    desk.now_ns = due_ns
    desk.commit.step()
    desk.work()

    events = [event for record in decode_records(desk.database.batches[-1].payload) for event in record.events]
    assert [type(event) for event in events] == [ParametersChanged]
    assert desk.engine.state.instruments[BTC_PERP].parameters == parameters


def test_time_never_runs_backwards(desk):
    desk.now_ns -= 10**9
    desk.send(order())
    desk.work()

    assert desk.replies()[0].time_ns == START_NS


def test_a_batch_that_waited_too_long_is_never_sent(desk):
    desk.send(order())
    desk.commit.step()
    desk.send(order())
    desk.commit.step()
    desk.now_ns += LONGEST_DELAY_NS + 1

    with pytest.raises(EngineStalled):
        desk.journal.settle()


def test_the_lag_is_the_age_of_the_oldest_unanswered_command(desk):
    assert desk.commit.lag_ns() == 0
    desk.send(order())
    desk.now_ns += 5
    assert desk.commit.lag_ns() == 5
    desk.commit.step()
    desk.now_ns += 5
    assert desk.commit.lag_ns() == 10
    desk.journal.settle()
    assert desk.commit.lag_ns() == 0


@pytest.mark.parametrize(
    ("point", "is_durable"),
    [
        (CrashPoint.BEFORE_BEGIN, False),
        (CrashPoint.BEFORE_COMMIT, False),
        (CrashPoint.ANSWER_LOST, True),
        (CrashPoint.AFTER_COMMIT, True),
    ],
)
def test_a_crash_leaves_all_or_nothing(desk, point, is_durable):
    before = state_hash(desk.engine.state)
    desk.crash_at = point
    desk.send(order())
    with pytest.raises(Crashed):
        desk.work()
    assert desk.replies() == []

    recovered = Desk(desk.database).engine

    expected = state_hash(desk.engine.state) if is_durable else before
    assert state_hash(recovered.state) == expected


def test_recovery_goes_on_from_a_snapshot(desk):
    follower = SnapshotFollower(store=desk.database, every_sequences=1, monotonic=lambda: 0.0)
    follower.step()
    snapshot_at = desk.database.head()[0]
    desk.send(order(), order(price_ticks=MARK_TICKS))
    desk.work()
    without_the_beginning = FakeDatabase()
    without_the_beginning.kept_snapshots = desk.database.kept_snapshots
    without_the_beginning.batches = [b for b in desk.database.batches if b.last_sequence >= snapshot_at]

    recovered = Desk(without_the_beginning).engine

    assert state_hash(recovered.state) == state_hash(desk.engine.state)


@pytest.mark.parametrize("damage", ["payload", "hash", "format"])
def test_a_damaged_snapshot_is_passed_over(desk, damage):
    SnapshotFollower(store=desk.database, every_sequences=1, monotonic=lambda: 0.0).step()
    (kept,) = desk.database.kept_snapshots.values()
    setattr(kept, damage, {"payload": kept.payload[:-1], "hash": bytes(32), "format": 99}[damage])

    recovered = Desk(desk.database).engine

    assert state_hash(recovered.state) == state_hash(desk.engine.state)


@pytest.mark.parametrize("name", ["payload", "previous_hash", "hash", "time_ns", "last_sequence"])
def test_a_damaged_row_is_refused(desk, name):
    desk.send(order())
    desk.work()
    row = desk.database.batches[0]
    value = getattr(row, name)
    damaged = value + 1 if isinstance(value, int) else bytes([value[0] ^ 1]) + value[1:]
    fields = {field: getattr(row, field) for field in type(row).__slots__} | {name: damaged}
    desk.database.batches[0] = type(row)(**fields)

    with pytest.raises(BrokenJournal):
        Desk(desk.database)


def test_a_journal_that_lost_its_end_is_refused(desk):
    journal = FakeJournal(desk.database)
    lease = journal.take_over()
    desk.database.batches.pop()

    with pytest.raises(BrokenJournal):
        recover(source=desk.database, lease=lease)


def test_a_crash_during_a_snapshot_keeps_none(desk):
    def crash(point):
        raise Crashed(point)

    follower = SnapshotFollower(store=desk.database, every_sequences=1, monotonic=lambda: 0.0, crash=crash)
    with pytest.raises(Crashed):
        follower.step()

    assert desk.database.kept_snapshots == {}


def test_snapshots_come_by_sequences_and_by_time(desk):
    now_s = 0.0
    follower = SnapshotFollower(store=desk.database, every_sequences=100, every_s=60, monotonic=lambda: now_s)
    assert follower.step() == desk.database.head()[0]
    assert desk.database.kept_snapshots == {}

    now_s = 61.0
    follower.step()
    assert list(desk.database.kept_snapshots) == [desk.database.head()[0]]

    now_s = 200.0
    follower.step()
    assert len(desk.database.kept_snapshots) == 1, "nothing has changed"

    desk.send(*[order() for _ in range(100)])
    desk.work()
    now_s = 201.0
    follower.step()
    assert len(desk.database.kept_snapshots) == 2
