"""What feeds stop they start again, and nothing else: whoever else sets a state, its word stays."""

import pytest

from exchange.contract.errors import ApiError
from risk.feeds.definitions import SECOND_NS, GuardRules
from risk.feeds.guard import Firmness, Hold, next_hold
from risk.models import FeedHold
from tests.feeds.world import VENUES
from trading.core.terms import (
    INSTRUMENT_CANCEL_ONLY,
    INSTRUMENT_HALTED,
    INSTRUMENT_NORMAL,
    INSTRUMENT_POST_ONLY,
)
from trading.engine.commands import SetInstrumentState
from trading.services import gateway, listings
from trading.services.listings import deliver_requests, set_instrument_state

RULES = GuardRules(10 * SECOND_NS, 60 * SECOND_NS, 5 * SECOND_NS)
NOW_NS = 1_000 * SECOND_NS
FIRM = Firmness(5 * SECOND_NS, 0)


def loose(seconds):
    return Firmness(0, seconds * SECOND_NS)


def decided(present, hold, firmness):
    held = next_hold(present=present, hold=hold, firmness=firmness, now_ns=NOW_NS, rules=RULES)
    return held and held[:2]


def held(state, floor=INSTRUMENT_NORMAL, seconds=5):
    return Hold(state, floor, NOW_NS - seconds * SECOND_NS)


@pytest.mark.parametrize(
    ("present", "hold", "firmness", "wanted"),
    [
        (1, None, FIRM, None),
        (1, None, loose(9), None),
        (1, None, loose(10), (2, 1)),
        (1, None, loose(60), (4, 1)),
        (2, held(2), loose(59), (2, 1)),
        (2, held(2), loose(60), (4, 1)),
        (2, None, loose(59), None),  # somebody else's post-only
        (3, None, loose(59), None),
        (3, None, loose(60), (4, 3)),  # back to cancel-only one day, not beyond
        (4, None, loose(60), None),
        (4, held(4), loose(1), (4, 1)),
        (4, held(4), Firmness(4 * SECOND_NS, 0), (4, 1)),
        (4, held(4, seconds=4), FIRM, (4, 1)),
        (4, held(4), FIRM, (3, 1)),
        (3, held(3), FIRM, (2, 1)),
        (2, held(2), FIRM, None),
        (4, held(4, floor=2), FIRM, (3, 2)),
        (3, held(3, floor=2), FIRM, None),
        (4, held(4, floor=3), FIRM, None),
        (2, None, FIRM, None),
        (3, held(3), loose(10), (3, 1)),
        (3, held(3), loose(60), (4, 1)),
    ],
)
def test_what_the_guard_holds(present, hold, firmness, wanted):
    assert decided(present, hold, firmness) == wanted


database = pytest.mark.django_db(transaction=True)


def spoil(desk):
    for venue in VENUES:
        desk.say(venue, "BTC", 0, 0)


def halted(desk):
    spoil(desk)
    desk.round(2)
    desk.round(seconds=60)
    desk.round()
    assert desk.state("BTC") == INSTRUMENT_HALTED


def good_for_long(desk, rounds=30):
    desk.all_say("BTC", "60000")
    desk.round(rounds)


@database
@pytest.mark.parametrize("state", ["normal", "post_only", "cancel_only", "halted"])
def test_an_operators_word_stays(desk, state):
    """Also that of the same state as the feeds had set."""
    halted(desk)
    set_instrument_state(symbol="BTC-PERP", state=state)
    desk.read()
    good_for_long(desk)
    assert listings.STATE_WORDS[desk.state("BTC")] == state
    assert not FeedHold.objects.exists()


@database
def test_it_comes_back_only_to_what_it_found(desk):
    set_instrument_state(symbol="BTC-PERP", state="post_only")
    desk.read()
    halted(desk)
    good_for_long(desk)
    assert desk.state("BTC") == INSTRUMENT_POST_ONLY
    assert not FeedHold.objects.exists()


@database
def test_an_operator_may_open_trading_but_not_without_an_index(desk):
    halted(desk)
    set_instrument_state(symbol="BTC-PERP", state="normal")
    desk.read()
    desk.round()
    assert desk.state("BTC") == INSTRUMENT_HALTED
    good_for_long(desk)
    assert desk.state("BTC") == INSTRUMENT_NORMAL


@database
def test_a_restart_knows_what_was_its_own(desk):
    halted(desk)
    desk.pricing = desk.anew()
    good_for_long(desk)
    assert desk.state("BTC") == INSTRUMENT_NORMAL
    set_instrument_state(symbol="BTC-PERP", state="halted")
    desk.read()
    desk.pricing = desk.anew()
    good_for_long(desk)
    assert desk.state("BTC") == INSTRUMENT_HALTED


@database
@pytest.mark.parametrize("fault", ["away", "lost", "silent"])
@pytest.mark.parametrize("step", [INSTRUMENT_POST_ONLY, INSTRUMENT_CANCEL_ONLY, INSTRUMENT_NORMAL])
def test_what_gets_lost_on_the_way_is_found_out(desk, monkeypatch, fault, step):
    """One command for a state, that to `step`, meets the fault; afterwards the instrument still comes back."""
    faults = [fault]
    submit = gateway.submit

    def faulty(command, **options):
        if faults and isinstance(command, SetInstrumentState) and command.state == step:
            desk.gateway.faults.append(faults.pop())
        return submit(command, **options)

    monkeypatch.setattr(gateway, "submit", faulty)
    spoil(desk)
    desk.round(12)
    finish_requests(desk)
    desk.round(2)
    assert desk.state("BTC") == INSTRUMENT_POST_ONLY
    desk.round(seconds=60)
    desk.round()
    assert desk.state("BTC") == INSTRUMENT_HALTED
    good_for_long(desk, rounds=20)
    finish_requests(desk)
    desk.round(20)
    assert not faults
    assert desk.state("BTC") == INSTRUMENT_NORMAL
    assert not FeedHold.objects.exists()


def finish_requests(desk):
    """What Celery does."""
    desk.clock.advance(8)
    deliver_requests()
    desk.read()


@database
@pytest.mark.parametrize("step", [INSTRUMENT_POST_ONLY, INSTRUMENT_CANCEL_ONLY])
def test_a_crash_before_sending_loses_nothing(desk, monkeypatch, step):
    """The row says more than the engine knows."""
    real = listings.set_instrument_state
    crashes = [step]

    def crashing(*, symbol, state):
        if crashes and state == listings.STATE_WORDS[crashes[0]]:
            crashes.pop()
            raise KeyboardInterrupt
        return real(symbol=symbol, state=state)

    monkeypatch.setattr("risk.feeds.holds.set_instrument_state", crashing)
    spoil(desk)
    rounds = iter([1] * 12 + [60, 1])
    crashed = 0
    for seconds in rounds:
        crashed += crashing_round(desk, seconds)
    desk.all_say("BTC", "60000")
    for _ in range(30):
        crashed += crashing_round(desk, 1)
    assert crashed == 1
    assert desk.state("BTC") == INSTRUMENT_NORMAL


def crashing_round(desk, seconds):
    try:
        desk.round(seconds=seconds)
    except KeyboardInterrupt:
        desk.read()
        desk.pricing = desk.anew()
        spoiled = desk.state("BTC") == INSTRUMENT_NORMAL
        if spoiled:
            desk.round(11)
        return 1
    return 0


@database
def test_a_stricter_state_set_at_the_same_moment_is_set_again(desk, monkeypatch):
    halted(desk)
    real = listings.set_instrument_state
    interventions = ["cancel_only", "halted"]

    def interrupted(*, symbol, state):
        if interventions and state == "post_only":
            real(symbol=symbol, state=interventions.pop())
        return real(symbol=symbol, state=state)

    monkeypatch.setattr("risk.feeds.holds.set_instrument_state", interrupted)
    good_for_long(desk)
    assert interventions == ["cancel_only"]
    assert desk.state("BTC") == INSTRUMENT_HALTED
    assert not FeedHold.objects.exists()


@database
def test_nothing_is_decided_on_rows_that_are_behind(desk, monkeypatch):
    spoil(desk)
    monkeypatch.setattr(desk, "read", lambda: None)
    desk.round(20)
    assert desk.state("BTC") == INSTRUMENT_NORMAL


@database
def test_a_refused_state_is_no_accident(desk, monkeypatch):
    def refusing(**_):
        raise ApiError("instrument_not_found")

    monkeypatch.setattr("risk.feeds.holds.set_instrument_state", refusing)
    spoil(desk)
    assert not desk.round(12)
    assert desk.state("BTC") == INSTRUMENT_NORMAL
