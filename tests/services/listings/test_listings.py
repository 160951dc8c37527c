"""Operators' requests for instruments: rows that reach the engine once, and what is refused."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compliance.services.audit import Mandate
from exchange.contract.errors import ApiError
from exchange.identity.models import User
from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)
from trading.core import terms as t
from trading.engine.commands import AdvanceTime
from trading.models import InstrumentRequest
from trading.projections.instruments import Instruments
from trading.projections.projector import rebuild
from trading.services import listings, requests
from trading.services.first_listing import FIRST_LISTING

pytestmark = pytest.mark.django_db(transaction=True)

TERMS, PARAMETERS = FIRST_LISTING[0]


@pytest.fixture
def engine(engine_gateway, monkeypatch):  # noqa: F811
    monkeypatch.setattr(requests, "time", engine_gateway.clock)
    return engine_gateway


def list_bitcoin(**changes):
    row = listings.list_instrument(terms=TERMS, parameters=PARAMETERS._replace(**changes))
    rebuild(Instruments())
    return row


def bitcoin(engine):
    return engine.engine.state.instruments[1]


def test_listing_reaches_the_engine_once(engine):
    row = list_bitcoin()
    assert (row.state, row.sequence, row.symbol, row.version) == ("accepted", 1, "BTC-PERP", 1)
    assert bitcoin(engine).terms.symbol == "BTC-PERP"
    assert len(bitcoin(engine).parameters.brackets) == 5
    assert list_bitcoin() == row
    assert len(engine.sent) == 1


def test_the_first_listing_is_what_the_engine_takes(engine):
    for terms, parameters in FIRST_LISTING:
        listings.list_instrument(terms=terms, parameters=parameters)
    assert [i.terms.symbol for i in engine.engine.state.instruments.values()] == ["BTC-PERP", "ETH-PERP"]


def test_a_listing_with_other_content_is_a_conflict(engine):
    list_bitcoin()
    with pytest.raises(ApiError, match="idempotency_conflict"):
        list_bitcoin(taker_fee="0.0006")
    with pytest.raises(ApiError, match="idempotency_conflict"):
        listings.list_instrument(terms=TERMS._replace(symbol="BTC-OTHER"), parameters=PARAMETERS)
    assert InstrumentRequest.objects.count() == 1


def test_invalid_parameters_leave_no_row(engine):
    with pytest.raises(ApiError, match="invalid_parameter"):
        list_bitcoin(protection="0")
    assert (InstrumentRequest.objects.count(), engine.sent) == (0, [])


def test_what_the_engine_refuses_may_be_asked_again(engine):
    engine.execute(requests.AdvanceTime(*requests.stamp()))
    list_bitcoin()
    with pytest.raises(ApiError, match="invalid_parameter"):
        listings.list_instrument(terms=TERMS._replace(instrument_id=7), parameters=PARAMETERS._replace(brackets=()))
    terms, parameters = FIRST_LISTING[1]
    engine.faults = ["away"]
    with pytest.raises(ApiError, match="engine_unavailable"):
        listings.list_instrument(terms=terms, parameters=parameters)
    assert listings.list_instrument(terms=terms, parameters=parameters).state == "accepted"


def change_fee(version, fee, **fields):
    return listings.change_parameters(
        symbol="BTC-PERP", version=version, parameters=PARAMETERS._replace(taker_fee=fee), **fields
    )


def test_parameters_change_at_once(engine):
    list_bitcoin()
    operator = User.objects.create_user("operator@example.com", "correct horse battery")
    mandate = Mandate(operator, "fees fall")
    row = change_fee(2, "0.0004", mandate=mandate)
    assert (row.state, row.requested_by) == ("accepted", operator)
    assert (bitcoin(engine).parameters.version, bitcoin(engine).parameters.taker_fee_ppb) == (2, 400_000)
    assert change_fee(2, "0.0004", mandate=mandate) == row
    with pytest.raises(ApiError, match="idempotency_conflict"):
        change_fee(2, "0.0003")


def test_parameters_change_when_their_time_has_come(engine):
    list_bitcoin()
    change_fee(2, "0.0004", effective_at=timezone.now() + timedelta(minutes=5))
    assert bitcoin(engine).parameters.version == 1
    engine.clock.advance(301)
    engine.execute(AdvanceTime(*requests.stamp()))
    assert bitcoin(engine).parameters.version == 2


def test_an_old_version_is_refused_by_the_engine(engine):
    list_bitcoin()
    change_fee(5, "0.0004")
    with pytest.raises(ApiError, match="invalid_parameter"):
        change_fee(4, "0.0003")
    assert InstrumentRequest.objects.get(version=4).state == "refused"


def test_states(engine):
    list_bitcoin()
    for state in ("halted", "post_only", "halted", "normal"):
        listings.set_instrument_state(symbol="BTC-PERP", state=state)
        assert bitcoin(engine).state == t.INSTRUMENT_STATES[state]
    with pytest.raises(ApiError, match="invalid_parameter"):
        listings.set_instrument_state(symbol="BTC-PERP", state="open")
    with pytest.raises(ApiError, match="instrument_not_found"):
        listings.set_instrument_state(symbol="DOGE-PERP", state="halted")


@pytest.mark.parametrize("wait", [8, 400])
@pytest.mark.parametrize("fault", ["lost", "silent"])
def test_an_unknown_outcome_is_found_out(engine, wait, fault):
    """Also when the engine forgot the id: it would then refuse the same listing as one it has already."""
    engine.faults = [fault]
    with pytest.raises(ApiError, match="outcome_unknown"):
        list_bitcoin()
    for _ in range(2):
        engine.clock.advance(wait / 2)
        engine.execute(AdvanceTime(*requests.stamp()))
    assert listings.deliver_requests() == 1
    assert list_bitcoin().state == "accepted"
    assert bitcoin(engine).terms.symbol == "BTC-PERP"
