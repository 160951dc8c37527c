"""Funding is applied once a period, whoever runs the task, how often, and when."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection

from exchange.contract.errors import ApiError
from risk import selectors, tasks
from risk.models import FundingRequest, PremiumSample
from risk.services import funding
from trading.core.terms import INSTRUMENT_HALTED, INSTRUMENT_NORMAL
from trading.engine.commands import (
    ApplyFunding,
    OpenAccount,
    PlaceOrder,
    SetInstrumentParameters,
    SetInstrumentState,
    TransferCollateral,
)
from trading.models import FundingRate
from trading.services import requests
from trading.services.listings import set_instrument_state

pytestmark = pytest.mark.django_db(transaction=True)

INTERVAL_NS = 8 * 3_600 * 10**9
CADENCE_NS = 5 * 10**9


@pytest.fixture
def due(desk):
    """A period has just ended, in which bids were 0.2 % above the index; sampled at the cadence."""
    desk.clock.advance((INTERVAL_NS - desk.clock.time_ns() % INTERVAL_NS) // 10**9 + 1 + INTERVAL_NS // 10**9)
    desk.round()
    desk.period_ns = desk.clock.time_ns() - desk.clock.time_ns() % INTERVAL_NS
    PremiumSample.objects.all().delete()
    start_ns = desk.period_ns - INTERVAL_NS
    PremiumSample.objects.bulk_create(
        PremiumSample(instrument_id=1, time_ns=time_ns, premium_ppb=2_000_000)
        for time_ns in range(start_ns, desk.period_ns, CADENCE_NS)
    )
    return desk


def apply(desk):
    return funding.apply_due(now_ns=desk.clock.time_ns())


def paid(desk):
    return [command for command in desk.gateway.sent if isinstance(command, ApplyFunding)]


def test_it_pays_the_period_that_ended(due):
    (request,) = apply(due)
    assert (request.instrument_id, request.period_ns, request.samples) == (1, due.period_ns, 5_760)
    assert (request.state, request.rate_ppb) == ("accepted", 1_500_000)  # 0.2 % + clamp(0.01 % - 0.2 %, 0.05 %)
    due.read()
    assert list(FundingRate.objects.values_list("period_ns", "rate_ppb", "index_price_ticks")) == [
        (due.period_ns, 1_500_000, 600_000)
    ]


def test_again_and_late_and_after_a_restart_it_pays_nothing_more(due):
    apply(due)
    assert apply(due) == []  # the rows do not know yet
    due.read()
    assert apply(due) == []
    due.clock.advance(3 * 3_600)
    due.round()
    assert apply(due) == []
    assert len(paid(due)) == 1


def test_several_at_once_are_one(due):
    def run(_):
        try:
            return apply(due)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = [request for answers in pool.map(run, range(8)) for request in answers]
    assert len(found) == 1
    due.read()
    assert FundingRate.objects.count() == 1
    assert len({command.command_id for command in paid(due)}) == 1


def test_late_is_better_than_never_until_the_next_period(due):
    due.clock.advance(7 * 3_600)
    due.round()
    (request,) = apply(due)
    assert (request.state, request.period_ns) == ("accepted", due.period_ns)


def test_a_period_that_is_over_is_not_made_up_for(due):
    due.clock.advance(8 * 3_600)
    PremiumSample.objects.filter(time_ns__gte=due.period_ns).delete()
    assert apply(due) == []
    assert paid(due) == []


@pytest.mark.parametrize("fault", ["away", "lost", "silent"])
def test_what_gets_lost_on_the_way_is_paid_once(due, fault):
    due.gateway.faults = [fault]
    apply(due)
    due.clock.advance(8)
    apply(due)
    due.gateway.deliver_late()
    due.clock.advance(8)
    apply(due)
    due.read()
    assert FundingRate.objects.count() == 1
    assert FundingRequest.objects.filter(state="accepted").count() == 1


def test_the_engine_refuses_a_second_payment_under_another_id(due):
    apply(due)
    FundingRequest.objects.update(state="void", sequence=None)
    due.read()
    again = FundingRequest.objects.create(
        instrument_id=1, period_ns=due.period_ns, rate_ppb=7, samples=1, **requests.first_attempt()
    )
    settled = requests.settle(again, requests.ask(again, funding._command(again)))
    assert (settled.state, settled.code) == ("refused", "idempotency_conflict")


def test_a_period_has_one_living_row(due):
    apply(due)
    with pytest.raises(IntegrityError):
        FundingRequest.objects.create(
            instrument_id=1, period_ns=due.period_ns, rate_ppb=7, samples=1, **requests.first_attempt()
        )


def test_halted_instruments_wait(due):
    set_instrument_state(symbol="BTC-PERP", state="halted")
    due.read()
    assert due.state("BTC") == INSTRUMENT_HALTED
    assert apply(due) == []
    set_instrument_state(symbol="BTC-PERP", state="normal")
    due.read()
    assert len(apply(due)) == 1


def test_what_was_not_sampled_counts_as_no_premium(due):
    PremiumSample.objects.filter(time_ns__gte=due.period_ns - INTERVAL_NS // 4).delete()
    (request,) = apply(due)
    assert (request.samples, request.rate_ppb) == (4_320, 1_000_000)  # 0.15 % + clamp(0.01 % - 0.15 %, 0.05 %)


def test_one_sample_decides_nothing(due):
    PremiumSample.objects.filter(time_ns__gt=due.period_ns - INTERVAL_NS).delete()
    (request,) = apply(due)
    assert (request.samples, request.rate_ppb) == (1, 100_000)  # interest alone


def test_hours_that_were_paid_are_not_paid_again_when_the_interval_grows(due):
    hour_ns = INTERVAL_NS // 8
    parameters = due.instrument("BTC").parameters
    hourly = parameters._replace(version=2, risk=parameters.risk._replace(funding_interval_ns=hour_ns))
    due.gateway.execute(SetInstrumentParameters(b"", 0, 1, hourly))
    due.gateway.execute(ApplyFunding(b"", 0, 1, due.period_ns - hour_ns, 0))
    due.gateway.execute(SetInstrumentParameters(b"", 0, 1, parameters._replace(version=3)))
    due.read()
    assert due.instrument("BTC").funded_until_ns == due.period_ns - hour_ns
    (request,) = apply(due)
    assert (request.state, request.samples, request.rate_ppb) == ("accepted", 720, 187_500)  # an eighth of 0.15 %


def test_a_refusal_is_the_last_word_of_a_period(due, monkeypatch):
    submit, sent = requests.gateway.submit, []

    def refusing(command, **options):
        if isinstance(command, ApplyFunding):
            sent.append(command)
            raise ApiError("invalid_parameter")
        return submit(command, **options)

    monkeypatch.setattr(requests.gateway, "submit", refusing)
    for _ in range(3):
        apply(due)
        due.clock.advance(200)
    assert [(row.state, row.code) for row in FundingRequest.objects.all()] == [("refused", "invalid_parameter")]
    assert len(sent) == 1


def test_what_met_a_halt_is_asked_again_with_the_same_row_after_a_while(due):
    due.gateway.execute(SetInstrumentState(b"", 0, 1, INSTRUMENT_HALTED))  # the rows do not know yet
    for _ in range(3):
        apply(due)
        due.clock.advance(10)
    assert len(paid(due)) == 1
    assert FundingRequest.objects.get().code == "instrument_halted"
    due.gateway.execute(SetInstrumentState(b"", 0, 1, INSTRUMENT_NORMAL))
    due.round(3, seconds=100)
    apply(due)
    request = FundingRequest.objects.get()
    assert (request.state, request.code, len(paid(due))) == ("accepted", "", 2)


def test_without_samples_there_is_no_rate(due):
    PremiumSample.objects.all().delete()
    assert apply(due) == []
    assert not FundingRequest.objects.exists()


def test_longs_pay_shorts_what_the_rate_says(due):
    for account_id, side in ((11, 1), (12, -1)):
        due.gateway.execute(OpenAccount(b"", 0, account_id, account_id))
        due.gateway.execute(TransferCollateral(b"", 0, account_id, "USDT", 10**11, account_id))
        due.gateway.execute(PlaceOrder(b"", 0, account_id, 1, "", side, 1, 1_000, 600_000, 1, 1))
    accounts = due.gateway.engine.state.accounts
    before = [accounts[account_id].collateral_units for account_id in (11, 12)]
    apply(due)
    due.round(2)  # settled by commands that follow
    after = [accounts[account_id].collateral_units for account_id in (11, 12)]
    assert [new - old for new, old in zip(after, before, strict=True)] == [-90_000_000, 90_000_000]  # 0.15 % of 60,000


def test_the_tasks_run(due, settings):
    tasks.apply_funding()
    settings.INDEX_PRICES_KEPT_DAYS = settings.PREMIUMS_KEPT_DAYS = -2
    tasks.forget_old_prices()
    assert not PremiumSample.objects.exists()
    assert selectors.latest_ticks() == {}
