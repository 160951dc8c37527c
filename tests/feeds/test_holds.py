"""What feeds stop they start again, and nothing else: whoever else sets a state, its word stays."""

import pytest

from compliance.services.audit import Mandate
from exchange.contract.errors import ApiError
from exchange.identity.models import User
from risk.feeds.definitions import SECOND_NS, GuardRules
from risk.feeds.guard import Firmness, Hold, next_hold
from risk.feeds.watch import stop_without_feeds
from risk.models import FeedHold, IndexTick
from tests.feeds.world import VENUES
from trading.core.terms import (
    INSTRUMENT_CANCEL_ONLY,
    INSTRUMENT_HALTED,
    INSTRUMENT_NORMAL,
    INSTRUMENT_POST_ONLY,
)
from trading.engine.commands import SetInstrumentParameters, SetInstrumentState
from trading.services import gateway, listings
from trading.services.listings import deliver_requests, set_instrument_state

RULES = GuardRules(10 * SECOND_NS, 60 * SECOND_NS, 5 * SECOND_NS)
NOW_NS = 1_000 * SECOND_NS
FIRM = Firmness(5 * SECOND_NS, 0)


def loose(seconds):
    return Firmness(0, seconds * SECOND_NS)


def decided(present, hold, firmness):
    held = next_hold(present=present, found=present, hold=hold, firmness=firmness, now_ns=NOW_NS, rules=RULES)
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
def test_halting_everything_halts_also_what_the_guard_has_halted(desk):
    halted(desk)
    operator = User.objects.create_superuser("operator@example.com", "correct horse battery")
    failures = listings.halt_everything(mandate=Mandate(operator, "we look"))
    assert set(failures) >= {"BTC-PERP", "ETH-PERP"} and not any(failures.values())
    good_for_long(desk)
    assert desk.state("BTC") == INSTRUMENT_HALTED


@database
def test_it_comes_back_only_to_what_it_found(desk):
    set_instrument_state(symbol="BTC-PERP", state="post_only")
    desk.read()
    halted(desk)
    good_for_long(desk)
    assert desk.state("BTC") == INSTRUMENT_POST_ONLY
    assert not FeedHold.objects.exists()


@database
def test_a_halt_for_volatility_that_met_a_bad_feed_ends_too(desk):
    """The engine does not resume what somebody else has changed."""
    parameters = desk.instrument("BTC").parameters
    risk = parameters.risk._replace(
        volatility_move_ppb=50_000_000, volatility_window_ns=60 * SECOND_NS, volatility_cancel_only_ns=3_600 * SECOND_NS
    )
    changed = parameters._replace(version=parameters.version + 1, risk=risk)
    desk.gateway.execute(SetInstrumentParameters(b"", 0, 1, changed))
    desk.read()
    desk.all_say("BTC", "60000")
    desk.round(2)
    desk.all_say("BTC", "63500")
    desk.round()
    assert desk.state("BTC") == INSTRUMENT_HALTED
    desk.round(3, seconds=150)
    assert desk.state("BTC") == INSTRUMENT_CANCEL_ONLY
    assert not FeedHold.objects.exists()
    spoil(desk)
    desk.round(2)
    desk.round(2, seconds=60)
    assert desk.state("BTC") == INSTRUMENT_HALTED
    desk.all_say("BTC", "63500")
    desk.round(30)
    assert desk.state("BTC") == INSTRUMENT_NORMAL


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

    def crashing(*, symbol, state, expected_state):
        if crashes and state == listings.STATE_WORDS[crashes[0]]:
            crashes.pop()
            raise KeyboardInterrupt
        return real(symbol=symbol, state=state, expected_state=expected_state)

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
@pytest.mark.parametrize("word", ["normal", "cancel_only", "halted"])
def test_an_operators_word_at_the_same_moment_stays(desk, monkeypatch, word):
    """Milder, the same and stricter than what the feeds take back."""
    halted(desk)
    real = listings.set_instrument_state
    words = [word]

    def interrupted(*, symbol, state, expected_state):
        if words and expected_state == "cancel_only":
            real(symbol=symbol, state=words.pop())
        return real(symbol=symbol, state=state, expected_state=expected_state)

    monkeypatch.setattr("risk.feeds.holds.set_instrument_state", interrupted)
    good_for_long(desk)
    assert not words
    assert listings.STATE_WORDS[desk.state("BTC")] == word
    assert not FeedHold.objects.exists()


@database
def test_it_tightens_on_rows_that_are_behind_and_loosens_only_on_those_that_are_not(desk, monkeypatch):
    spoil(desk)
    with monkeypatch.context() as patch:
        patch.setattr(desk, "read", lambda: None)
        desk.round(20)
        assert desk.state("BTC") == INSTRUMENT_POST_ONLY
        desk.round(seconds=60)
        desk.round()
        assert desk.state("BTC") == INSTRUMENT_HALTED
        states = [command.state for command in desk.gateway.sent if isinstance(command, SetInstrumentState)]
        assert states == [INSTRUMENT_POST_ONLY, INSTRUMENT_HALTED]
        good_for_long(desk, rounds=7)
        assert desk.state("BTC") == INSTRUMENT_HALTED
    desk.read()
    good_for_long(desk)
    assert desk.state("BTC") == INSTRUMENT_NORMAL


@database
@pytest.mark.parametrize("is_asked", [True, False])
def test_what_is_stricter_stays_so_where_the_rows_do_not_know_it(desk, monkeypatch, is_asked):
    spoil(desk)
    monkeypatch.setattr(desk, "read", lambda: None)
    if is_asked:
        set_instrument_state(symbol="BTC-PERP", state="halted")
    else:
        desk.gateway.execute(SetInstrumentState(b"", 0, 1, INSTRUMENT_HALTED))
    desk.round(20)
    assert desk.state("BTC") == INSTRUMENT_HALTED


@database
def test_a_refused_state_is_no_accident(desk, monkeypatch):
    def refusing(**_):
        raise ApiError("instrument_not_found")

    monkeypatch.setattr("risk.feeds.holds.set_instrument_state", refusing)
    spoil(desk)
    assert not desk.round(12)
    assert desk.state("BTC") == INSTRUMENT_NORMAL


@pytest.fixture
def watch(desk, settings):
    """What Celery does, in an exchange that has been running for long."""
    settings.FEED_SOURCE = "simulated"
    since_ns = desk.clock.time_ns() - 3_600 * SECOND_NS

    def look(watched_since_ns=since_ns):
        for _ in desk.definitions:  # after the first command the rows are behind
            stop_without_feeds(now_ns=desk.clock.time_ns(), watched_since_ns=watched_since_ns)
            desk.read()

    return look


@database
def test_feeds_that_hang_stop_trading_too_and_undo_it_when_they_are_back(desk, watch):
    desk.clock.advance(9)
    watch()
    assert desk.state("BTC") == INSTRUMENT_NORMAL
    desk.clock.advance(1)
    watch()
    assert (desk.state("BTC"), desk.state("ETH")) == (INSTRUMENT_POST_ONLY, INSTRUMENT_POST_ONLY)
    desk.clock.advance(50)
    watch()
    assert (desk.state("BTC"), desk.state("ETH")) == (INSTRUMENT_HALTED, INSTRUMENT_HALTED)
    desk.round(4)
    assert desk.state("BTC") == INSTRUMENT_HALTED, "who slept does not know for how long all was well"
    for _ in range(40):
        desk.round()
        watch()
    assert (desk.state("BTC"), desk.state("ETH")) == (INSTRUMENT_NORMAL, INSTRUMENT_NORMAL)
    assert not FeedHold.objects.exists()


@database
def test_feeds_have_time_to_begin(desk, watch):
    desk.clock.advance(3_600)
    watch(watched_since_ns=desk.clock.time_ns() - 39 * SECOND_NS)
    assert desk.state("BTC") == INSTRUMENT_NORMAL
    watch(watched_since_ns=desk.clock.time_ns() - 40 * SECOND_NS)
    assert desk.state("BTC") == INSTRUMENT_POST_ONLY


@database
def test_what_never_had_an_index_is_left_alone(desk, watch):
    IndexTick.objects.filter(asset="ETH").delete()
    desk.clock.advance(100)
    watch()
    assert (desk.state("BTC"), desk.state("ETH")) == (INSTRUMENT_HALTED, INSTRUMENT_NORMAL)
