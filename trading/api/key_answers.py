"""API keys as answers."""

from typing import Any

from msgspec import Struct

from exchange.identity.models import ApiKey as ApiKeyRow
from trading.api.fields import Id, KeyId, KeyKind, Network, Scope, Time
from trading.api.presenting import moment


class ApiKey(Struct):
    """An API key and the account it acts for. `public_key` is that of an ed25519 key, in base64."""

    key: KeyId
    account_id: Id
    label: str
    kind: KeyKind
    public_key: str | None
    scopes: list[Scope]
    networks: list[Network]
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None


class CreatedApiKey(ApiKey):
    """A new API key. The secret of an hmac key is shown this once."""

    secret: str | None


class ApiKeys(Struct):
    """The user's API keys that were not deleted, newest first."""

    results: list[ApiKey]


class DeletedApiKey(Struct):
    """The key that nobody can use any more."""

    key: KeyId


def api_key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(**_api_key_fields(row))


def created_api_key(row: ApiKeyRow, *, secret: str) -> CreatedApiKey:
    return CreatedApiKey(**_api_key_fields(row), secret=secret or None)


def _api_key_fields(row: ApiKeyRow) -> dict[str, Any]:
    return {
        "key": row.public_id,
        "account_id": row.account_id,
        "label": row.label,
        "kind": row.kind,
        "public_key": row.public_key or None,
        "scopes": row.scopes,
        "networks": row.allowed_networks,
        "created_at": moment(row.created_at),
        "expires_at": row.expires_at and moment(row.expires_at),
        "last_used_at": row.last_used_at and moment(row.last_used_at),
    }
