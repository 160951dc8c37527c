"""When many indices fail at once the whole exchange goes up its ladder, and down again, but over no operator's word."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from compliance.models import AuditEntry
from compliance.services.audit import Mandate
from exchange.identity.models import User
from risk.feeds.definitions import SECOND_NS
from risk.feeds.guard import Firmness
from risk.feeds.ladder import LadderRules, exchange_firmness, next_state
from risk.feeds.watch import stop_without_feeds
from tests.feeds.world import ASSETS, PRICES, VENUES
from trading.core.terms import (
    INSTRUMENT_CANCEL_ONLY,
    INSTRUMENT_HALTED,
    INSTRUMENT_NORMAL,
    INSTRUMENT_POST_ONLY,
)
from trading.engine.commands import SetExchangeState
from trading.selectors.exchange import exchange_standing
from trading.services import gateway
from trading.services.audited import finish_entries
from trading.services.exchange_state import STATE_WORDS, set_exchange_state

RULES = LadderRules(percent=50, indices=2, tighten_ns=20 * SECOND_NS, loosen_ns=10 * SECOND_NS)
LONG = 1_000 * SECOND_NS
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def firm(seconds):
    return Firmness(seconds * SECOND_NS, 0)


def loose(seconds):
    return Firmness(0, seconds * SECOND_NS)


@pytest.mark.parametrize(
    ("instruments", "whole"),
    [
        ([], firm(0)),
        ([loose(50)], loose(0)),  # one instrument is not the exchange
        ([firm(9), loose(50)], firm(9)),
        ([loose(30), loose(50)], loose(30)),
        ([firm(9), loose(30), loose(50)], loose(30)),
        ([firm(9), firm(70), loose(50)], firm(9)),
        ([firm(9), firm(70), firm(80), firm(5), loose(50)], firm(9)),  # three of five are half of them
        ([firm(9), firm(70), loose(40), loose(30), loose(50)], loose(30)),
        ([firm(9), firm(70)], firm(70)),  # before, one alone was loose
    ],
)
def test_how_long_the_exchange_is_in_trouble(instruments, whole):
    assert exchange_firmness(instruments, RULES) == whole


@pytest.mark.parametrize(
    ("present", "is_own", "held_s", "firmness", "state"),
    [
        (1, False, 1000, firm(50), 1),
        (1, False, 1000, loose(19), 1),
        (1, False, 1000, loose(20), 2),
        (1, False, 19, loose(50), 1),  # an operator has just opened trading
        (2, True, 19, loose(50), 2),
        (2, True, 20, loose(50), 3),
        (3, True, 20, loose(50), 4),
        (4, True, 1000, loose(500), 4),
        (2, False, 1000, loose(500), 2),
        (3, False, 1000, firm(500), 3),
        (4, False, 1000, firm(500), 4),
        (4, True, 1000, firm(9), 4),
        (4, True, 9, firm(500), 4),
        (4, True, 10, firm(10), 3),
        (3, True, 10, firm(10), 2),
        (2, True, 10, firm(10), 1),
        (4, True, 1000, firm(0), 4),
    ],
)
def test_the_next_step(present, is_own, held_s, firmness, state):
    held_for_ns = held_s * SECOND_NS
    assert state == next_state(present=present, is_own=is_own, held_for_ns=held_for_ns, firmness=firmness, rules=RULES)


database = pytest.mark.django_db(transaction=True)


@pytest.fixture
def market(desk, monkeypatch, settings):
    """A desk whose audit trail goes by its clock."""
    settings.EXCHANGE_LADDER = {"percent": 50, "indices": 2, "tighten_s": 20, "loosen_s": 10}
    monkeypatch.setattr(timezone, "now", lambda: moment(desk))
    return desk


def moment(desk):
    return EPOCH + timedelta(microseconds=desk.clock.time_ns() // 1000)


def spoil(desk, *assets):
    for asset in assets:
        for venue in VENUES:
            desk.say(venue, asset, 0, 0)


def repair(desk):
    for asset in ASSETS:
        desk.all_say(asset, PRICES[asset])


def state_of(desk):
    return desk.gateway.engine.state.exchange_state


def steps(desk, seconds):
    """Each state the exchange comes to within the seconds, with the second."""
    seen = [(0, state_of(desk))]
    for second in range(1, seconds + 1):
        desk.round()
        if state_of(desk) != seen[-1][1]:
            seen.append((second, state_of(desk)))
    return seen[1:]


def operator_says(state):
    operator, _ = User.objects.get_or_create(email="operator@example.com", is_superuser=True)
    set_exchange_state(state=state, mandate=Mandate(operator, "we look"))


@database
def test_up_and_down_the_ladder(market):
    spoil(market, *ASSETS)
    up = steps(market, 70)
    assert [state for _, state in up] == [INSTRUMENT_POST_ONLY, INSTRUMENT_CANCEL_ONLY, INSTRUMENT_HALTED]
    assert [second for second, _ in up] == [21, 41, 61]
    assert exchange_standing()[2:] == ("the exchange itself", True, "2 of 2 indices are not firm", False)
    repair(market)
    down = steps(market, 45)
    assert [state for _, state in down] == [INSTRUMENT_CANCEL_ONLY, INSTRUMENT_POST_ONLY, INSTRUMENT_NORMAL]
    assert [second for second, _ in down] == [11, 21, 31]
    assert {entry.outcome for entry in AuditEntry.objects.all()} == {"accepted"}
    assert all(market.state(asset) == INSTRUMENT_NORMAL for asset in ASSETS)


@database
def test_one_instrument_alone_is_not_the_exchange(market):
    spoil(market, "BTC")
    assert steps(market, 70) == []
    assert market.state("BTC") == INSTRUMENT_HALTED


@database
@pytest.mark.parametrize("state", [INSTRUMENT_POST_ONLY, INSTRUMENT_CANCEL_ONLY, INSTRUMENT_HALTED])
def test_an_operators_word_is_left_alone(market, state):
    """Also that of the same state, and while trouble lasts."""
    spoil(market, *ASSETS)
    steps(market, 30)
    operator_says(STATE_WORDS[state])
    market.read()
    assert steps(market, 40) == []
    repair(market)
    assert steps(market, 40) == []
    assert exchange_standing()[:1] + exchange_standing()[2:4] == (state, "operator@example.com", False)


@database
def test_an_operator_may_give_it_back(market):
    spoil(market, *ASSETS)
    steps(market, 30)
    operator_says("normal")
    market.read()
    assert steps(market, 25) == [(20, INSTRUMENT_POST_ONLY)]
    repair(market)
    assert steps(market, 25)[-1][1] == INSTRUMENT_NORMAL


@database
def test_a_word_given_at_the_same_moment_stays(market, monkeypatch):
    submit = gateway.submit
    words = ["cancel_only"]

    def interrupted(command, **options):
        if words and isinstance(command, SetExchangeState) and command.state == INSTRUMENT_POST_ONLY:
            operator_says(words.pop())
        return submit(command, **options)

    monkeypatch.setattr(gateway, "submit", interrupted)
    spoil(market, *ASSETS)
    steps(market, 30)
    assert not words
    assert state_of(market) == INSTRUMENT_CANCEL_ONLY
    assert AuditEntry.objects.get(actor=None).code == "idempotency_conflict"


@database
@pytest.mark.parametrize("fault", ["away", "lost", "silent"])
def test_a_lost_answer_is_found_out(market, monkeypatch, fault):
    submit = gateway.submit
    faults = [fault]

    def faulty(command, **options):
        if faults and isinstance(command, SetExchangeState):
            market.gateway.faults.append(faults.pop())
        return submit(command, **options)

    monkeypatch.setattr(gateway, "submit", faulty)
    spoil(market, *ASSETS)
    steps(market, 25)
    finish_entries(now=moment(market) + timedelta(minutes=1))
    steps(market, 80)
    assert (state_of(market), exchange_standing().state) == (INSTRUMENT_HALTED, INSTRUMENT_HALTED)
    repair(market)
    steps(market, 45)
    assert state_of(market) == INSTRUMENT_NORMAL


@database
def test_it_goes_by_the_audit_trail_while_the_readers_are_away(market, monkeypatch):
    spoil(market, *ASSETS)
    monkeypatch.setattr(market, "read", lambda: None)
    assert [state for _, state in steps(market, 70)][-1] == INSTRUMENT_HALTED
    assert not AuditEntry.objects.exclude(outcome="accepted").exists()


@database
def test_feeds_that_hang_stop_the_exchange_too(market, settings):
    settings.FEED_SOURCE = "simulated"
    since_ns = market.clock.time_ns() - LONG
    seen = []
    for _ in range(14):
        market.clock.advance(5)
        stop_without_feeds(now_ns=market.clock.time_ns(), watched_since_ns=since_ns)
        market.read()
        seen.append(state_of(market))
    assert seen == [1] * 3 + [2] * 4 + [3] * 4 + [4] * 3
    steps(market, 45)
    assert state_of(market) == INSTRUMENT_NORMAL


@database
def test_operators_see_who_holds_it_and_why(market, client, valkey_url):
    operator = User.objects.create_superuser("root@example.com", "correct horse battery")
    client.force_login(operator)
    spoil(market, *ASSETS)
    steps(market, 25)
    for address in (reverse("admin:trading_exchangestate_changelist"), reverse("operations")):
        page = client.get(address).content.decode()
        assert "the exchange itself" in page and "2 of 2 indices are not firm" in page
