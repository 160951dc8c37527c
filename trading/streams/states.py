"""Channels of things that are: ticker and mark price of a market, the state of trading. The newest message counts."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from exchange.contract.errors import ApiError
from trading.api import answers, market_presenting
from trading.api.scales import Scale
from trading.projections.changes import HeardChange
from trading.projections.instruments import InstrumentRow
from trading.selectors import market
from trading.services.engine_channel import Heartbeat
from trading.streams import shown
from trading.streams.frames import Frame, StateMessage, frame_of
from trading.streams.markets import Markets
from trading.streams.stream import UNKNOWN, Listener, Read, Stream

INTERVAL_S: Final = 0.25  # between two messages
ReadHeartbeat = Callable[[], Awaitable[Heartbeat | None]]
State = answers.Ticker | shown.Mark | answers.Status

_instruments: Final = msgspec.msgpack.Decoder(list[InstrumentRow])


class StateStream(Stream):
    """Begins with a snapshot for whoever joins. What is lost is read again, so that there are no gaps."""

    def __init__(self, channel: str, owner_id: int, read: Read) -> None:
        super().__init__(channel, owner_id, read)
        self._snapshot: Frame | None = None
        self._heard = 0
        self._reading = False

    async def start(self, position: int) -> None:
        self._heard = max(self._heard, position)
        sequence, state = await self.current()
        self.tell(sequence, state)
        if self.sequence < self._heard:
            self._read_soon()

    async def current(self) -> tuple[int, State]:
        """(sequence, state) as the rows have it."""
        raise NotImplementedError

    def hear(self, change: HeardChange) -> None:
        if change.sequence > self._heard:
            self._heard = change.sequence
            self._read_soon()

    def heard(self) -> int:
        return max(self.sequence, self._heard)

    def lose(self, position: int) -> None:
        self._heard = position
        self._read_soon()

    def join(self, listener: Listener) -> None:
        super().join(listener)
        if self._snapshot is not None:
            listener.put(self._snapshot)

    def tell(self, sequence: int, state: State) -> None:
        self._snapshot = frame_of(StateMessage(self.channel, "snapshot", sequence, 0, state))
        self.send(frame_of(StateMessage(self.channel, "update", sequence, max(self.sequence, 0), state)))
        self.sequence = sequence

    def _read_soon(self) -> None:
        if not self._reading and self.sequence != UNKNOWN:
            self._reading = True
            self.spawn(self._follow())

    async def _follow(self) -> None:
        """Until what was heard of is in the rows: a change is told before it is committed."""
        try:
            while self.sequence < self._heard:
                try:
                    sequence, state = await self.current()
                    if sequence > self.sequence:
                        self.tell(sequence, state)
                except ApiError:
                    pass  # the database is away
                await asyncio.sleep(INTERVAL_S)
        finally:
            self._reading = False


class TickerStream(StateStream):
    """Follows trades and mark prices."""

    projection = "ticker"

    def __init__(self, channel: str, scale: Scale, read: Read) -> None:
        super().__init__(channel, scale.instrument_id, read)
        self._scale = scale

    async def current(self) -> tuple[int, State]:
        row = await self.read(market.ticker, now_ns=time.time_ns(), instrument_id=self._scale.instrument_id)
        if row is None:
            raise ApiError("read_behind")
        return row.sequence, market_presenting.ticker(row, scale=self._scale)


class MarkStream(StateStream):
    """Follows the instrument itself, so that a change of its state repeats the mark."""

    projection = "instruments"

    def __init__(self, channel: str, scale: Scale, read: Read, markets: Markets) -> None:
        super().__init__(channel, scale.instrument_id, read)
        self._scale = scale
        self._markets = markets

    async def current(self) -> tuple[int, State]:
        for view in await self._markets.look():
            if view.terms.instrument_id == self._scale.instrument_id:
                return view.sequence, shown.mark(view, scale=self._scale)
        raise ApiError("read_behind")

    def hear(self, change: HeardChange) -> None:
        if change.sequence > self._heard:
            self._heard = change.sequence
            if self.sequence != UNKNOWN:
                (row,) = _instruments.decode(change.rows)
                self.tell(change.sequence, shown.mark(row, scale=self._scale))


class StatusStream(StateStream):
    """Looked at each second. The engine going away and coming back has no sequence of its own."""

    projection = "status"

    def __init__(self, channel: str, read: Read, markets: Markets, heartbeat: ReadHeartbeat) -> None:
        super().__init__(channel, 0, read)
        self._markets = markets
        self._heartbeat = heartbeat
        self._states: tuple[str, dict[str, str], dict[str, int]] | None = None

    async def current(self) -> tuple[int, State]:
        views = await self._markets.look()
        status = market_presenting.status(views, heartbeat=await self._heartbeat())
        self._states = (status.state, status.instruments, status.resumes_at)
        return max((view.sequence for view in views), default=0), status

    def beat(self, position: int) -> None:
        super().beat(position)
        if self.sequence != UNKNOWN and not self._reading:
            self._reading = True
            self.spawn(self._follow())

    async def _follow(self) -> None:
        told = self._states
        try:
            sequence, state = await self.current()
            if self._states != told:
                self.tell(sequence, state)
        except ApiError:
            self._states = told  # the database is away
        finally:
            self._reading = False
