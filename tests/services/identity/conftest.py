# Imports of the exchange stand inside the fixtures: this file may be read before Django is set up.
import pytest


@pytest.fixture
def alice(db):
    from exchange.identity.models import User

    return User.objects.create_user("alice@example.com")


@pytest.fixture
def bob(db):
    from exchange.identity.models import User

    return User.objects.create_user("bob@example.com")


@pytest.fixture
def account(alice):
    from exchange.identity.services import create_account

    return create_account(owner=alice, name="main")


@pytest.fixture
def local_buckets(monkeypatch):
    """This process's buckets, empty, and no memory of Valkey having been away."""
    from exchange.identity import buckets

    monkeypatch.setattr(buckets, "_valkey_away_until", 0.0)
    monkeypatch.setattr(buckets, "_local_full_at_us", {})


@pytest.fixture
def valkey_here(valkey_url, local_buckets):
    pass


@pytest.fixture
def valkey_away(settings, local_buckets):
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
