"""The state of the whole exchange: no instrument is milder than it."""

from compliance.services.audit import Intent, Mandate
from exchange.contract.errors import ApiError
from trading.core.terms import INSTRUMENT_STATES
from trading.engine.commands import SetExchangeState
from trading.selectors.exchange import ACTION, TARGET
from trading.selectors.instruments import exchange_state
from trading.services import audited
from trading.services.requests import stamp

STATE_WORDS = {code: word for word, code in INSTRUMENT_STATES.items()}


def set_exchange_state(*, state: str, mandate: Mandate, expected_state: str | None = None) -> int:
    """`state` is a word of `trading.core.terms.INSTRUMENT_STATES`. Returns the sequence.

    Refuses other words, and the way from halted to anything but cancel_only, with invalid_parameter; any state but the
    expected one, if there is one, with idempotency_conflict.
    """
    if state not in INSTRUMENT_STATES:
        raise ApiError("invalid_parameter", f"state must be one of {', '.join(INSTRUMENT_STATES)}.", {"field": "state"})
    before = expected_state or STATE_WORDS[exchange_state()]
    command = SetExchangeState(*stamp(), INSTRUMENT_STATES[state], INSTRUMENT_STATES.get(expected_state, 0))
    return audited.submit(command, mandate=mandate, intent=Intent(ACTION, TARGET, {"state": before}, {"state": state}))
