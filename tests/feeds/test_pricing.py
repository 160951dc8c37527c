"""From quotes to marks: what moves a mark, what must not, and the record that every index leaves."""

from decimal import Decimal

import pytest
from django.core.management import call_command
from prometheus_client import REGISTRY

from risk import selectors
from risk.core.index_price import FATES, INDEX_STATUSES
from risk.feeds import pricing
from risk.models import FeedHold, IndexTick, PremiumSample
from risk.services.records import forget_before, record_round
from tests.feeds.world import VENUES
from trading.core.terms import (
    BUY,
    GTC,
    INSTRUMENT_CANCEL_ONLY,
    INSTRUMENT_HALTED,
    INSTRUMENT_NORMAL,
    INSTRUMENT_POST_ONLY,
    LIMIT,
    SELL,
)
from trading.engine.commands import OpenAccount, PlaceOrder, TransferCollateral, UpdateMarkPrice
from trading.services.listings import set_instrument_state

pytestmark = pytest.mark.django_db(transaction=True)

BAD = {
    "silent": None,
    "zero": ("0", "0"),
    "negative": ("-59994", "-60006"),
    "crossed": ("60006", "59994"),
    "not a number": ("NaN", "NaN"),
    "endless": ("Infinity", "Infinity"),
    "signalling": ("sNaN", "sNaN"),
    "overflowing": ("1E+9999999", "1E+9999999"),
    "beyond every price": ("1E+400", "1E+400"),
    "one side": ("0", "60006"),
    "wide": ("50000", "70000"),
}


def statuses(asset="BTC"):
    words = {code: word for word, code in INDEX_STATUSES.items()}
    return [words[tick.status] for tick in IndexTick.objects.filter(asset=asset).order_by("time_ns")]


def last_fates(asset="BTC"):
    words = {code: word for word, code in FATES.items()}
    tick = IndexTick.objects.filter(asset=asset).latest("time_ns")
    return {one.quote.venue: words[one.fate] for one in tick.record().constituents}


def test_marks_start_at_the_index(desk):
    assert (desk.mark("BTC"), desk.mark("ETH")) == (600_000, 300_000)
    assert desk.instrument("BTC").index_price_ticks == 600_000
    desk.all_say("BTC", "61000.04")
    assert desk.round()
    assert desk.mark("BTC") == 610_000


@pytest.mark.parametrize("said", BAD.values(), ids=BAD)
def test_bad_quotes_of_all_send_no_command_and_stop_trading(desk, said):
    marked = desk.mark("BTC")
    spoil_all(desk, said)
    sent = len(marks_sent(desk))
    assert not desk.round(10)
    assert desk.state("BTC") == INSTRUMENT_NORMAL
    assert not desk.round()
    assert desk.state("BTC") == INSTRUMENT_POST_ONLY
    assert len(marks_sent(desk)) == sent
    assert desk.mark("BTC") == marked
    assert desk.state("ETH") == INSTRUMENT_NORMAL


def test_it_halts_after_a_while_and_recovers_by_itself_through_all_steps(desk):
    spoil_all(desk, ("0", "0"))
    desk.round(12)
    assert desk.state("BTC") == INSTRUMENT_POST_ONLY
    desk.round(4, seconds=12)
    assert desk.state("BTC") == INSTRUMENT_POST_ONLY
    desk.round(2)
    assert desk.state("BTC") == INSTRUMENT_HALTED
    desk.round(2, seconds=300)
    assert desk.state("BTC") == INSTRUMENT_HALTED
    desk.all_say("BTC", "59000")
    recover(desk)
    assert desk.mark("BTC") == 590_000
    assert not FeedHold.objects.exists()


def spoil_all(desk, said):
    for venue in VENUES:
        if said is None:
            desk.freeze(venue, "BTC")
        else:
            desk.say(venue, "BTC", *said)
    if said is None:
        desk.round(seconds=30)  # old, but not too old


def marks_sent(desk):
    return [one for one in desk.gateway.sent if isinstance(one, UpdateMarkPrice) and one.instrument_id == 1]


def recover(desk):
    """Through cancel-only and post-only, not before the index was firm for a while, each step for as long."""
    seen = []
    for _ in range(30):
        desk.round()
        seen.append(desk.state("BTC"))
    assert list(dict.fromkeys(seen)) == [
        INSTRUMENT_HALTED,
        INSTRUMENT_CANCEL_ONLY,
        INSTRUMENT_POST_ONLY,
        INSTRUMENT_NORMAL,
    ]
    assert all(seen.count(state) >= 5 for state in set(seen))


@pytest.mark.parametrize("said", [("78000", "78010"), *(pair for pair in BAD.values() if pair)])
def test_one_bad_venue_changes_nothing(desk, said):
    desk.say("sim-north", "BTC", *said)
    assert desk.round(3)
    assert desk.mark("BTC") == 600_000
    assert last_fates()["sim-north"] not in ("used", "clamped_high", "clamped_low")


def test_a_frozen_venue_is_left_out_while_others_move(desk):
    for step in range(22):
        desk.all_say("BTC", 60_000 + step, venues=VENUES[1:])
        assert desk.round()
    assert last_fates()["sim-north"] == "frozen"
    desk.freeze("sim-north", "BTC")
    for step in range(4):
        desk.all_say("BTC", 60_040 + step, venues=VENUES[1:])
        assert desk.round(seconds=8)
    assert last_fates()["sim-north"] == "stale"
    assert desk.mark("BTC") == 600_430


def test_metrics_tell_of_each_venue(desk):
    desk.say("sim-north", "BTC", 0, 0)
    desk.round()
    labels = {"index": "BTC", "venue": "sim-north"}
    assert REGISTRY.get_sample_value("exchange_index_firm", {"index": "BTC"}) == 1
    assert REGISTRY.get_sample_value("exchange_venue_up", labels) == 0
    assert REGISTRY.get_sample_value("exchange_venue_up", {**labels, "venue": "sim-east"}) == 1
    counted = REGISTRY.get_sample_value("exchange_venue_fates_total", {**labels, "fate": "invalid"})
    desk.round()
    assert REGISTRY.get_sample_value("exchange_venue_fates_total", {**labels, "fate": "invalid"}) == counted + 1


def test_venues_that_contradict_each_other_move_nothing(desk):
    desk.all_say("BTC", "66000", venues=VENUES[:2])
    desk.all_say("BTC", "54000", venues=VENUES[3:])
    assert not desk.round(11)
    assert statuses()[-1] == "disagreement"
    assert desk.mark("BTC") == 600_000
    assert desk.state("BTC") == INSTRUMENT_POST_ONLY


def test_one_venue_alone_is_shown_and_moves_nothing(desk):
    desk.all_say("BTC", "61000", venues=VENUES[:1])
    for venue in VENUES[1:]:
        desk.say(venue, "BTC", 0, 0)
    assert not desk.round()
    tick = IndexTick.objects.filter(asset="BTC").latest("time_ns")
    assert (statuses()[-1], tick.price_ticks) == ("few_sources", 6_100_000)
    assert desk.mark("BTC") == 600_000


def test_an_index_off_its_benchmark_locks(desk):
    definition = desk.definitions["BTC"]
    rules = definition.rules._replace(benchmark_ppb=20_000_000)
    desk.definitions["BTC"] = definition._replace(benchmark="yardstick", rules=rules)
    desk.all_say("BTC", "60000", venues=["yardstick"])
    assert desk.round()
    desk.all_say("BTC", "63000")
    assert not desk.round()
    assert statuses()[-1] == "off_benchmark"
    assert desk.mark("BTC") == 600_000
    desk.all_say("BTC", "62500", venues=["yardstick"])
    assert desk.round()
    assert desk.mark("BTC") == 630_000
    assert "yardstick" not in last_fates()


def test_every_index_can_be_computed_again_from_its_row(desk, capsys):
    for place, said in enumerate(BAD.values()):
        desk.all_say("BTC", 60_000 + place)
        if said:
            desk.say("sim-north", "BTC", *said)
        desk.round()
    ticks = list(IndexTick.objects.all())
    assert len(ticks) == 2 * (1 + len(BAD))
    assert all(selectors.is_honest(tick) for tick in ticks)
    call_command("recompute_index")
    assert f"{len(ticks)} index prices" in capsys.readouterr().out

    tick = ticks[3]
    IndexTick.objects.filter(pk=tick.pk).update(price_ticks=tick.price_ticks + 1)
    with pytest.raises(SystemExit):
        call_command("recompute_index")
    assert f"{tick.asset} at {tick.time_ns}" in capsys.readouterr().out


def test_the_record_is_there_before_the_mark(desk, monkeypatch):
    def died(commands):
        raise KeyboardInterrupt

    monkeypatch.setattr("trading.services.gateway.submit_many", died)
    count = IndexTick.objects.count()
    with pytest.raises(KeyboardInterrupt):
        desk.round()
    assert IndexTick.objects.count() == count + 2


def test_nothing_is_lost_but_the_marks_while_the_engine_is_away(desk):
    desk.gateway.is_away = True
    assert not desk.round(3)
    desk.gateway.is_away = False
    assert desk.round()
    assert desk.state("BTC") == INSTRUMENT_NORMAL
    assert statuses()[-4:] == ["firm"] * 4


def test_the_mark_follows_the_own_book_slowly_and_within_its_bound(desk):
    fund(desk)
    quote(desk, BUY, "60200")
    quote(desk, SELL, "60400")
    desk.round()
    first = desk.mark("BTC")
    assert 600_000 < first < 600_300
    desk.round(10, seconds=30)
    assert desk.mark("BTC") == 603_000  # the middle is half a per cent above the index: as far as it may be


def test_premiums_are_sampled_at_their_cadence_from_impact_prices(desk):
    fund(desk)
    quote(desk, BUY, "60060", lots=200)
    quote(desk, BUY, "60030", lots=1_000)
    PremiumSample.objects.all().delete()  # from when there was no book
    desk.round(20)
    samples = list(PremiumSample.objects.filter(instrument_id=1).order_by("time_ns"))
    assert {sample.time_ns % (5 * 10**9) for sample in samples} == {0}
    assert len(samples) in (4, 5, 6)
    # 20,000 USDT: 12,012 at 60,060, the rest at 60,030 fill 0.33306 BTC at 60,048.0 on average
    assert samples[-1].premium_ppb == pytest.approx(800_000, rel=0.002)
    predicted = selectors.predicted_rate(
        instrument_id=1, risk=desk.instrument("BTC").parameters.risk, now_ns=desk.clock.time_ns()
    )
    average = sum(sample.premium_ppb for sample in samples) / len(samples)
    assert predicted.samples == len(samples)
    assert predicted.average_premium_ppb == pytest.approx(average, abs=1)
    assert predicted.rate_ppb == predicted.average_premium_ppb - 500_000  # interest less premium, clamped


@pytest.mark.parametrize(("seconds", "mark"), [(2, 610_000), (4, 600_000)])
def test_a_mark_is_valid_for_three_seconds_from_its_quotes_on(desk, monkeypatch, seconds, mark):
    def slow(**rows):
        desk.clock.advance(seconds)
        record_round(**rows)

    monkeypatch.setattr(pricing, "time", desk.clock)
    monkeypatch.setattr(pricing, "record_round", slow)
    desk.all_say("BTC", "61000")
    asked_ns = desk.clock.time_ns() + 10**9
    count = len(desk.gateway.sent)
    assert desk.round() == (mark == 610_000)
    assert desk.mark("BTC") == mark
    sent = [command for command in desk.gateway.sent[count:] if isinstance(command, UpdateMarkPrice)]
    assert {command.valid_until_ns - asked_ns for command in sent} == ({3 * 10**9} if sent else set())


def test_premiums_are_sampled_in_normal_trading_only(desk):
    set_instrument_state(symbol="BTC-PERP", state="post_only")
    desk.read()
    PremiumSample.objects.all().delete()
    desk.round(10)
    assert set(PremiumSample.objects.values_list("instrument_id", flat=True)) == {2}
    set_instrument_state(symbol="BTC-PERP", state="normal")
    desk.read()
    desk.round(10)
    assert PremiumSample.objects.filter(instrument_id=1).exists()


def fund(desk):
    for account_id in (11, 12):
        desk.gateway.execute(OpenAccount(b"", 0, account_id, account_id))
        desk.gateway.execute(TransferCollateral(b"", 0, account_id, "USDT", 10**13, account_id))


def quote(desk, side, price, lots=1_000):
    account_id = 11 if side == BUY else 12
    ticks = int(Decimal(price) * 10)
    command = PlaceOrder(b"", 0, account_id, 1, "", side, LIMIT, lots, ticks, GTC, 1)
    outcome = desk.gateway.execute(command)
    assert outcome.order is not None, outcome
    desk.read()


def test_old_rows_are_forgotten(desk):
    desk.round(10)
    ticks = list(IndexTick.objects.order_by("time_ns"))
    kept_from_ns = ticks[10].time_ns
    deleted = forget_before(ticks_ns=kept_from_ns, samples_ns=0)
    assert deleted == 10
    assert IndexTick.objects.earliest("time_ns").time_ns == kept_from_ns
    assert PremiumSample.objects.exists()


def test_feeds_that_take_over_after_a_long_wait_stop_nothing_at_their_first_round(desk):
    spoil_all(desk, ("0", "0"))
    desk.round()
    desk.pricing.rest()
    desk.round(seconds=3600)
    assert desk.state("BTC") == INSTRUMENT_NORMAL
    desk.round(11)
    assert desk.state("BTC") == INSTRUMENT_POST_ONLY
