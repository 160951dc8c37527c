"""A market with Alice's account and key, a journal and a snapshot, and a member of staff for each role.

(Imports of the exchange stand inside the fixtures: this file may be read before Django is set up.)
"""

import pytest
from django.test import Client

from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)


@pytest.fixture
def market(engine_gateway, valkey_url, monkeypatch):  # noqa: F811
    from tests.api.market import Market
    from trading.services import requests

    monkeypatch.setattr(requests, "time", engine_gateway.clock)
    return Market(engine_gateway, monkeypatch)


@pytest.fixture
def alice(market):
    return market.trader("alice")


@pytest.fixture
def staff(market):
    """(role) -> a signed-in client; `root` is a superuser, `stranger` staff without a role."""
    from compliance.rights import ROLES
    from compliance.services.roles import make_roles
    from exchange.identity.models import User

    make_roles()  # another test may have emptied the tables
    clients = {}

    def client_of(role):
        if role not in clients:
            email = f"{role.replace(' ', '-')}@example.com"
            user = User.objects.create_user(email, is_staff=True, is_superuser=role == "root")
            if role in ROLES:
                user.groups.add(_group(role))
            clients[role] = Client()
            clients[role].force_login(user)
            clients[role].user = user
        return clients[role]

    return client_of


def _group(role):
    from django.contrib.auth.models import Group

    return Group.objects.get(name=role)
