"""Two engines, the same commands: where their records differ, and the few commands that show it."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import msgspec

from tests.reference.engine import ReferenceEngine
from tests.simulation.commands import CommandStream
from tests.simulation.invariants import Auditor
from tests.simulation.limits import tight_limits
from trading.engine.commands import ExternalCommand
from trading.engine.engine import Engine
from trading.engine.events import Record

Stamped = tuple[ExternalCommand, int]
SHRINKING_RUNS = 400


@dataclass
class Difference:
    index: int
    command: ExternalCommand
    expected: list[Record]
    stated: list[Record] | Exception

    def __str__(self) -> str:
        stated = [self.stated] if isinstance(self.stated, Exception) else self.stated
        lines = [f"command {self.index}: {self.command}", "the reference engine:"]
        lines += [f"  {record}" for record in self.expected]
        lines += ["the engine:"]
        lines += [f"  {record!r}" for record in stated]
        return "\n".join(lines)


class Pair:
    """Both engines, fed the same; with `is_tight` their bounds of work are small."""

    def __init__(self, *, is_tight: bool = False) -> None:
        self.is_tight = is_tight
        self.reference = ReferenceEngine()
        self.engine = Engine()
        self.count = 0

    def execute(self, command: ExternalCommand, time_ns: int) -> tuple[list[Record], Difference | None]:
        with tight_limits() if self.is_tight else nullcontext():
            return self._execute(command, time_ns)

    def _execute(self, command: ExternalCommand, time_ns: int) -> tuple[list[Record], Difference | None]:
        expected = self.reference.execute(command, time_ns)
        stated: list[Record] | Exception
        try:
            stated = self.engine.execute(command, time_ns)
            same = msgspec.msgpack.encode(stated) == msgspec.msgpack.encode(expected)
        except Exception as error:  # whatever the engine raises is a finding to be shown with its commands
            stated, same = error, False
        difference = None if same else Difference(self.count, command, expected, stated)
        self.count += 1
        return expected, difference


def play(*, seed: int, count: int, pair: Pair, auditor: Auditor) -> Iterator[list[Record]]:
    """The records of each command of a seeded stream, the same from both engines and audited.

    Raises AssertionError with the seed and a shrunk list of commands when the engines differ or an invariant breaks.
    """
    stream = CommandStream(seed=seed, view=auditor.view)
    done: list[Stamped] = []
    for _ in range(count):
        done.append(stream.next())
        records, difference = pair.execute(*done[-1])
        if difference:
            raise AssertionError(f"seed {seed}, {report(done, is_tight=pair.is_tight)}")
        for record in records:
            try:
                auditor.audit(record)
            except AssertionError as broken:
                raise AssertionError(f"seed {seed}, command {len(done) - 1}: {broken}\n{record}") from broken
        yield records


def first_difference(commands: list[Stamped], *, is_tight: bool) -> Difference | None:
    pair = Pair(is_tight=is_tight)
    for command, time_ns in commands:
        _, difference = pair.execute(command, time_ns)
        if difference:
            return difference
    return None


def shrink(commands: list[Stamped], *, is_tight: bool) -> list[Stamped]:
    """Fewer commands that still differ at the last one: drops runs of them, long ones first."""
    runs = 0
    length = len(commands) // 2
    while length and runs < SHRINKING_RUNS:
        start, shorter = 0, False
        while start < len(commands) and runs < SHRINKING_RUNS:
            runs += 1
            candidate = commands[:start] + commands[start + length :]
            difference = first_difference(candidate, is_tight=is_tight)
            if difference:
                commands, shorter = candidate[: difference.index + 1], True
            else:
                start += length
        if not shorter or length > 1:
            length //= 2
    return commands


def report(commands: list[Stamped], *, is_tight: bool) -> str:
    """What to print for commands that differ: the shrunk list and both engines' records at its end."""
    shrunk = shrink(commands, is_tight=is_tight)
    lines = [f"{len(shrunk)} of {len(commands)} commands are enough:"]
    lines += [f"  ({command}, {time_ns})" for command, time_ns in shrunk]
    return "\n".join([*lines, str(first_difference(shrunk, is_tight=is_tight))])
