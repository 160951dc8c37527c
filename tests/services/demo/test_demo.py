"""The demo world can be built again and again, and its crowd keeps a market on both sides."""

import random

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command

from exchange.contract.errors import ApiError
from exchange.demo import credentials, faucet
from exchange.demo.seed import seed
from exchange.demo.world import INSURANCE_FUND, RESIDENTS
from exchange.identity.models import Account, ApiKey
from exchange.management.commands.runcrowd import gather
from risk.feeds.choice import chosen_definitions, chosen_source
from risk.feeds.pricing import Pricing
from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)
from trading.core import terms as t
from trading.projections.projector import Projector
from trading.projections.registry import PROJECTIONS
from wallets import selectors
from wallets.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engine(engine_gateway, settings):  # noqa: F811
    settings.DEMO = True
    settings.FEED_SOURCE = "simulated"
    return engine_gateway.engine


@pytest.fixture
def readers(engine):
    """Brings the rows up to the journal; the services may have closed the connection in between."""

    def read():
        projector = Projector(PROJECTIONS)
        while projector.step():
            pass

    return read


def price(clock):  # noqa: F811
    """A round of the feeds: were the marks taken?"""
    now_ns = clock.time_ns()
    definitions = chosen_definitions()
    quotes = async_to_sync(chosen_source(definitions).quotes)(now_ns=now_ns)
    return Pricing(definitions, now_ns=now_ns).round(quotes, now_ns=now_ns)


def test_building_it_twice_changes_nothing(engine):
    visitors = seed({})
    money = {account.account_id: account.collateral() for account in engine.state.accounts.values()}
    counts = Account.objects.count(), ApiKey.objects.count(), Entry.objects.count()
    again = seed({visitor.name: visitor for visitor in visitors})
    assert again == visitors
    assert {account.account_id: account.collateral() for account in engine.state.accounts.values()} == money
    assert (Account.objects.count(), ApiKey.objects.count(), Entry.objects.count()) == counts
    assert sorted(instrument.terms.symbol for instrument in engine.state.instruments.values()) == [
        "BTC-PERP",
        "ETH-PERP",
    ]
    for resident, account in zip(RESIDENTS, Account.objects.order_by("id"), strict=True):
        assert money[account.id] == {"USDT": resident.margin * 10**6}
    assert money[t.INSURANCE_FUND] == {"USDT": INSURANCE_FUND * 10**6}
    assert {each.parameters.risk.funding_interval_ns for each in engine.state.instruments.values()} == {3600 * 10**9}
    assert selectors.faults() == []


def test_lost_credentials_are_made_anew(engine):
    alice, _ = seed({})
    anew, _ = seed({})
    assert (anew.email, anew.name) == (alice.email, alice.name)
    assert anew.password != alice.password and anew.api_key != alice.api_key


def test_the_file_is_for_its_owner_alone(engine, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    call_command("seed_demo")
    path = tmp_path / credentials.FILE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(credentials.read(path)) == ["alice", "bob"]


def test_there_is_no_faucet_outside_the_demo(settings):
    settings.DEMO = False
    with pytest.raises(ApiError) as refused:
        faucet.give(account_id=1, asset="USDT", amount_units=1, idempotency_key="x")
    assert refused.value.code == "not_found"
    assert not Entry.objects.exists()


def test_the_crowd_makes_a_market_of_two_sides_and_trades(engine, readers, clock):  # noqa: F811
    dice = random.Random(7)
    seed({})
    readers()
    assert gather(dice) is None, "no mark price yet"
    assert price(clock)
    readers()
    crowd = gather(dice)
    for _ in range(60):
        assert crowd.step()
    for instrument in engine.state.instruments.values():
        bid, ask = instrument.book.bids.best_price_ticks(), instrument.book.asks.best_price_ticks()
        assert 0 < bid < instrument.mark_price_ticks < ask
        assert instrument.last_price_ticks > 0
    open_ids = {order_id for account in engine.state.accounts.values() for order_id in account.orders}
    known_ids = {order_id for maker in crowd.makers for order_id in maker.quotes}
    assert open_ids <= known_ids, "every open quote is one that its maker knows of"

    anew = gather(dice)
    assert all(not account.orders for account in engine.state.accounts.values())
    assert anew.step()


def test_the_crowd_says_when_the_engine_is_away(engine_gateway, engine, readers, clock):  # noqa: F811
    seed({})
    readers()
    price(clock)
    readers()
    crowd = gather(random.Random(7))
    engine_gateway.is_away = True
    with pytest.raises(ApiError) as away:
        for _ in range(20):
            crowd.step()
    assert away.value.code == "engine_unavailable"
