"""Who a request acts for: what request.auth is after authentication."""

from dataclasses import dataclass

from exchange.contract.errors import ApiError
from exchange.identity.models import User


@dataclass(frozen=True, slots=True)
class Principal:
    """`key_id` is None for a session; `command_id` (16 bytes) is the same again for a replayed request of a key."""

    user: User
    account_id: int | None
    scopes: frozenset[str]
    key_id: str | None
    command_id: bytes

    def acting_account_id(self) -> int:
        """The account the request acts for. Refuses a user who has none yet: account_not_found."""
        if self.account_id is None:
            raise ApiError("account_not_found", "You have no trading account yet: create one first.")
        return self.account_id
