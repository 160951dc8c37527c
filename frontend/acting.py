"""Who a page acts for: the signed-in user and the account the page shows, or else the one chosen in the session."""

import secrets

from django.http import HttpRequest

from exchange.contract.errors import ApiError
from exchange.identity import selectors, throttles
from exchange.identity.authentication import account_named
from exchange.identity.models import Account
from exchange.identity.principals import Principal
from exchange.identity.scopes import SESSION_SCOPES

CHOSEN = "account_id"


def principal_of(request: HttpRequest, *, cost: int = 1) -> Principal:
    """The principal of a page's request, charged with `cost` credits.

    A page that shows an account names it in each request, so that a choice made in another tab does not turn its orders
    over to another account. Refuses with unauthenticated, rate_limited, and account_not_found when it names another's.
    """
    if not request.user.is_authenticated:
        raise ApiError("unauthenticated", "Sign in first.")
    named = account_named(request.headers)
    try:
        account_id = selectors.find_own_account_id(user=request.user, account_id=named or request.session.get(CHOSEN))
    except ApiError:  # the chosen one is no longer the user's
        if named is not None:
            raise
        account_id = selectors.find_own_account_id(user=request.user, account_id=None)
    principal = Principal(request.user, account_id, SESSION_SCOPES, None, secrets.token_bytes(16))
    throttles.charge_principal(request, principal, cost)
    return principal


def accounts_of(request: HttpRequest) -> tuple[list[Account], int | None]:
    """(own accounts, the id of the one that is chosen); nothing for a visitor."""
    if not request.user.is_authenticated:
        return [], None
    own = selectors.own_accounts(user=request.user)
    chosen = request.session.get(CHOSEN)
    ids = [account.id for account in own]
    return own, chosen if chosen in ids else next(iter(ids), None)


def choose(request: HttpRequest, *, account_id: int) -> None:
    """Act for this account from now on. Refuses others' with account_not_found."""
    request.session[CHOSEN] = selectors.find_own_account_id(user=request.user, account_id=account_id)
