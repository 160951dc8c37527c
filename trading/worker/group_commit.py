"""The heart of the worker: decide what waits, commit it in one piece, and only then tell.

No sockets, tasks or clock of its own: the worker and the simulator drive the same code. While one batch commits, the
next is collected and decided; at most one commit is under way.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec

from trading.engine.answers import encode_answers
from trading.engine.commands import AdvanceTime, DescribeAccount, InternalCommand, PreviewOrders
from trading.engine.engine import Engine
from trading.engine.events import Record
from trading.engine.replies import QueryRefused, QueryReply, StandingFields
from trading.engine.wire import FORMAT, LOGIC_VERSION, append_records, decode_command, encode_records, whole_payload
from trading.models.journal import chain_hash
from trading.worker.crash_points import Crash, CrashPoint, go_on

COMMANDS_A_BATCH: Final = 256
INBOX_COMMANDS: Final = 4096
LONGEST_DELAY_NS: Final = 4_000_000_000  # from deciding to sending to the journal; see `EngineStalled`
QUERIES: Final = frozenset((DescribeAccount, PreviewOrders))

Replies = dict[str, list[bytes]]  # channel of a gateway -> encoded answers, of a message each


class EngineStalled(Exception):
    """A decided batch was not sent in time. Sending it now would break the promise that an outcome is final soon after
    `valid_until_ns`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to append, and what the journal ended with when it was taken."""

    domain: int
    epoch: int
    last_sequence: int
    last_hash: bytes


@dataclass(slots=True, kw_only=True)
class SealedBatch:
    """A journal row to be written."""

    domain: int
    first_sequence: int
    last_sequence: int
    epoch: int
    time_ns: int
    format: int
    logic_version: int
    payload: bytes
    previous_hash: bytes
    hash: bytes = b""


class Appender(Protocol):
    def append(self, batch: SealedBatch, committed: Callable[[], None]) -> None:
        """Start writing; call `committed` once it is durable. Any failure ends the process and calls nothing."""


@dataclass(slots=True)
class OpenBatch:
    """What is decided and not told: the records as bytes, one behind the other, and the replies that wait for their
    COMMIT."""

    payload: bytearray = field(default_factory=bytearray)
    records: int = 0
    first_sequence: int = 0
    last_sequence: int = 0
    last_time_ns: int = 0
    replies: Replies = field(default_factory=dict)
    commands: int = 0
    received_ns: int = 0
    decided_ns: int = 0

    def is_full(self) -> bool:
        return self.commands >= COMMANDS_A_BATCH or self.records >= COMMANDS_A_BATCH

    def add(self, records: list[Record], encoded: bytes) -> None:
        """Records of one message, encoded at once: a whole batch of live objects would be slow to come back to."""
        if records:
            append_records(len(records), encoded, self.payload)
            self.first_sequence = self.first_sequence or records[0].sequence
            self.records += len(records)
            self.last_sequence, self.last_time_ns = records[-1].sequence, records[-1].time_ns


class GroupCommit:
    def __init__(
        self,
        *,
        engine: Engine,
        journal: Appender,
        lease: Lease,
        clock: Callable[[], int],
        tell: Callable[[Replies], None],
        crash: Crash = go_on,
    ) -> None:
        """`clock` gives UTC nanoseconds; `tell` gets the replies of each batch, after its COMMIT."""
        assert engine.state.sequence == lease.last_sequence
        self.engine = engine
        self._journal = journal
        self._domain, self._epoch, self._last_hash = lease.domain, lease.epoch, lease.last_hash
        self._clock = clock
        self._tell = tell
        self._crash = crash
        self._inbox: deque[tuple[int, str, list[bytes]]] = deque()
        self._waiting = 0  # commands in the inbox
        self._open = OpenBatch()
        self._committing: OpenBatch | None = None
        self.committed_sequence = lease.last_sequence

    def receive(self, *, reply_channel: str, commands: list[bytes]) -> None:
        """Put encoded commands and queries into the inbox."""
        if commands:
            self._inbox.append((self._clock(), reply_channel, commands))
            self._waiting += len(commands)

    def has_room(self) -> bool:
        return self._waiting < INBOX_COMMANDS

    def waiting(self) -> int:
        """Commands and queries that are not decided yet."""
        return self._waiting

    def is_idle(self) -> bool:
        return not self._inbox and self._committing is None and not self._open.replies and not self._open.records

    def lag_ns(self) -> int:
        """How long the oldest command that is not answered has been here."""
        oldest = (self._committing or self._open).received_ns or (self._inbox[0][0] if self._inbox else 0)
        return max(0, self._clock() - oldest) if oldest else 0

    def step(self) -> bool:
        """Decide a batch of what waits, send it if none is under way. True: there is more to do at once."""
        worked = self._decide_inbox() if self._inbox else self._decide_own()
        if self._committing is None:
            self._commit()
        return worked and not self._open.is_full()

    def _decide_inbox(self) -> bool:
        inbox, batch = self._inbox, self._open
        while inbox and not batch.is_full():
            received_ns, reply_channel, commands = inbox.popleft()
            if not batch.decided_ns:
                batch.received_ns, batch.decided_ns = received_ns, self._clock()
            decided = self._decide(commands, batch.replies.setdefault(reply_channel, []))
            self._waiting -= decided
            if decided < len(commands):
                inbox.appendleft((received_ns, reply_channel, commands[decided:]))
        return bool(inbox)

    def _decide(self, commands: list[bytes], answers: list[bytes]) -> int:
        """Decide as many as the batch has room for, all with one stamp; returns how many those were."""
        batch, engine, time_ns = self._open, self.engine, self._stamp()
        assert time_ns >= engine.state.time_ns  # else nobody could fold what is journaled
        records: list[Record] = []
        standings: list[StandingFields] = []
        replies: list[QueryReply] = []
        room = COMMANDS_A_BATCH - batch.records
        for command in commands[: COMMANDS_A_BATCH - batch.commands]:
            if len(records) >= room:
                break
            try:
                decoded = decode_command(command)
            except msgspec.MsgspecError:
                replies.append(self._refusal_of_nonsense(command))
                continue
            if type(decoded) in QUERIES:
                replies.append(engine.answer(decoded))
            else:
                records += engine.execute(decoded, time_ns, standings)
        decided = len(standings) + len(replies)
        encoded = encode_records(records)
        told = encoded if len(records) == len(standings) else encode_records(_without_consequences(records))
        encoded_answers = encode_answers(told, standings, replies)
        batch.add(records, encoded)
        answers.append(encoded_answers)  # and only then: what fails half way is neither kept nor told
        batch.commands += decided
        return decided

    def _decide_own(self) -> bool:
        """Nobody wants anything: time for timers, and for internal commands that had to wait."""
        if self._open.is_full():
            return False
        time_ns = self._stamp()
        assert time_ns >= self.engine.state.time_ns
        if self.engine.next_timer_ns() <= time_ns:
            records = self.engine.execute(AdvanceTime(b"", 0), time_ns)
        else:
            records = self.engine.drain()
        if not records:
            return False
        self._open.decided_ns = self._open.decided_ns or time_ns
        self._open.add(records, encode_records(records))
        return True

    def _refusal_of_nonsense(self, command: bytes) -> QueryRefused:
        """Nothing is journaled of what cannot be read; its sender is told as far as it can be known."""
        state = self.engine.state
        return QueryRefused(_command_id_of(command), state.sequence, state.time_ns, "invalid_parameter")

    def _stamp(self) -> int:
        now_ns, last_ns = self._clock(), self.engine.state.time_ns
        return now_ns if now_ns > last_ns else last_ns

    def _commit(self) -> None:
        batch = self._open
        if not batch.records:  # answers to queries at most, and all that they saw is committed
            if batch.replies:
                self._open = OpenBatch()
                self._tell(batch.replies)
            return
        if self._clock() - batch.decided_ns > LONGEST_DELAY_NS:
            raise EngineStalled(f"A batch decided at {batch.decided_ns} could not be sent within 4 s.")
        self._open, self._committing = OpenBatch(), batch
        sealed = self._seal(batch)
        self._crash(CrashPoint.BEFORE_BEGIN)
        self._journal.append(sealed, self._committed)

    def _seal(self, batch: OpenBatch) -> SealedBatch:
        sealed = SealedBatch(
            domain=self._domain,
            first_sequence=batch.first_sequence,
            last_sequence=batch.last_sequence,
            epoch=self._epoch,
            time_ns=batch.last_time_ns,
            format=FORMAT,
            logic_version=LOGIC_VERSION,
            payload=whole_payload(batch.records, batch.payload),
            previous_hash=self._last_hash,
        )
        sealed.hash = self._last_hash = chain_hash(sealed)
        return sealed

    def _committed(self) -> None:
        batch, self._committing = self._committing, None
        assert batch is not None
        self._crash(CrashPoint.AFTER_COMMIT)
        self.committed_sequence = batch.last_sequence
        self._commit()
        self._tell(batch.replies)


def _without_consequences(records: list[Record]) -> list[Record]:
    """Those of the commands that came in: no internal command can be read from the wire."""
    return [record for record in records if not isinstance(record.command, InternalCommand)]


def _command_id_of(command: bytes) -> bytes:
    """Where a command of another version would have its id; empty when there is none."""
    try:
        fields: Any = msgspec.msgpack.decode(command)
    except msgspec.MsgspecError:
        return b""
    has_id = isinstance(fields, list) and len(fields) > 1 and isinstance(fields[1], bytes)
    return fields[1] if has_id else b""
