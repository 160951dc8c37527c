"""Writes of identity: accounts and keys.

An Account row says who owns which account id. The engine does not read it: whoever creates an account also sends the
engine an OpenAccount command through the trading services, which may be repeated without harm.
"""

import ipaddress
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from exchange.contract.errors import ApiError
from exchange.identity import ed25519, mails, selectors, vault
from exchange.identity.models import Account, ApiKey, User
from exchange.identity.scopes import GRANTABLE_SCOPES, SCOPES_THAT_NEED_NETWORKS

LAST_USED_RESOLUTION = timedelta(minutes=1)
MAXIMUM_ACCOUNTS = 20  # of a user
MAXIMUM_KEYS = 50  # of a user, not counting revoked ones

_ACCOUNT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}")


def create_account(*, owner: User, name: str) -> Account:
    """A new trading account of `owner`. Refuses a malformed name, one the owner already uses, and an account too many:
    invalid_parameter."""
    if not _ACCOUNT_NAME.fullmatch(name):
        raise _refusal("name", "An account name has 1 to 40 of letters, digits, space, dot, dash, underscore.")
    try:
        with transaction.atomic():
            _lock(owner)
            if Account.objects.filter(owner=owner).count() >= MAXIMUM_ACCOUNTS:
                raise _refusal("name", f"You have {MAXIMUM_ACCOUNTS} accounts already, which is the most there can be.")
            return Account.objects.create(owner=owner, name=name)
    except IntegrityError:
        raise _refusal("name", f"You already have an account named {name!r}: choose another name.") from None


def create_api_key(
    *,
    account: Account,
    label: str,
    scopes: Collection[str],
    networks: Collection[str] = (),
    expires_at: datetime | None = None,
    public_key: str | None = None,
) -> tuple[ApiKey, str]:
    """(key, secret) for `account`: an HMAC key, whose secret is shown now and never again; or with the owner's
    `public_key` (base64 or PEM) an Ed25519 key, and no secret. A letter tells the owner.

    `networks` are CIDR ranges or single addresses; none: any address. Refuses with invalid_parameter unknown scopes and
    those no key may have, transfer without networks, malformed networks, an expiry that is not in the future, a public
    key that is none, and a key too many.
    """
    if not 1 <= len(label) <= ApiKey._meta.get_field("label").max_length or not label.isprintable():
        raise _refusal("label", "A label has 1 to 60 printable characters.")
    if not scopes or not GRANTABLE_SCOPES.issuperset(scopes):
        raise _refusal("scopes", f"Give one or more of these scopes: {', '.join(sorted(GRANTABLE_SCOPES))}.")
    if SCOPES_THAT_NEED_NETWORKS.intersection(scopes) and not networks:
        raise _refusal("networks", "A key that may transfer needs a list of networks it is used from.")
    if expires_at is not None and expires_at <= timezone.now():
        raise _refusal("expires_at", "The expiry must lie in the future.")
    secret = secrets.token_hex(32) if public_key is None else ""
    with transaction.atomic():
        _lock(account.owner)
        if ApiKey.objects.filter(account__owner=account.owner, revoked_at=None).count() >= MAXIMUM_KEYS:
            raise _refusal("label", f"You have {MAXIMUM_KEYS} API keys already: delete one first.")
        key = ApiKey.objects.create(
            public_id=secrets.token_hex(16),
            account=account,
            label=label,
            **_key_material(secret, public_key),
            scopes=sorted(set(scopes)),
            allowed_networks=_canonical_networks(networks),
            expires_at=expires_at,
        )
        transaction.on_commit(partial(mails.send, "api_key_created", to=account.owner.email, context={"key": key}))
    return key, secret


def revoke_api_key(*, owner: User, public_id: str) -> None:
    """Ends a key of `owner`, at once in this process and within 2 s in all others. Harmless when repeated.

    Refuses a key that is not the owner's with not_found.
    """
    own_key = ApiKey.objects.filter(public_id=public_id, account__owner=owner)
    if not own_key.filter(revoked_at=None).update(revoked_at=timezone.now()) and not own_key.exists():
        raise ApiError("not_found", "You have no such API key: check its id.")
    transaction.on_commit(partial(selectors.forget_key, public_id=public_id))


def note_key_used(*, public_id: str, now: datetime) -> None:
    """Writes last_used_at, once a minute however many processes see the key."""
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_RESOLUTION)
    ApiKey.objects.filter(stale, public_id=public_id).update(last_used_at=now)
    selectors.forget_key(public_id=public_id)


def rotate_secrets() -> int:
    """Encrypts every secret under the first of SECRET_KEYS again; returns how many. Afterwards older keys may go."""
    with transaction.atomic():
        hmac_keys = ApiKey.objects.filter(kind=ApiKey.Kind.HMAC)
        keys = list(hmac_keys.select_for_update().only("encrypted_secret"))
        for key in keys:
            key.encrypted_secret = vault.reencrypt(key.encrypted_secret)
        ApiKey.objects.bulk_update(keys, ["encrypted_secret"], batch_size=500)
    return len(keys)


def _lock(owner: User) -> None:
    """Makes who counts something of this owner's wait for whoever adds to it."""
    User.objects.select_for_update().only("id").get(id=owner.id)


def _key_material(secret: str, public_key: str | None) -> dict[str, str]:
    if public_key is None:
        return {"kind": ApiKey.Kind.HMAC, "encrypted_secret": vault.encrypt(secret.encode("ascii"))}
    try:
        raw = ed25519.public_key_from_text(public_key)
    except ValueError as error:
        message = f"Give an Ed25519 public key as PEM or as the base64 of its 32 bytes: {error}."
        raise _refusal("public_key", message) from None
    return {"kind": ApiKey.Kind.ED25519, "public_key": ed25519.encode(raw)}


def _canonical_networks(networks: Collection[str]) -> list[str]:
    if any("%" in network for network in networks):
        raise _refusal("networks", "Write networks without a scope: what follows % holds on one machine only.")
    try:
        return sorted({str(ipaddress.ip_network(network)) for network in networks})
    except ValueError as error:
        raise _refusal("networks", f"Write networks as 192.0.2.0/24 or 192.0.2.7: {error}.") from None


def _refusal(field: str, message: str) -> ApiError:
    return ApiError("invalid_parameter", message, {"field": field})
