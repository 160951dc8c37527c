"""Rate limits of the API: each request is charged to the buckets of its key, its user and its address."""

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from exchange.contract.errors import ApiError
from exchange.identity import addresses, buckets
from exchange.identity.buckets import Bucket
from exchange.identity.principals import Principal

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which itself imports this module, named in the settings


class CreditThrottle(BaseThrottle):
    """Charges `view.rate_cost` credits (default 1), or `view.rate_costs` by method: {"DELETE": 0}.

    Refuses with rate_limited. What a view only knows later it charges or gives back itself: `charge`, `refund`.
    """

    def allow_request(self, request: Request, view: "APIView") -> bool:
        by_method: dict[str, int] = getattr(view, "rate_costs", {})
        charge(request, cost=by_method.get(request.method or "", getattr(view, "rate_cost", 1)))
        return True


def charge(request: Request, *, cost: int = 1, enforce: bool = True) -> None:
    """Takes `cost` credits more for this request. Refuses with rate_limited when they are not there; without `enforce`
    it never refuses but may leave a debt, which refuses the next request, even a free one, until it is paid off."""
    principal: Any = request.auth
    charge_principal(request._request, principal if isinstance(principal, Principal) else None, cost, enforce)


def charge_principal(request: HttpRequest, principal: Principal | None, cost: int, enforce: bool = True) -> int:
    """As `charge`, of a connection that is no request of DRF's: its handshake and whoever uses it.

    Returns the credits that are left, below zero: a debt.
    """
    return _charge(request, _buckets_of(request, principal), cost, enforce)


def refund(request: Request, *, cost: int = 1) -> None:
    """Gives `cost` credits back."""
    charge(request, cost=-cost, enforce=False)


def charge_address(request: HttpRequest) -> None:
    """Takes a credit from the address alone, of a request that could not say who it is."""
    _charge(request, [_address_bucket(request, "ip")], 1, True)


def charge_sign_in(request: HttpRequest, *, email: str) -> int:
    """Takes a credit for an attempt to sign in; returns the seconds to wait when there are none left, else 0."""
    return _charge_or_wait([_address_bucket(request, "sign_in_ip"), _person_bucket("sign_in_email", email)])


def charge_visitor(request: HttpRequest, *, kind: str) -> int:
    """As charge_sign_in, for what a visitor may do without signing in: `kind` sign_up_ip or reset_ip."""
    return _charge_or_wait([_address_bucket(request, kind)])


def charge_letter(*, email: str) -> int:
    """As charge_sign_in, for a letter that anybody can have sent to this address."""
    return _charge_or_wait([_person_bucket("letters", email)])


def _charge_or_wait(limits: list[Bucket]) -> int:
    return buckets.charge(limits).retry_after_seconds if settings.RATE_LIMITS_ENABLED else 0


def _address_bucket(request: HttpRequest, kind: str) -> Bucket:
    return _bucket(kind, addresses.rate_limit_name(addresses.client_address(request)))


def _person_bucket(kind: str, email: str) -> Bucket:
    return _bucket(kind, blake2b(email.strip().lower().encode(), digest_size=16).hexdigest())


def _charge(request: HttpRequest, limits: list[Bucket], cost: int, enforce: bool) -> int:
    if not settings.RATE_LIMITS_ENABLED:
        return 0
    outcome = buckets.charge(limits, cost=cost, enforce=enforce)
    request.rate_limit_charge = outcome  # read by the middleware
    if not outcome.is_taken:
        raise ApiError("rate_limited", details={"retry_after": outcome.retry_after_seconds})
    return outcome.remaining


def _buckets_of(request: HttpRequest, principal: Principal | None) -> list[Bucket]:
    limits = [_address_bucket(request, "ip")]
    if principal is not None:
        limits.append(_bucket("user", str(principal.user.pk)))
        if principal.key_id is not None:
            limits.append(_bucket("key", principal.key_id))
    return limits


def _bucket(kind: str, name: str) -> Bucket:
    capacity, credits_per_second = settings.RATE_LIMITS[kind]
    return Bucket(f"rate:{kind}:{name}", capacity, credits_per_second)
