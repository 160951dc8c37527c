"""The book of one market: levels kept in memory, so that a snapshot for one more listener costs no query."""

import asyncio
from typing import Final

import msgspec

from exchange.contract.errors import ApiError
from trading.api import answers, market_presenting
from trading.api.scales import Scale
from trading.core.terms import BUY, SELL
from trading.projections.changes import HeardChange
from trading.selectors import market
from trading.streams.frames import BookMessage, Frame, frame_of
from trading.streams.stream import MAXIMUM_EARLY, Listener, Read, Stream

INTERVAL_S: Final = 0.25  # between two deltas
RETRY_S: Final = 0.05

Level = tuple[int, int]  # side, price_ticks
_rows: Final = msgspec.msgpack.Decoder(list[tuple[int, int, int]])


class BookStream(Stream):
    """`sequence` is that of the last message, `_applied` that of the levels: what came in between waits for the next
    delta. After a gap the levels are read anew, and every listener gets a snapshot."""

    projection = "depth"

    def __init__(self, channel: str, scale: Scale, read: Read) -> None:
        super().__init__(channel, scale.instrument_id, read)
        self._scale = scale
        self._levels: dict[Level, int] = {}
        self._applied = 0
        self._changed: set[Level] = set()
        self._joining: set[Listener] = set()
        self._is_loading = True
        self._early: list[HeardChange] = []
        self._snapshot: Frame | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._told_at_s = float("-inf")

    async def start(self, position: int) -> None:
        await self._load()

    def hear(self, change: HeardChange) -> None:
        self._take(change)
        if not self._is_loading:
            self._tell_soon()

    def join(self, listener: Listener) -> None:
        """A snapshot comes at once, or after the delta that waits for its time: nobody's deltas come more often."""
        self._joining.add(listener)
        if not self._is_loading and not self._changed:
            self._welcome()

    def leave(self, listener: Listener) -> None:
        super().leave(listener)
        self._joining.discard(listener)

    def is_idle(self) -> bool:
        return super().is_idle() and not self._joining

    def heard(self) -> int:
        return self._applied

    def lose(self, position: int) -> None:
        if not self._is_loading:
            self._load_anew()

    def close(self) -> None:
        super().close()
        self._stop_timer()

    def _load_anew(self) -> None:
        self._is_loading = True
        self._stop_timer()
        self.spawn(self._load())

    async def _load(self) -> None:
        """Levels from the rows, as of no earlier than the first change that waits; then what waits."""
        while True:
            try:
                book: market.Book = await self.read(market.book, instrument_id=self._scale.instrument_id, depth=None)
                if not self._early or book.sequence >= self._early[0].previous_sequence:
                    break
            except ApiError:
                pass  # the database is away: the book waits for it
            await asyncio.sleep(RETRY_S)
        self._levels = {(BUY, ticks): lots for ticks, lots in book.bids}
        self._levels.update(((SELL, ticks), lots) for ticks, lots in book.asks)
        self._applied = book.sequence
        self._snapshot = None
        self._is_loading = False
        early, self._early = self._early, []
        for change in early:
            self._take(change)
        if not self._is_loading:
            self._tell_anew()

    def _take(self, change: HeardChange) -> None:
        """Into the levels, or with those that wait for new ones."""
        if self._is_loading:
            self._early.append(change)
            if len(self._early) > MAXIMUM_EARLY:
                del self._early[: MAXIMUM_EARLY // 2]  # a later snapshot will do
        elif change.previous_sequence > self._applied:
            self._early = [change]
            self._load_anew()
        elif change.sequence > self._applied:
            self._apply(change)

    def _apply(self, change: HeardChange) -> None:
        for side, price_ticks, lots in _rows.decode(change.rows):
            level = (side, price_ticks)
            if lots:
                self._levels[level] = lots
            else:
                self._levels.pop(level, None)
            self._changed.add(level)
        self._applied = change.sequence
        self._snapshot = None

    def _tell_soon(self) -> None:
        if self._changed and self._timer is None:
            loop = asyncio.get_running_loop()
            wait_s = self._told_at_s + INTERVAL_S - loop.time()
            if wait_s <= 0:
                self._tell()
            else:
                self._timer = loop.call_later(wait_s, self._tell)

    def _tell(self) -> None:
        """The delta from the last message to the levels as they are."""
        self._stop_timer()
        if self._changed:
            changed = {level: self._levels.get(level, 0) for level in self._changed}
            frame = frame_of(self._message("delta", changed, self.sequence))
            self._begin_next()
            self.send(frame)
            self._welcome()

    def _tell_anew(self) -> None:
        self._stop_timer()
        self._begin_next()
        self.send(self._snapshot_frame())
        self._welcome()

    def _welcome(self) -> None:
        """Who has joined listens from here on."""
        for listener in self._joining:
            listener.put(self._snapshot_frame())
        self.listeners |= self._joining
        self._joining.clear()

    def _begin_next(self) -> None:
        self._changed.clear()
        self.sequence = self._applied
        self._told_at_s = asyncio.get_running_loop().time()

    def _snapshot_frame(self) -> Frame:
        if self._snapshot is None:
            self._snapshot = frame_of(self._message("snapshot", self._levels, 0))
        return self._snapshot

    def _message(self, kind: str, levels: dict[Level, int], previous_sequence: int) -> BookMessage:
        bids = sorted((ticks for side, ticks in levels if side == BUY), reverse=True)
        asks = sorted(ticks for side, ticks in levels if side == SELL)
        return BookMessage(
            self.channel,
            kind,
            self._applied,
            previous_sequence,
            [self._level(ticks, levels[BUY, ticks]) for ticks in bids],
            [self._level(ticks, levels[SELL, ticks]) for ticks in asks],
        )

    def _level(self, price_ticks: int, lots: int) -> answers.BookLevel:
        return market_presenting.level(price_ticks, lots, scale=self._scale)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
