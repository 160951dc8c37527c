"""Listed instruments by symbol and by id: from the process's memory as a rule."""

from typing import Final

from exchange.contract.errors import ApiError
from trading.api.reading import Reading, reading_after, reading_now
from trading.api.scales import Scale, scale_of
from trading.selectors.instruments import (
    InstrumentView,
    forget_instruments,
    instrument_by_id,
    instrument_by_symbol,
)
from trading.selectors.sequences import journal_head

PROJECTION: Final = "instruments"


def listed_now(symbol: str) -> InstrumentView:
    """Refuses with instrument_not_found, or at once with read_behind when it may have been listed a moment ago."""
    return _find(symbol) or _look_again(symbol, reading_now(PROJECTION))


def scale_by_symbol(symbol: str) -> Scale:
    """Refuses as listed_now, but first waits at most 250 ms for a new listing."""
    return scale_of((_find(symbol) or _look_again(symbol, reading_after(PROJECTION, journal_head()))).terms)


def scale_by_id(instrument_id: int) -> Scale:
    """Of an instrument that something was traded in."""
    return scale_of(instrument_by_id(instrument_id=instrument_id).terms)


def _look_again(symbol: str, reading: Reading) -> InstrumentView:
    forget_instruments()
    found = _find(symbol)
    if found is None:
        raise reading.not_found("instrument_not_found")
    return found


def _find(symbol: str) -> InstrumentView | None:
    try:
        return instrument_by_symbol(symbol=symbol)
    except ApiError:
        return None
