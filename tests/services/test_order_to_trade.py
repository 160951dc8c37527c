"""Who tells the engine far more than is traded may only cancel for a while; an operator's word stays."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from compliance.models import AuditEntry
from compliance.services.audit import Mandate
from exchange.identity.models import User
from tests.api.market import Market
from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)
from trading.core import terms as t
from trading.models import AccountActivity, ActivityHold
from trading.services import accounts, order_to_trade
from trading.services.audited import finish_entries
from trading.services.order_to_trade import forget_activity, keep_limit

pytestmark = pytest.mark.django_db(transaction=True)

COOL_DOWN = timedelta(seconds=301)


@pytest.fixture
def market(engine_gateway, monkeypatch, valkey_url, settings):  # noqa: F811
    settings.ORDER_TO_TRADE = {"window_s": 600, "messages": 6, "ratio": 3, "cool_down_s": 300}
    return Market(engine_gateway, monkeypatch)


@pytest.fixture
def alice(market):
    return market.trader("alice")


@pytest.fixture
def noisy(alice):
    """Two orders placed, each amended and cancelled: six messages and no fill."""
    for _ in range(2):
        placed = alice.place()
        assert alice.patch(f"/orders/{placed['id']}", {"price": "58000"}).status_code == 200
        assert alice.delete(f"/orders/{placed['id']}").status_code == 200
    return alice


def state(market, trader):
    return market.engine.state.accounts[trader.account.id].state


def totals(trader):
    rows = AccountActivity.objects.filter(account_id=trader.account.id)
    return sum(row.messages for row in rows), sum(row.fills for row in rows)


def test_too_much_noise_is_only_let_cancel_and_later_trades_again(market, noisy):
    now = timezone.now()
    assert totals(noisy) == (6, 0)
    assert keep_limit(now=now) == (1, 0)
    assert state(market, noisy) == t.ACCOUNT_CANCEL_ONLY
    assert keep_limit(now=now) == (0, 0)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.target) == (None, "account.state", f"account {noisy.account.id}")
    assert (entry.after, entry.outcome) == ({"state": "cancel_only"}, "accepted")
    assert entry.reason == "6 orders, amends and cancels for 0 fills in 600 s"

    AccountActivity.objects.all().delete()  # as it is when it lies before the window
    assert keep_limit(now=now + COOL_DOWN) == (0, 1)
    assert state(market, noisy) == t.ACCOUNT_NORMAL
    assert not ActivityHold.objects.exists()
    assert AuditEntry.objects.count() == 2


def test_who_trades_may_tell_much(market, noisy):
    bob = market.trader("bob")
    bob.place(side="sell", quantity="0.01", price="60000")
    noisy.place(price="60000")
    assert totals(noisy) == (7, 1) and totals(bob) == (1, 1)
    assert keep_limit(now=timezone.now()) == (1, 0), "7 is more than 3 for each fill"
    other = market.trader("charlie")
    for _ in range(2):
        bob.place(side="sell", quantity="0.01", price="60000")
        bob.place(side="sell", quantity="0.01", price="60001")
        for price in ("60000", "60001"):
            other.place(price=price)
    assert totals(bob) == (5, 5)
    assert state(market, bob) == state(market, other) == t.ACCOUNT_NORMAL
    assert keep_limit(now=timezone.now()) == (0, 0)


def test_an_operators_word_stays(market, noisy):
    keep_limit(now=timezone.now())
    operator = User.objects.create_superuser("operator@example.com", "correct horse battery")
    accounts.set_account_state(account_id=noisy.account.id, state="frozen", mandate=Mandate(operator, "we look"))
    AccountActivity.objects.all().delete()
    assert keep_limit(now=timezone.now() + COOL_DOWN) == (0, 0)
    assert state(market, noisy) == t.ACCOUNT_FROZEN
    assert not ActivityHold.objects.exists()


def test_an_account_that_was_restricted_before_is_so_again(market, noisy):
    operator = User.objects.create_superuser("operator@example.com", "correct horse battery")
    mandate = Mandate(operator, "it may only reduce")
    accounts.set_account_state(account_id=noisy.account.id, state="reduce_only", mandate=mandate)
    assert keep_limit(now=timezone.now()) == (1, 0)
    AccountActivity.objects.all().delete()
    assert keep_limit(now=timezone.now() + COOL_DOWN) == (0, 1)
    assert state(market, noisy) == t.ACCOUNT_REDUCE_ONLY


def test_with_the_engine_away_it_is_tried_again(market, noisy):
    market.gateway.faults = ["away"]
    assert keep_limit(now=timezone.now()) == (0, 0)
    assert state(market, noisy) == t.ACCOUNT_NORMAL
    assert not ActivityHold.objects.exists(), "what was surely never so is not waited for"
    assert keep_limit(now=timezone.now()) == (1, 0)
    assert state(market, noisy) == t.ACCOUNT_CANCEL_ONLY
    market.gateway.faults = ["away"]
    assert keep_limit(now=timezone.now() + COOL_DOWN) == (0, 0)
    AccountActivity.objects.all().delete()
    assert keep_limit(now=timezone.now() + 2 * COOL_DOWN) == (0, 1)
    assert state(market, noisy) == t.ACCOUNT_NORMAL


@pytest.mark.parametrize(("fault", "became"), [("silent", t.ACCOUNT_CANCEL_ONLY), ("lost", t.ACCOUNT_NORMAL)])
def test_whose_answer_is_lost_is_held_until_it_is_known(market, noisy, fault, became):
    market.gateway.faults = [fault]
    assert keep_limit(now=timezone.now()) == (0, 0)
    assert state(market, noisy) == became
    assert ActivityHold.objects.exists()
    AccountActivity.objects.all().delete()
    assert keep_limit(now=timezone.now() + COOL_DOWN) == (0, 0), "the audit entry is pending"
    finish_entries(now=timezone.now() + timedelta(minutes=1))
    assert keep_limit(now=timezone.now() + 2 * COOL_DOWN) == (0, became == t.ACCOUNT_CANCEL_ONLY)
    assert state(market, noisy) == t.ACCOUNT_NORMAL
    assert not ActivityHold.objects.exists()


def test_what_nobody_looks_at_any_more_is_forgotten(alice, settings):
    settings.ACTIVITY_KEPT_DAYS = 3
    minute_ns = 28_000_000 * 60 * 10**9
    started = datetime.fromtimestamp(minute_ns // 10**9, UTC)
    for minute in range(2):
        numbers = {"minute_ns": minute_ns + minute * 60 * 10**9, "messages": 1, "fills": 0}
        AccountActivity.objects.create(account_id=alice.account.id, **numbers)
    assert forget_activity(now=started + timedelta(days=3)) == 0
    assert forget_activity(now=started + timedelta(days=3, seconds=1)) == 1
    settings.ACTIVITY_KEPT_DAYS = 0
    assert forget_activity(now=started + timedelta(seconds=660)) == 0, "the window is still looked at"
    assert forget_activity(now=started + timedelta(seconds=661)) == 1


def test_a_freeze_that_comes_in_between_stays(market, noisy, monkeypatch):
    now = timezone.now()
    seen = order_to_trade._too_much(now)
    operator = User.objects.create_superuser("operator@example.com", "correct horse battery")
    accounts.set_account_state(account_id=noisy.account.id, state="frozen", mandate=Mandate(operator, "we look"))
    monkeypatch.setattr(order_to_trade, "_too_much", lambda now: seen)
    assert keep_limit(now=now)[0] == 0
    assert state(market, noisy) == t.ACCOUNT_FROZEN
    assert not ActivityHold.objects.exists()
    monkeypatch.setattr(order_to_trade, "_too_much", lambda now: [])
    keep_limit(now=now + COOL_DOWN)
    assert state(market, noisy) == t.ACCOUNT_FROZEN
    assert not ActivityHold.objects.exists()
