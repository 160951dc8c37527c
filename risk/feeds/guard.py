"""When a feed stops trading in an instrument, and how trading comes back: pure decisions.

An index that is not firm gives no marks. After a time of that the instrument takes only makers, after another nothing;
when the index is firm again it comes back through cancel-only and post-only. Only what the guard set itself is undone.
"""

from typing import Final, NamedTuple

from risk.feeds.definitions import GuardRules
from trading.core.terms import (
    INSTRUMENT_CANCEL_ONLY,
    INSTRUMENT_HALTED,
    INSTRUMENT_NORMAL,
    INSTRUMENT_POST_ONLY,
)

MILDER: Final = {
    INSTRUMENT_HALTED: INSTRUMENT_CANCEL_ONLY,
    INSTRUMENT_CANCEL_ONLY: INSTRUMENT_POST_ONLY,
    INSTRUMENT_POST_ONLY: INSTRUMENT_NORMAL,
}


class Hold(NamedTuple):
    """The state that the guard set at `since_ns`, and the one it found, below which it does not go."""

    state: int
    floor_state: int
    since_ns: int


class Firmness(NamedTuple):
    """For how long the index has been firm, or has not been: one of the two is 0."""

    firm_for_ns: int
    loose_for_ns: int


def next_hold(
    *, present: int, found: int, hold: Hold | None, firmness: Firmness, now_ns: int, rules: GuardRules
) -> Hold | None:
    """What the guard is to hold now: the same hold (nothing to do), a new one whose state is to be set, or None.

    `hold` is what it holds, of the present state, or None when that is somebody else's; `found` is the state that those
    others mean to last. None after a hold: its floor is to be set.
    """
    assert hold is None or hold.state == present
    wanted = _strictness(firmness, rules)
    if wanted > present:
        return Hold(wanted, hold.floor_state if hold else found, now_ns)
    if hold is None:
        return None
    if wanted > INSTRUMENT_NORMAL or min(firmness.firm_for_ns, now_ns - hold.since_ns) < rules.step_ns:
        return hold
    milder = MILDER[present]
    return Hold(milder, hold.floor_state, now_ns) if milder > hold.floor_state else None


def _strictness(firmness: Firmness, rules: GuardRules) -> int:
    if firmness.loose_for_ns >= rules.halt_after_ns:
        return INSTRUMENT_HALTED
    if firmness.loose_for_ns >= rules.post_only_after_ns:
        return INSTRUMENT_POST_ONLY
    return INSTRUMENT_NORMAL
