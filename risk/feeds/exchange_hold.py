"""Carries out what the ladder decides, by the service operators use; the audit trail says whose word a state is."""

import logging
from collections.abc import Collection
from typing import Final

from django.conf import settings

from compliance.services.audit import Mandate
from exchange.contract.errors import ApiError
from risk.feeds.definitions import SECOND_NS
from risk.feeds.guard import Firmness
from risk.feeds.ladder import LadderRules, exchange_firmness, next_state
from trading.core.terms import INSTRUMENT_NORMAL
from trading.selectors.exchange import exchange_standing
from trading.selectors.instruments import exchange_state
from trading.services.exchange_state import STATE_WORDS, set_exchange_state

RECOVERED: Final = "enough indices are firm again"

logger = logging.getLogger(__name__)


def ladder_rules() -> LadderRules:
    """From the settings; a step takes a second at least."""
    ladder = settings.EXCHANGE_LADDER
    steps_ns = (max(1, ladder["tighten_s"]) * SECOND_NS, max(1, ladder["loosen_s"]) * SECOND_NS)
    return LadderRules(ladder["percent"], ladder["indices"], *steps_ns)


def keep_exchange(indices: Collection[Firmness], *, rules: LadderRules, now_ns: int) -> None:
    """Moves the exchange by at most a step, given the firmness of each index that a listed instrument has."""
    firmness = exchange_firmness(indices, rules)
    if firmness.loose_for_ns < rules.tighten_ns and exchange_state() == INSTRUMENT_NORMAL:
        return
    standing = exchange_standing()
    if standing.is_undecided:
        return
    present = standing.state
    state = next_state(
        present=present,
        is_own=standing.is_automatic,
        held_for_ns=now_ns - standing.since_ns,
        firmness=firmness,
        rules=rules,
    )
    if state != present:
        loose = sum(one.loose_for_ns > 0 for one in indices)
        reason = f"{loose} of {len(indices)} indices are not firm" if state > present else RECOVERED
        _set(state, present, reason)


def _set(state: int, present: int, reason: str) -> None:
    words = {"state": STATE_WORDS[state], "expected_state": STATE_WORDS[present]}
    try:
        set_exchange_state(**words, mandate=Mandate(None, reason))
    except ApiError as error:
        logger.warning("The exchange could not be made %s: %s.", STATE_WORDS[state], error.code)
    else:
        logger.warning("The feeds made the exchange %s: %s.", STATE_WORDS[state], reason)
