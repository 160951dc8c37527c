# Imports of the exchange stand inside the fixtures: this file may be read before Django is set up.
import pytest

from tests.signing import sign_headers


class Bot:
    """A client that signs with one key, through Django's test client."""

    def __init__(self, client, account, **key_options):
        from exchange.identity.services import create_api_key

        options = {"account": account, "label": "bot", "scopes": ["read", "trade"], **key_options}
        self.client = client
        self.row, self.secret = create_api_key(**options)
        self.key = self.row.public_id

    def sign(self, method="GET", path="/probe", body=b"", **options):
        return sign_headers(self.key, self.secret, method, path, body, **options)

    def send(self, method="GET", path="/probe", body=b"", headers=None, **extra):
        headers = self.sign(method, path, body) if headers is None else headers
        return self.client.generic(method, path, body, content_type="application/json", headers=headers, **extra)


@pytest.fixture(autouse=True)
def empty_valkey(valkey_url, monkeypatch):
    from exchange.identity import buckets

    monkeypatch.setattr(buckets, "_valkey_away_until", 0.0)
    monkeypatch.setattr(buckets, "_local_full_at_us", {})


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
def bobs_account(bob):
    from exchange.identity.services import create_account

    return create_account(owner=bob, name="main")


@pytest.fixture
def bot(client, account):
    return Bot(client, account)
