"""What needs more than a session: the password, typed again within the last five minutes."""

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.http import HttpRequest

from exchange.contract.errors import ApiError

PAGE = "/reauthenticate"


def is_fresh(request: HttpRequest) -> bool:
    """Whether who is signed in has typed the password again lately; who has none cannot have."""
    return bool(request.user.has_usable_password() and did_recently_reauthenticate(request))


def check(request: HttpRequest) -> None:
    """Refuses a session that is not fresh with unauthenticated; the details say where to go."""
    if not is_fresh(request):
        message = f"Type your password once more at {PAGE}, then do this within five minutes."
        raise ApiError("unauthenticated", message, {"reauthenticate": PAGE})
