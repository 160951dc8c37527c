"""When the feeds make the whole exchange stricter, and milder again: pure decisions.

Instruments are guarded one by one; when many indices are not firm at once it is not about one market. Then the
exchange goes up its ladder, a step at a time, and down again the same way.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

from risk.feeds.guard import MILDER, Firmness
from trading.core.terms import INSTRUMENT_HALTED, INSTRUMENT_NORMAL

STRICTER: Final = {milder: strict for strict, milder in MILDER.items()}


class LadderRules(NamedTuple):
    """The exchange is in trouble while at least `percent` of its indices, and `indices` of them, are not firm.

    A step up takes `tighten_ns` of trouble, a step down `loosen_ns` without."""

    percent: int
    indices: int
    tighten_ns: int
    loosen_ns: int


def exchange_firmness(firmness: Collection[Firmness], rules: LadderRules) -> Firmness:
    """For how long the exchange has been out of trouble, or in it, given that of each of its indices.

    With n loose indices making trouble, it has lasted as long as the n-th longest is loose; and it has been over
    since fewer than n were loose at any time.
    """
    if not firmness:
        return Firmness(0, 0)
    enough = max(rules.indices, -(-len(firmness) * rules.percent // 100), 1)
    firm_for_ns = sorted(one.firm_for_ns for one in firmness)
    loose_for_ns = sorted((one.loose_for_ns for one in firmness), reverse=True)
    return Firmness(
        firm_for_ns=firm_for_ns[min(enough, len(firmness)) - 1],
        loose_for_ns=loose_for_ns[enough - 1] if enough <= len(firmness) else 0,
    )


def next_state(*, present: int, is_own: bool, held_for_ns: int, firmness: Firmness, rules: LadderRules) -> int:
    """The state that the exchange is to be in: `present`, in which it has been for `held_for_ns`, or the next one.

    What is neither normal nor the feeds' `own` word is left alone.
    """
    if present != INSTRUMENT_NORMAL and not is_own:
        return present
    if min(firmness.loose_for_ns, held_for_ns) >= rules.tighten_ns:
        return STRICTER.get(present, INSTRUMENT_HALTED)
    is_over = firmness.loose_for_ns == 0 and min(firmness.firm_for_ns, held_for_ns) >= rules.loosen_ns
    return MILDER.get(present, INSTRUMENT_NORMAL) if is_over else present
