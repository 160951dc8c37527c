"""The worker under a seed: clients, a network that loses, repeats and reorders, crashes at named points, stale leaders.

Everything is production code but the network, the clock and the journal's storage; all chance comes from the seed, so
a failing run replays byte for byte. Every batch that becomes durable is judged as it appears: by the invariants, by
the reference engine, and by what clients were told.
"""

import hashlib
import random
from collections import Counter
from dataclasses import dataclass, field

import msgspec

from tests.simulation.commands import CommandStream
from tests.simulation.fake_journal import FakeDatabase, FakeJournal
from tests.simulation.judge import Judge
from tests.simulation.limits import tight_limits
from trading.engine import wire
from trading.engine.answers import decode_answers
from trading.engine.commands import DescribeAccount, ExternalCommand
from trading.engine.snapshot import state_hash
from trading.worker.crash_points import CrashPoint
from trading.worker.follower import SnapshotFollower
from trading.worker.group_commit import EngineStalled, GroupCommit, Replies
from trading.worker.journal import JournalFailed
from trading.worker.recovery import recover

CLIENTS = ("alice", "bob", "charlie")
SECOND_NS = 10**9


class Crashed(Exception):
    """The process ended here."""


@dataclass
class Leader:
    """One engine process. A stale one still believes that it leads."""

    journal: FakeJournal
    worker: GroupCommit
    is_stale: bool = False


@dataclass
class Network:
    """Messages under way to the engine and replies under way back; any of them may be next, twice, or never."""

    requests: list[tuple[str, list[bytes]]] = field(default_factory=list)
    replies: list[tuple[str, bytes]] = field(default_factory=list)


class Simulation:
    """`run(steps)` plays; raises AssertionError at the first thing that must not be."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.database = FakeDatabase()
        self.judge = Judge(self.database)
        self.stream = CommandStream(seed=seed, view=self.judge.auditor.view)
        self.network = Network()
        self.clock_ns = self.stream.clock_ns
        self.skew_ns = 0
        self.unanswered: dict[bytes, tuple[str, bytes]] = {}
        self.crashes: Counter[str] = Counter()
        self.armed: CrashPoint | None = None
        self.lies_in_wait = False
        self.told = hashlib.sha256()
        self.stale: list[Leader] = []
        self.follower = self._new_follower()
        with tight_limits():
            self.leader = self._start()
            self._open_the_market()

    def run(self, steps: int) -> None:
        with tight_limits():
            for _ in range(steps):
                self._step()
            self.armed, self.lies_in_wait = None, False
            self._settle_down()

    def digest(self) -> str:
        """Of everything that became durable and everything that anybody was told."""
        journal = hashlib.sha256(b"".join(batch.hash for batch in self.database.batches))
        return journal.hexdigest() + self.told.hexdigest()

    def _step(self) -> None:
        actions = {
            self._send: 16,
            self._retry: 4,
            self._deliver: 22,
            self._work: 22,
            self._commit: 16,
            self._reply: 14,
            self._follow: 4,
            self._disturb: 2,
        }
        action = self.dice.choices(list(actions), weights=list(actions.values()))[0]
        try:
            action()
        except (Crashed, JournalFailed, EngineStalled):
            self.leader = self._start()
        self.judge.look()

    def _open_the_market(self) -> None:
        """The first commands arrive for certain: all others aim at what they list."""
        while self.stream.script:
            encoded = wire.encode_command(self._next_command())
            self.judge.sent.add(encoded)
            self.leader.worker.receive(reply_channel=CLIENTS[0], commands=[encoded])
            self._finish_work()
        self.judge.look()

    def _finish_work(self) -> None:
        while not (self.leader.worker.is_idle() and self.leader.journal.is_settled()):
            self._work()
            self._commit()

    # What clients and the network do

    def _send(self) -> None:
        """A gateway sends what came together; some of it questions."""
        client = self.dice.choice(CLIENTS)
        encoded = []
        for _ in range(self.dice.randint(1, 6)):
            command = self._next_command()
            encoded.append(wire.encode_command(command))
            self.unanswered[command.command_id] = (client, encoded[-1])
            self.judge.sent.add(encoded[-1])
        if self.dice.random() < 0.2:
            question = DescribeAccount(self.dice.randbytes(16), 0, self.dice.randint(1, 12))
            encoded.append(wire.encode_command(question))
        self.network.requests.append((client, encoded))

    def _next_command(self) -> ExternalCommand:
        command, stamp_ns = self.stream.next()
        self.clock_ns = max(self.clock_ns, stamp_ns)
        if command.command_id:
            return command
        return msgspec.structs.replace(command, command_id=self.dice.randbytes(16))

    def _retry(self) -> None:
        """A client that has no answer asks again, with the very same bytes."""
        if self.unanswered:
            client, encoded = self.dice.choice(list(self.unanswered.values()))
            self.network.requests.append((client, [encoded]))

    def _deliver(self) -> None:
        if not self.network.requests:
            return
        index = self.dice.randrange(len(self.network.requests))
        client, encoded = self.network.requests[index]
        fate = self.dice.random()
        if fate > 0.04:  # else it is repeated later
            del self.network.requests[index]
        if fate < 0.92 and self.leader.worker.has_room():  # else it is lost
            self.leader.worker.receive(reply_channel=client, commands=encoded)

    def _reply(self) -> None:
        if not self.network.replies:
            return
        index = self.dice.randrange(len(self.network.replies))
        _, encoded = self.network.replies[index]
        fate = self.dice.random()
        if fate > 0.04:
            del self.network.replies[index]
        if fate < 0.9:
            for reply in decode_answers(encoded):
                self.unanswered.pop(self.judge.hear(reply), None)

    # What the engine's process does

    def _work(self) -> None:
        self.leader.worker.step()

    def _commit(self) -> None:
        if not self.leader.journal.is_settled():
            self.leader.journal.settle()

    def _follow(self) -> None:
        try:
            while self.follower.step():
                pass
        except Crashed:
            self.follower = self._new_follower()

    def _tell(self, replies: Replies) -> None:
        for client, encoded in sorted(replies.items()):
            for answers in encoded:
                for reply in decode_answers(answers):
                    self.judge.told(reply)
                self.told.update(answers)
                self.network.replies.append((client, answers))

    # What goes wrong

    def _disturb(self) -> None:
        kind = self.dice.randrange(5)
        if kind == 0:
            self.armed = self.dice.choice(list(CrashPoint))
        elif kind == 1:
            self._be_overtaken()
        elif kind == 2:
            self.skew_ns = self.dice.randrange(2 * SECOND_NS)  # the next leader's clock is behind by this
        elif kind == 3:
            self.lies_in_wait = True
        else:
            self._let_stale_leaders_write()

    def _be_overtaken(self) -> None:
        """A second engine takes over while the first goes on, not knowing it."""
        self.leader.is_stale = True
        self.stale = [*self.stale[-1:], self.leader]
        self.crashes["overtaken"] += 1
        self.leader = self._start()

    def _let_stale_leaders_write(self) -> None:
        for leader in self.stale:
            before = len(self.database.batches)
            try:
                leader.worker.step()
                if not leader.journal.is_settled():
                    leader.journal.settle()
            except (Crashed, JournalFailed, EngineStalled):
                self.crashes["stale leader shut out"] += 1
            assert len(self.database.batches) == before, "a stale leader wrote to the journal"

    def _crash(self, point: CrashPoint) -> None:
        if point is self.armed:
            self.armed = None
            self.crashes[point.name.lower()] += 1
            raise Crashed
        inside = self._work_in_progress() if self.lies_in_wait else ""
        if inside:
            self.lies_in_wait = False
            self.crashes[f"inside {inside}"] += 1
            raise Crashed

    def _work_in_progress(self) -> str:
        """What is durable of a liquidation or a settlement of funding that has not come to its end."""
        view = self.judge.auditor.view
        if view.liquidations:
            return "a waterfall"
        return "a settlement" if view.has_unsettled() else ""

    def _start(self) -> Leader:
        """Take the lease, recover, and hold what was recovered against the fold of the whole journal."""
        while True:
            journal = FakeJournal(self.database, crash=self._crash)
            lease = journal.take_over()
            try:
                engine = recover(source=self.database, lease=lease, crash=self._crash)
            except Crashed:
                continue
            self.judge.look()
            self.judge.compare(state_hash(engine.state), "recovered")
            worker = GroupCommit(
                engine=engine,
                journal=journal,
                lease=lease,
                clock=lambda: self.clock_ns - self.skew_ns,
                tell=self._tell,
                crash=self._crash,
            )
            return Leader(journal, worker)

    def _new_follower(self) -> SnapshotFollower:
        return SnapshotFollower(
            store=self.database,
            every_sequences=self.dice.randint(20, 120),
            monotonic=lambda: self.clock_ns / SECOND_NS,
            crash=self._crash,
        )

    def _settle_down(self) -> None:
        """No more faults: everything under way arrives, and live state, journal and snapshot agree."""
        for client, encoded in self.network.requests:
            self.leader.worker.receive(reply_channel=client, commands=encoded)
        try:
            self._finish_work()
        except EngineStalled:
            self.leader = self._start()
        while self.network.replies:
            for reply in decode_answers(self.network.replies.pop()[1]):
                self.judge.hear(reply)
        self.judge.look()
        self.judge.compare(state_hash(self.leader.worker.engine.state), "live")
        self.clock_ns += 10 * SECOND_NS
        self._follow()
        self.leader = self._start()
