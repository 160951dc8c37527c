"""Trading accounts and the engine's side of them. What is sent here may be sent again without harm."""

import logging
from typing import Final

from django.utils import timezone

from compliance.services.audit import Intent, Mandate
from exchange.contract.errors import ApiError
from exchange.identity import services as identity
from exchange.identity.models import Account, User
from trading.core.terms import ACCOUNT_STATES
from trading.engine.commands import OpenAccount, SetAccountLimits, SetAccountState
from trading.models import EngineAccount
from trading.services import audited, gateway
from trading.services.requests import stamp

FIRST_ACCOUNT_NAME: Final = "main"
OPEN_LIMIT: Final = 200
STATE_WORDS: Final = {code: word for word, code in ACCOUNT_STATES.items()}

logger = logging.getLogger(__name__)


def open_first_account(*, owner: User) -> None:
    """The account somebody new trades with; whoever has one gets none."""
    if not Account.objects.filter(owner=owner).exists():
        try:
            open_new_account(owner=owner, name=FIRST_ACCOUNT_NAME)
        except ApiError as error:  # another sign-in of the same user was faster
            logger.info("No first account for user %s: %s", owner.id, error)


def open_new_account(*, owner: User, name: str) -> Account:
    """Another account of `owner`, told to the engine at once or, when it is away, by `open_waiting_accounts`.

    Refuses as `exchange.identity.services.create_account` does.
    """
    account = identity.create_account(owner=owner, name=name)
    _try_to_open(account)
    return account


def open_waiting_accounts() -> int:
    """Tells the engine of accounts it may not know yet; returns of how many. Safe to run at any time."""
    return sum(_try_to_open(account) for account in Account.objects.filter(opened_at=None).order_by("id")[:OPEN_LIMIT])


def open_account(*, account_id: int, user_id: int) -> None:
    """Makes the account known to the engine. Refuses another user's account: invalid_parameter."""
    gateway.submit(OpenAccount(*stamp(), account_id, user_id))
    Account.objects.filter(id=account_id, opened_at=None).update(opened_at=timezone.now())


def set_account_state(*, account_id: int, state: str, mandate: Mandate) -> int:
    """`state` is a word of `trading.core.terms.ACCOUNT_STATES`, else invalid_parameter; account_not_found. Returns the
    sequence."""
    if state not in ACCOUNT_STATES:
        raise ApiError("invalid_parameter", f"state must be one of {', '.join(ACCOUNT_STATES)}.", {"field": "state"})
    before = {"state": STATE_WORDS[_known(account_id).state]}
    intent = Intent("account.state", f"account {account_id}", before, {"state": state})
    return audited.submit(SetAccountState(*stamp(), account_id, ACCOUNT_STATES[state]), mandate=mandate, intent=intent)


def set_account_limits(*, account_id: int, maximum_open_orders: int, mandate: Mandate | None = None) -> int:
    """Open orders per instrument; 0 returns to the instrument's own limit. Refuses below zero: invalid_parameter.

    The exchange's own makers get theirs without a mandate. Returns the sequence.
    """
    command = SetAccountLimits(*stamp(), account_id, maximum_open_orders)
    if mandate is None:
        return gateway.submit(command).sequence
    before = {"maximum_open_orders": _known(account_id).maximum_open_orders}
    after = {"maximum_open_orders": maximum_open_orders}
    intent = Intent("account.limits", f"account {account_id}", before, after)
    return audited.submit(command, mandate=mandate, intent=intent)


def _known(account_id: int) -> EngineAccount:
    row = EngineAccount.objects.filter(account_id=account_id).first()
    if row is None:
        raise ApiError("account_not_found", "The readers know no such account: wait a moment, or check the id.")
    return row


def _try_to_open(account: Account) -> bool:
    try:
        open_account(account_id=account.id, user_id=account.owner_id)
    except ApiError as error:
        logger.info("Account %s waits to be opened: %s", account.id, error)
        return False
    return True
