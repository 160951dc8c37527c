"""One channel as one process hears it: every change once, encoded once, given to all sockets that listen."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Final, Protocol

from trading.projections.changes import HeardChange
from trading.selectors.streams import StreamKey
from trading.streams.frames import Frame, Heartbeat, ListMessage, frame_of

UNKNOWN: Final = -1
MAXIMUM_EARLY: Final = 1000


class Listener(Protocol):
    def put(self, frame: Frame) -> None: ...


class Read(Protocol):
    """Calls a function that uses the database, in another thread. Raises ApiError when the database is away."""

    async def __call__(self, function: Callable[..., Any], **arguments: Any) -> Any: ...


class Stream:
    """Base of all. `sequence` is that of the last message, UNKNOWN until the stream knows where it stands."""

    projection: ClassVar[str]

    def __init__(self, channel: str, owner_id: int, read: Read) -> None:
        self.channel = channel
        self.key: StreamKey = (self.projection, owner_id)
        self.listeners: set[Listener] = set()
        self.sequence = UNKNOWN
        self.read = read
        self._awaited = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, position: int) -> None:
        """Called once, after its group was joined; `position` is what the rows had reached then, or later.

        May be cancelled and called again.
        """
        raise NotImplementedError

    def hear(self, change: HeardChange) -> None:
        """Also before and during `start`. Raises UnknownInstrument, having done nothing."""
        raise NotImplementedError

    def join(self, listener: Listener) -> None:
        self.listeners.add(listener)

    def leave(self, listener: Listener) -> None:
        self.listeners.discard(listener)

    def is_idle(self) -> bool:
        return not self.listeners

    def beat(self, position: int) -> None:
        """Each second, with the position the rows have: what they had a second ago must have been heard by now."""
        if self.sequence != UNKNOWN:
            if self._awaited > self.heard():
                self.lose(self._awaited)
            self.send(frame_of(Heartbeat(self.channel, "heartbeat", self.sequence, self.sequence)))
        self._awaited = position

    def heard(self) -> int:
        return self.sequence

    def lose(self, position: int) -> None:
        """Messages up to `position` were lost on their way here."""
        raise NotImplementedError

    def send(self, frame: Frame) -> None:
        for listener in self.listeners:
            listener.put(frame)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


class ListStream(Stream):
    """Things that happen, each told once. What is lost shows as a gap: in `previous_sequence`, or in a heartbeat."""

    def __init__(self, channel: str, owner_id: int, read: Read) -> None:
        super().__init__(channel, owner_id, read)
        self._early: deque[HeardChange] = deque(maxlen=MAXIMUM_EARLY)

    async def start(self, position: int) -> None:
        early, self._early = self._early, deque(maxlen=MAXIMUM_EARLY)
        self.sequence = position
        for change in early:
            self.hear(change)

    def hear(self, change: HeardChange) -> None:
        if self.sequence == UNKNOWN:
            self._early.append(change)
        elif change.sequence > self.sequence:
            is_overlap = change.previous_sequence < self.sequence
            data = self.present(change, after=self.sequence if is_overlap else 0)
            self.tell(data, change.sequence, max(change.previous_sequence, self.sequence))

    def present(self, change: HeardChange, *, after: int) -> list[Any]:
        """What to show of the rows that are later than `after`: 0 where none was shown before, and all are news."""
        raise NotImplementedError

    def tell(self, data: list[Any], sequence: int, previous_sequence: int) -> None:
        self.sequence = sequence
        if data:
            self.send(frame_of(ListMessage(self.channel, "update", sequence, previous_sequence, data)))

    def lose(self, position: int) -> None:
        self.sequence = position
