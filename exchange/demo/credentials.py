"""var/demo.json: the addresses and secrets with which the demo's visitors sign in. Readable by its owner only."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from exchange.demo.world import Resident
from exchange.identity import selectors
from exchange.identity.models import Account, User
from exchange.identity.scopes import READ, TRADE, TRANSFER
from exchange.identity.services import create_api_key

FILE_NAME = "demo.json"
LOOPBACK = ["127.0.0.0/8", "::1/128"]  # the demo answers nobody else; a key that moves money needs a list


@dataclass(frozen=True, kw_only=True)
class Credentials:
    name: str
    email: str
    password: str
    api_key: str
    api_secret: str


def read(path: Path) -> dict[str, Credentials]:
    """By name, what the file says; nothing when there is none or it cannot be read."""
    try:
        return {entry["name"]: Credentials(**entry) for entry in json.loads(path.read_text())["accounts"]}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def write(path: Path, credentials: list[Credentials]) -> None:
    """Replaces the file in one step."""
    content = {
        "base_url": f"http://{settings.HOST}:{settings.PORT}",
        "ws_url": f"ws://{settings.HOST}:{settings.PORT}/ws/v1",
        "accounts": [asdict(entry) for entry in credentials],
    }
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(json.dumps(content, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def ensure(*, resident: Resident, account: Account, known: Credentials | None) -> Credentials:
    """Credentials that work: the known password and key where they still do, else new ones."""
    password = known.password if known else ""
    if not account.owner.check_password(password):
        password = _set_password(account.owner)
    api_key, api_secret = (known.api_key, known.api_secret) if known else ("", "")
    if not _works(account, api_key, api_secret):
        key, api_secret = create_api_key(
            account=account, label="demo", scopes=[READ, TRADE, TRANSFER], networks=LOOPBACK
        )
        api_key = key.public_id
    return Credentials(
        name=resident.name, email=resident.email, password=password, api_key=api_key, api_secret=api_secret
    )


def _set_password(user: User) -> str:
    password = secrets.token_urlsafe(18)
    user.set_password(password)
    user.save(update_fields=["password"])
    return password


def _works(account: Account, api_key: str, api_secret: str) -> bool:
    key = selectors.find_key(public_id=api_key)
    return key is not None and key.is_live and key.account_id == account.id and key.secret == api_secret.encode()
