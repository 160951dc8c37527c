"""A market with Alice and Bob, the real engine in this process, and the read models brought up after each command."""

import pytest

from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)


@pytest.fixture(autouse=True)
def own_buckets(request, monkeypatch):
    """Rate limits of a test are its own: nothing is left from the one before."""
    if "valkey_url" not in request.fixturenames:
        return
    from exchange.identity import buckets

    monkeypatch.setattr(buckets, "_valkey_away_until", 0.0)
    monkeypatch.setattr(buckets, "_local_full_at_us", {})


@pytest.fixture
def market(engine_gateway, valkey_url, monkeypatch):  # noqa: F811
    from tests.api.market import Market

    return Market(engine_gateway, monkeypatch)


@pytest.fixture
def alice(market):
    return market.trader("alice")


@pytest.fixture
def bob(market):
    return market.trader("bob")
