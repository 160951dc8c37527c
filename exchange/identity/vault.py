"""Secrets at rest. Settings' SECRET_KEYS are Fernet keys: the first encrypts, all decrypt."""

from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def encrypt(secret: bytes) -> str:
    return _fernet().encrypt(secret).decode("ascii")


def decrypt(token: str) -> bytes:
    """Refuses with cryptography's InvalidToken what none of the keys made."""
    return _fernet().decrypt(token.encode("ascii"))


def reencrypt(token: str) -> str:
    """The same secret under the first key."""
    return _fernet().rotate(token.encode("ascii")).decode("ascii")


def _fernet() -> MultiFernet:
    return _fernet_of(tuple(settings.SECRET_KEYS))


@lru_cache(maxsize=4)
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
