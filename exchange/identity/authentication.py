"""API keys and sessions: turns a request into its user and Principal (request.user, request.auth).

A request with X-API-Key or X-API-Signature is judged by the key alone: cookies are never looked at, neither to help a
bad key nor to add to a good one.
"""

import re
import secrets
import time
from collections.abc import Mapping

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.utils import timezone
from django.utils.encoding import escape_uri_path
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.authentication import SessionAuthentication as CookieAuthentication
from rest_framework.request import Request

from exchange.contract.digests import command_id_for
from exchange.contract.errors import ApiError
from exchange.identity import addresses, selectors, services, signatures, throttles
from exchange.identity.models import User
from exchange.identity.principals import Principal
from exchange.identity.scopes import PUBLIC, SESSION_SCOPES
from exchange.identity.selectors import KeyRecord
from exchange.identity.signatures import SignedHeaders

ACCOUNT_HEADER = "X-Account"

_ACCOUNT_ID = re.compile(r"[1-9][0-9]{0,15}")


class ApiKeyAuthentication(BaseAuthentication):
    """Signed requests. Each refusal costs the address a credit, so that guessing is slow."""

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        if not is_signed(request._request):
            return None
        try:
            principal = authenticate_signed(request._request)
        except ApiError:
            throttles.charge_address(request._request)
            raise
        return principal.user, principal

    def authenticate_header(self, request: Request) -> str:
        return "ApiKey"


class SessionAuthentication(CookieAuthentication):
    """Signed-in browsers: CSRF is checked, X-Account may name one of the user's own accounts."""

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        signed_in = super().authenticate(request)
        if signed_in is None:
            return None
        user: User = signed_in[0]
        account_id = selectors.find_own_account_id(user=user, account_id=account_named(request._request.headers))
        return user, Principal(user, account_id, SESSION_SCOPES, None, secrets.token_bytes(16))

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied:
            raise ApiError("forbidden_scope", "The CSRF token is missing or wrong: load the page again.") from None


def is_signed(request: HttpRequest) -> bool:
    return signatures.KEY_HEADER in request.headers or signatures.SIGNATURE_HEADER in request.headers


def authenticate_signed(request: HttpRequest) -> Principal:
    """The principal of a signed request. Refuses with unauthenticated, stale_timestamp, bad_signature, ip_not_allowed,
    account_not_found (X-Account names another account than the key's), payload_too_large."""
    headers = signatures.read_headers(request.headers)
    return authenticate_headers(request, headers, target=target_as_sent(request), body=_body(request))


def authenticate_headers(request: HttpRequest, headers: SignedHeaders, *, target: bytes, body: bytes) -> Principal:
    """The principal of who signed `target` and `body` with these headers; `request` brought them. Refuses likewise."""
    signatures.check_timestamp(headers, now_ms=time.time_ns() // 1_000_000)
    key = selectors.find_key(public_id=headers.key)
    if key is None:
        raise ApiError("unauthenticated", "There is no such API key.")
    text = signatures.signed_text(headers, method=request.method or "", target=target, body=body)
    signature = signatures.check_signature(headers, kind=key.kind, secret=key.secret, text=text)
    _check_key(key, request)
    return Principal(
        key.user, key.account_id, key.scopes | {PUBLIC}, key.public_id, command_id_for(headers.key, signature)
    )


def target_as_sent(request: HttpRequest) -> bytes:
    """Path and query byte for byte as the client sent them; a server that hides them gets their usual spelling."""
    scope = getattr(request, "scope", {})
    path: bytes = scope.get("raw_path") or escape_uri_path(request.path).encode("ascii")
    query: bytes = scope.get("query_string", request.META.get("QUERY_STRING", "").encode("latin-1"))
    return path + b"?" + query if query else path


def _check_key(key: KeyRecord, request: HttpRequest) -> None:
    now = timezone.now()
    if not key.is_live or (key.expires_at is not None and key.expires_at <= now):
        raise ApiError("unauthenticated", "This API key is expired or revoked: use another one.")
    address = addresses.client_address(request)
    if key.networks and (address is None or not addresses.is_in(address, key.networks)):
        raise ApiError("ip_not_allowed")
    if account_named(request.headers) not in (None, key.account_id):
        raise ApiError("account_not_found", "This API key acts for another account.")
    if key.last_used_at is None or key.last_used_at < now - services.LAST_USED_RESOLUTION:
        services.note_key_used(public_id=key.public_id, now=now)


def account_named(headers: Mapping[str, str]) -> int | None:
    text = headers.get(ACCOUNT_HEADER)
    if text is None:
        return None
    if _ACCOUNT_ID.fullmatch(text) is None:
        raise ApiError("account_not_found")
    return int(text)


def _body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig:
        raise ApiError("payload_too_large") from None
