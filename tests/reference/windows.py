"""How far an instrument's mark has moved lately, and the price band that follows from it."""

from tests.reference.world import Instrument
from trading.core import terms

PPB = 10**9


def add_mark(instrument: Instrument, time_ns: int) -> None:
    """The mark just set comes into the window, while the instrument trades."""
    window_ns = instrument.risk.volatility_window_ns
    if window_ns and is_watched(instrument):
        seen = [*instrument.window, (time_ns, instrument.mark_price_ticks)]
        instrument.window = [one for one in seen if one[0] > time_ns - window_ns]


def is_watched(instrument: Instrument) -> bool:
    return instrument.own_state in (terms.INSTRUMENT_NORMAL, terms.INSTRUMENT_POST_ONLY)


def low_and_high(instrument: Instrument) -> tuple[int, int]:
    marks = [mark for _, mark in instrument.window]
    return min(marks), max(marks)


def has_moved_too_far(instrument: Instrument) -> bool:
    """Asked after a mark came into the window."""
    risk = instrument.risk
    is_normal = instrument.own_state == terms.INSTRUMENT_NORMAL
    if not (is_normal and risk.volatility_move_ppb and risk.volatility_window_ns):
        return False
    low, high = low_and_high(instrument)
    return (high - low) * PPB > risk.volatility_move_ppb * low


def band_ppb(instrument: Instrument) -> int:
    """The price band in force."""
    least, most = instrument.parameters.price_band_ppb, instrument.risk.maximum_band_ppb
    if most <= least or not instrument.window or not instrument.risk.volatility_window_ns:
        return least
    low, high = low_and_high(instrument)
    return min(max(least, (high - low) * PPB // low), most)
