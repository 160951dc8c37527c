"""The engine's side of trading accounts. What is sent here may be sent again without harm."""

from compliance.services.audit import Intent, Mandate
from exchange.contract.errors import ApiError
from trading.core.terms import ACCOUNT_STATES
from trading.engine.commands import OpenAccount, SetAccountLimits, SetAccountState
from trading.models import EngineAccount
from trading.services import audited, gateway
from trading.services.requests import stamp

STATE_WORDS = {code: word for word, code in ACCOUNT_STATES.items()}


def open_account(*, account_id: int, user_id: int) -> None:
    """Makes the account known to the engine. Refuses another user's account: invalid_parameter."""
    gateway.submit(OpenAccount(*stamp(), account_id, user_id))


def set_account_state(*, account_id: int, state: str, mandate: Mandate) -> None:
    """`state` is a word of `trading.core.terms.ACCOUNT_STATES`, else invalid_parameter; account_not_found."""
    if state not in ACCOUNT_STATES:
        raise ApiError("invalid_parameter", f"state must be one of {', '.join(ACCOUNT_STATES)}.", {"field": "state"})
    before = {"state": STATE_WORDS[_known(account_id).state]}
    intent = Intent("account.state", f"account {account_id}", before, {"state": state})
    audited.submit(SetAccountState(*stamp(), account_id, ACCOUNT_STATES[state]), mandate=mandate, intent=intent)


def set_account_limits(*, account_id: int, maximum_open_orders: int, mandate: Mandate | None = None) -> None:
    """Open orders per instrument; 0 returns to the instrument's own limit. Refuses below zero: invalid_parameter.

    The exchange's own makers get theirs without a mandate.
    """
    command = SetAccountLimits(*stamp(), account_id, maximum_open_orders)
    if mandate is None:
        gateway.submit(command)
        return
    before = {"maximum_open_orders": _known(account_id).maximum_open_orders}
    after = {"maximum_open_orders": maximum_open_orders}
    audited.submit(command, mandate=mandate, intent=Intent("account.limits", f"account {account_id}", before, after))


def _known(account_id: int) -> EngineAccount:
    row = EngineAccount.objects.filter(account_id=account_id).first()
    if row is None:
        raise ApiError("account_not_found", "The readers know no such account: wait a moment, or check the id.")
    return row
