"""Reads of identity: the key of a request (kept in memory for a moment), and a user's accounts."""

import ipaddress
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from exchange.contract.errors import ApiError
from exchange.identity import ed25519, vault
from exchange.identity.models import Account, ApiKey, User

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

KEY_LIFETIME_SECONDS = 1.5
_MAXIMUM_KEYS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What a request needs of its key; `secret` is decrypted, for an Ed25519 key it is the public key."""

    public_id: str
    kind: str
    secret: bytes
    user: User
    account_id: int
    scopes: frozenset[str]
    networks: tuple[Network, ...]
    expires_at: datetime | None
    last_used_at: datetime | None
    is_live: bool


_kept: dict[str, tuple[float, KeyRecord]] = {}


def find_key(*, public_id: str) -> KeyRecord | None:
    """The key with this id as it was at most 1.5 s ago, so that a revocation is felt everywhere within 2 s."""
    now = time.monotonic()
    kept = _kept.get(public_id)
    if kept is not None and kept[0] > now:
        return kept[1]
    record = _read_key(public_id)
    if record is None:
        _kept.pop(public_id, None)
        return None
    if len(_kept) >= _MAXIMUM_KEYS_KEPT:
        _kept.clear()
    _kept[public_id] = (now + KEY_LIFETIME_SECONDS, record)
    return record


def live_keys(*, public_ids: Collection[str]) -> dict[str, KeyRecord]:
    """Those of these keys that may be used now, as their rows say, without their secrets."""
    rows = ApiKey.objects.select_related("account__owner").filter(public_id__in=public_ids)
    records = [_record(row, secret=b"") for row in rows]
    now = timezone.now()
    return {
        record.public_id: record
        for record in records
        if record.is_live and (record.expires_at is None or record.expires_at > now)
    }


def forget_key(*, public_id: str) -> None:
    """Makes this process read the key's row at its next request."""
    _kept.pop(public_id, None)


def find_own_account_id(*, user: User, account_id: int | None) -> int | None:
    """`account_id` if it is the user's own, without one the user's first, None when the user has none.

    Refuses others' and unknown accounts alike: account_not_found.
    """
    own = Account.objects.filter(owner=user)
    if account_id is None:
        return own.order_by("id").values_list("id", flat=True).first()
    if not own.filter(id=account_id).exists():
        raise ApiError("account_not_found")
    return account_id


def own_accounts(*, user: User) -> list[Account]:
    """The user's trading accounts, oldest first."""
    return list(Account.objects.filter(owner=user).order_by("id"))


def own_keys(*, user: User) -> list[ApiKey]:
    """The keys of all of the user's accounts that were not revoked, newest first, with their accounts."""
    own = ApiKey.objects.filter(account__owner=user, revoked_at=None)
    return list(own.select_related("account").order_by("-id"))


def find_own_account(*, user: User, account_id: int) -> Account:
    """Refuses others' and unknown accounts alike: account_not_found."""
    account = Account.objects.filter(owner=user, id=account_id).select_related("owner").first()
    if account is None:
        raise ApiError("account_not_found")
    return account


def _read_key(public_id: str) -> KeyRecord | None:
    row = ApiKey.objects.select_related("account__owner").filter(public_id=public_id).first()
    if row is None:
        return None
    return _record(row, secret=_secret_of(row))


def _record(row: ApiKey, *, secret: bytes) -> KeyRecord:
    return KeyRecord(
        public_id=row.public_id,
        kind=row.kind,
        secret=secret,
        user=row.account.owner,
        account_id=row.account_id,
        scopes=frozenset(row.scopes),
        networks=tuple(ipaddress.ip_network(network) for network in row.allowed_networks),
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        is_live=row.revoked_at is None and row.account.owner.is_active,
    )


def _secret_of(row: ApiKey) -> bytes:
    if row.kind == ApiKey.Kind.ED25519:
        return ed25519.decode(row.public_key, length=ed25519.PUBLIC_KEY_BYTES)
    return vault.decrypt(row.encrypted_secret)
