"""Who is at the other end of a WebSocket: from its handshake, its auth message, and as long as that still holds.

A handshake is a GET request: addresses, cookies and hosts are judged as those of any other.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from django.utils import timezone

from exchange.contract.errors import ApiError
from exchange.identity import addresses, authentication, selectors, signatures
from exchange.identity.addresses import Address
from exchange.identity.models import User
from exchange.identity.principals import Principal
from exchange.identity.scopes import PUBLIC, SESSION_SCOPES
from exchange.identity.selectors import KeyRecord

FIELDS: Final = {
    "key": signatures.KEY_HEADER,
    "timestamp": signatures.TIMESTAMP_HEADER,
    "nonce": signatures.NONCE_HEADER,
    "recv_window": signatures.RECV_WINDOW_HEADER,
    "signature": signatures.SIGNATURE_HEADER,
}

USED_SIGNATURES_KEPT_S: Final = 2 + (signatures.MAXIMUM_RECV_WINDOW_MS + signatures.FUTURE_TOLERANCE_MS) // 1000


@dataclass(frozen=True, slots=True)
class Identity:
    """A principal, and what its right to be there depends on: the key, or the session."""

    principal: Principal
    address: Address | None
    session_key: str


def handshake_of(scope: Mapping[str, Any]) -> HttpRequest:
    return ASGIRequest({**scope, "method": "GET"}, BytesIO())


def is_from_allowed_origin(handshake: HttpRequest) -> bool:
    """A browser's pages may bring its cookies only from our own origin or a trusted one; without cookies any may come.

    Who brings a session cookie without an Origin is no browser of ours, and is refused too.
    """
    if settings.SESSION_COOKIE_NAME not in handshake.COOKIES:
        return True
    origin = handshake.headers.get("Origin", "")
    try:
        own = f"{'https' if settings.HTTPS else 'http'}://{handshake.get_host()}"
    except DisallowedHost:
        return False
    return origin == own or origin in settings.CSRF_TRUSTED_ORIGINS or _is_trusted_wildcard(origin)


def authenticate_key(handshake: HttpRequest, fields: Mapping[str, str]) -> Identity:
    """Fields as in FIELDS, signed as a GET of the socket's own path; each signature opens one socket.

    Refuses as a signed request is refused; with engine_unavailable when Valkey is away, as all else does then.
    """
    headers = signatures.read_headers({FIELDS[name]: value for name, value in fields.items()})
    target = handshake.path.encode()
    principal = authentication.authenticate_headers(handshake, headers, target=target, body=b"")
    try:
        is_new = cache.add(f"socket:{principal.command_id.hex()}", 1, timeout=USED_SIGNATURES_KEPT_S)
    except redis.RedisError:
        raise ApiError("engine_unavailable") from None
    if not is_new:
        raise ApiError("bad_signature", "This signature was used before: sign again, with another nonce.")
    return Identity(principal, addresses.client_address(handshake), "")


def authenticate_session(handshake: HttpRequest, *, account_id: int | None) -> Identity:
    """Of the handshake's session cookie, for one of the user's own accounts (None: the first).

    Refuses with unauthenticated, account_not_found.
    """
    session_key = handshake.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    handshake.session = SessionStore(session_key)
    user = get_user(handshake)
    if not isinstance(user, User) or not user.is_active:
        raise ApiError("unauthenticated")
    own_account_id = selectors.find_own_account_id(user=user, account_id=account_id)
    principal = Principal(user, own_account_id, SESSION_SCOPES, None, secrets.token_bytes(16))
    return Identity(principal, addresses.client_address(handshake), session_key)


def no_longer_valid(identities: Collection[Identity]) -> list[Identity]:
    """Those whose key is revoked, expired or narrowed, whose session has ended or changed, whose user is frozen."""
    keys = selectors.live_keys(public_ids={each.principal.key_id for each in identities if each.principal.key_id})
    sessions = _live_sessions({each.session_key for each in identities if each.session_key})
    users = User.objects.filter(is_active=True).in_bulk({each.principal.user.pk for each in identities})
    return [each for each in identities if not _is_valid(each, keys, sessions, users)]


def _is_valid(
    identity: Identity, keys: Mapping[str, KeyRecord], sessions: Mapping[str, dict[str, Any]], users: Mapping[int, User]
) -> bool:
    principal = identity.principal
    user = users.get(principal.user.pk)
    if user is None:
        return False
    if principal.key_id is not None:
        key = keys.get(principal.key_id)
        return key is not None and principal.scopes - {PUBLIC} <= key.scopes and _is_reached_from(key, identity.address)
    session = sessions.get(identity.session_key)
    return (
        session is not None
        and session.get(SESSION_KEY) == str(user.pk)
        and session.get(HASH_SESSION_KEY) == user.get_session_auth_hash()
    )


def _is_reached_from(key: KeyRecord, address: Address | None) -> bool:
    return not key.networks or (address is not None and addresses.is_in(address, key.networks))


def _live_sessions(session_keys: set[str]) -> dict[str, dict[str, Any]]:
    rows = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    return {row.session_key: row.get_decoded() for row in rows}


def _is_trusted_wildcard(origin: str) -> bool:
    """As Django's CSRF check reads `https://*.example.com`."""
    parts = urlsplit(origin)
    for trusted in settings.CSRF_TRUSTED_ORIGINS:
        scheme, _, host = trusted.partition("://*")
        if host and parts.scheme == scheme and parts.netloc.endswith(host):
            return True
    return False
