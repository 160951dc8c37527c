"""The engine's side of trading accounts. What is sent here may be sent again without harm."""

from trading.engine.commands import OpenAccount, SetAccountLimits, SetAccountState
from trading.services import gateway
from trading.services.requests import stamp


def open_account(*, account_id: int, user_id: int) -> None:
    """Makes the account known to the engine. Refuses another user's account: invalid_parameter."""
    gateway.submit(OpenAccount(*stamp(), account_id, user_id))


def set_account_state(*, account_id: int, state: int) -> None:
    """`state` is one of `trading.core.terms.ACCOUNT_STATES`. Refuses others with invalid_parameter."""
    gateway.submit(SetAccountState(*stamp(), account_id, state))


def set_account_limits(*, account_id: int, maximum_open_orders: int) -> None:
    """Open orders per instrument; 0 returns to the instrument's own limit. Refuses below zero: invalid_parameter."""
    gateway.submit(SetAccountLimits(*stamp(), account_id, maximum_open_orders))
