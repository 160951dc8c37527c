"""Where a crash is worth trying: the simulator ends the world there. In production nothing happens at these points."""

from collections.abc import Callable
from enum import Enum, auto


class CrashPoint(Enum):
    BEFORE_BEGIN = auto()  # a batch is decided, the journal has not heard of it
    BEFORE_COMMIT = auto()  # the journal has the batch, it is not durable
    ANSWER_LOST = auto()  # the batch is durable, the engine never learns it
    AFTER_COMMIT = auto()  # the engine knows, nobody was told
    DURING_SNAPSHOT = auto()  # a snapshot is made and not kept
    DURING_REPLAY = auto()  # some of the journal is folded


Crash = Callable[[CrashPoint], None]


def go_on(point: CrashPoint) -> None:
    """The production's choice."""
