"""The scales of all listed instruments, in memory: they never change, so that only a new listing needs a look."""

import asyncio
import time
from typing import Final

from trading.api.scales import Scale, scale_of
from trading.selectors.instruments import InstrumentView, forget_instruments, list_instruments
from trading.streams.stream import Read

LOOKS_APART_S: Final = 1.0


class NotInMemory(Exception):
    """The answer is not known here: ask the database."""


class Markets:
    def __init__(self, read: Read) -> None:
        self._read = read
        self._by_symbol: dict[str, Scale] = {}
        self._by_id: dict[int, Scale] = {}
        self._looking: asyncio.Future[list[InstrumentView]] | None = None
        self._looked_s = 0.0

    def scale_by_symbol(self, symbol: str) -> Scale:
        """Raises NotInMemory."""
        try:
            return self._by_symbol[symbol]
        except KeyError:
            raise NotInMemory from None

    def scale_by_id(self, instrument_id: int) -> Scale:
        """Raises NotInMemory."""
        try:
            return self._by_id[instrument_id]
        except KeyError:
            raise NotInMemory from None

    async def look_again(self) -> None:
        """As `look`, for names that anybody can make up: once in LOOKS_APART_S for all who ask."""
        now_s = time.monotonic()
        if self._looking is None or (self._looking.done() and now_s - self._looked_s >= LOOKS_APART_S):
            self._looked_s = now_s
            self._looking = asyncio.ensure_future(self.look())
        await asyncio.shield(self._looking)

    async def look(self) -> list[InstrumentView]:
        """Read what is listed now."""
        views: list[InstrumentView] = await self._read(_listed_now)
        for view in views:
            scale = scale_of(view.terms)
            self._by_symbol[scale.symbol] = self._by_id[scale.instrument_id] = scale
        return views


def _listed_now() -> list[InstrumentView]:
    forget_instruments()
    return list_instruments()
