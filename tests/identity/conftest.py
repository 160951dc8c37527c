"""Alice and Bob with passwords and verified addresses; every test has rate limits of its own."""

import pytest

from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)
from tests.identity.people import PASSWORD


@pytest.fixture(autouse=True)
def own_buckets(valkey_url, monkeypatch):
    from exchange.identity import buckets

    monkeypatch.setattr(buckets, "_valkey_away_until", 0.0)
    monkeypatch.setattr(buckets, "_local_full_at_us", {})


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch):
    """Argon2 as ever, but not at the cost of a second a sign-in."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    for name, cost in (("time_cost", 1), ("memory_cost", 64), ("parallelism", 1)):
        monkeypatch.setattr(Argon2PasswordHasher, name, cost)


def person(name):
    from exchange.identity.models import User
    from exchange.identity.services import create_account

    user = User.objects.create_user(f"{name}@example.com", PASSWORD)
    user.take_email_as_verified()
    create_account(owner=user, name="main")
    return user


@pytest.fixture
def alice(db):
    return person("alice")


@pytest.fixture
def bob(db):
    return person("bob")
