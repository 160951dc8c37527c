"""Judges a simulated exchange by its journal and by what it told its clients."""

from copy import deepcopy

from tests.reference.engine import ReferenceEngine
from tests.simulation.fake_journal import FakeDatabase
from tests.simulation.invariants import Auditor
from trading.engine import wire
from trading.engine.commands import AdvanceTime, InternalCommand
from trading.engine.engine import Engine
from trading.engine.events import CommandRefused, CommandRepeated, Record
from trading.engine.replies import Outcome, Reply
from trading.engine.snapshot import state_hash
from trading.engine.state import COMMAND_ID_GENERATION_NS
from trading.models.journal import NO_HASH, chain_hash


class Judge:
    """`look` judges what has become durable since the last look; `told` and `hear` what replies say."""

    def __init__(self, database: FakeDatabase) -> None:
        self.auditor = Auditor()
        self.sent: set[bytes] = set()
        self.records: list[Record] = []
        self._database = database
        self._reference = ReferenceEngine()
        self._shadow = Engine()
        self._judged_batches = 0
        self._last_hash = NO_HASH
        self._executed: dict[bytes, Record] = {}

    def look(self) -> None:
        for batch in self._database.batches[self._judged_batches :]:
            assert batch.previous_hash == self._last_hash and chain_hash(batch) == batch.hash, "the chain is broken"
            self._last_hash = batch.hash
            records = wire.decode_records(batch.payload)
            assert (records[0].sequence, records[-1].sequence) == (batch.first_sequence, batch.last_sequence)
            for record in records:
                self._judge(record)
            self._decide_again(records)
            self._judged_batches += 1

    def _judge(self, record: Record) -> None:
        self.auditor.audit(record)
        self._shadow.fold(record)
        self.records.append(record)
        if not record.command.command_id:  # the engine's own
            assert isinstance(record.command, InternalCommand | AdvanceTime)
            return
        assert wire.encode_command(record.command) in self.sent, "nobody sent this command"
        self._judge_repetition(record)
        is_late = 0 < record.command.valid_until_ns < record.time_ns
        if is_late and not isinstance(record.events[0], CommandRefused | CommandRepeated):
            raise AssertionError("a command was executed after its valid_until")

    def _judge_repetition(self, record: Record) -> None:
        """Within the window a command id is executed once; what repeats it names the first."""
        command_id = record.command.command_id
        first = self._executed.get(command_id)
        event = record.events[0] if record.events else None
        if isinstance(event, CommandRepeated):
            assert first is not None and first.sequence == event.first_sequence, "a repeat of what never was"
            return
        if first is not None:
            assert record.time_ns - first.time_ns >= COMMAND_ID_GENERATION_NS, "a command was executed twice"
        self._executed[command_id] = record

    def _decide_again(self, records: list[Record]) -> None:
        """The reference engine decides each external command of the batch alike, with all that follows from it."""
        left = records
        while left:
            expected = self._expected(left)
            for ours, theirs in zip(left, expected, strict=False):
                assert are_alike([ours], [theirs]), f"{ours}\nbut by the rules\n{theirs}"
            assert len(left) >= len(expected), f"by the rules there is more:\n{expected[-1]}"
            left = left[len(expected) :]

    def _expected(self, left: list[Record]) -> list[Record]:
        """What the reference engine makes of the next external command, or of what waits when none had come yet."""
        first = left[0]
        external = next((one for one in left if not isinstance(one.command, InternalCommand)), None)
        is_drained = external is None or (first.cause_sequence and first.time_ns < external.time_ns)
        if not is_drained and first.cause_sequence:  # the same stamp: either is possible
            trial = deepcopy(self._reference).execute(external.command, external.time_ns)
            is_drained = not are_alike(left[: len(trial)], trial)
        if is_drained:
            drained = self._reference.drain()
            assert drained, "internal commands of no cause"
            return drained
        return self._reference.execute(external.command, external.time_ns)

    def compare(self, found_hash: bytes, which: str) -> None:
        """The state an engine has, against the fold of all that is durable."""
        assert found_hash == state_hash(self._shadow.state), f"the {which} state is not what the journal says"

    def told(self, reply: Reply) -> None:
        """At the moment of telling, all that a reply rests on is durable."""
        assert reply.sequence <= self._database.head()[0], "told before it was durable"

    def hear(self, reply: Reply) -> bytes:
        """A client got this: its record is in the journal with exactly these events. Returns the command's id."""
        if isinstance(reply, Outcome):
            self.look()
            record = self.records[reply.sequence - 1]
            assert record.sequence == reply.sequence and record.command.command_id == reply.command_id
            assert record.events == reply.events, "told something else than what is in the journal"
        return reply.command_id


def are_alike(ours: list[Record], theirs: list[Record]) -> bool:
    return wire.encode_records(ours) == wire.encode_records(theirs)
