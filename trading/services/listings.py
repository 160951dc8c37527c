"""Instruments: listing them, changing their parameters, halting them. Every wish is a row that becomes a command."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction

from exchange.contract.errors import ApiError
from exchange.identity.models import User
from trading.core.instruments import InstrumentTerms
from trading.core.listing import BracketText, ParametersText, TermsText, parse_parameters, parse_terms
from trading.core.terms import INSTRUMENT_STATES
from trading.engine.commands import Command, ListInstrument, SetInstrumentParameters, SetInstrumentState
from trading.models import Instrument
from trading.models.requests import LIVE, InstrumentRequest
from trading.services import requests
from trading.services.requests import State

DELIVER_LIMIT: Final = 50
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Kind = InstrumentRequest.Kind


def list_instrument(
    *, terms: TermsText, parameters: ParametersText, requested_by: User | None = None
) -> InstrumentRequest:
    """Lists a linear perpetual with version 1 of its parameters; again with the same content: the first request.

    Refuses invalid terms or parameters with invalid_parameter, a symbol or id that is listed with other content with
    idempotency_conflict. outcome_unknown: `deliver_requests` finishes it.
    """
    parse_parameters(parameters, terms=parse_terms(terms), version=1)
    return _request(
        kind=Kind.LISTING,
        symbol=terms.symbol,
        instrument_id=terms.instrument_id,
        version=1,
        content={"terms": terms._asdict(), "parameters": _as_json(parameters)},
        requested_by=requested_by,
    )


def change_parameters(
    *,
    symbol: str,
    version: int,
    parameters: ParametersText,
    effective_at: datetime | None = None,
    requested_by: User | None = None,
) -> InstrumentRequest:
    """Replaces all parameters from `effective_at` (None: now) on; again with the same content: the first request.

    `version` is above every known one. Refuses as `list_instrument`, and unknown symbols with instrument_not_found.
    """
    terms = _terms_of(symbol)
    parse_parameters(parameters, terms=terms, version=version)
    return _request(
        kind=Kind.PARAMETERS,
        symbol=symbol,
        instrument_id=terms.instrument_id,
        version=version,
        content={"parameters": _as_json(parameters)},
        effective_at=effective_at,
        requested_by=requested_by,
    )


def set_instrument_state(*, symbol: str, state: str, requested_by: User | None = None) -> InstrumentRequest:
    """`state` is a word of `trading.core.terms.INSTRUMENT_STATES`, else invalid_parameter; instrument_not_found."""
    if state not in INSTRUMENT_STATES:
        raise ApiError("invalid_parameter", f"state must be one of {', '.join(INSTRUMENT_STATES)}.", {"field": "state"})
    instrument_id = _terms_of(symbol).instrument_id
    return _request(
        kind=Kind.STATE, symbol=symbol, instrument_id=instrument_id, content={"state": state}, requested_by=requested_by
    )


def deliver_requests() -> int:
    """Finishes requests that crashes or lost answers left pending; returns how many. Safe to run at any time."""
    pending = InstrumentRequest.objects.filter(state=State.PENDING).order_by("id")[:DELIVER_LIMIT]
    return sum(requests.finish(row, _command) for row in pending)


def _request(**fields: Any) -> InstrumentRequest:
    row, is_new = _first(fields), False
    if row is None:
        row, is_new = _open(fields)
    if (row.kind, row.content, row.effective_at) != (fields["kind"], fields["content"], fields.get("effective_at")):
        raise ApiError("idempotency_conflict", "This symbol or version was requested with other content before.")
    if row.state == State.PENDING:
        decision = requests.ask(row, _command(row)) if is_new else requests.ask_again(row, _command)
        row = requests.settle(row, decision)
    requests.raise_unless_accepted(row)
    return row


def _first(fields: dict[str, Any]) -> InstrumentRequest | None:
    """The living request of this symbol and version. Changes of state have no version: each is one of its own."""
    rows = InstrumentRequest.objects.filter(LIVE, version__isnull=False)
    return rows.filter(symbol=fields["symbol"], version=fields.get("version")).first()


def _open(fields: dict[str, Any]) -> tuple[InstrumentRequest, bool]:
    try:
        with transaction.atomic(durable=True):
            return InstrumentRequest.objects.create(**fields, **requests.first_attempt()), True
    except IntegrityError:
        row = _first(fields)
        if row is None:
            raise ApiError("idempotency_conflict", "This instrument id is listed under another symbol.") from None
        return row, False


def _command(row: InstrumentRequest) -> Command:
    command_id, valid_until_ns = requests.command_id_of(row), row.final_at_ns
    if row.kind == Kind.STATE:
        return SetInstrumentState(
            command_id, valid_until_ns, row.instrument_id, INSTRUMENT_STATES[row.content["state"]]
        )
    terms = parse_terms(TermsText(**row.content["terms"])) if row.kind == Kind.LISTING else _terms_of(row.symbol)
    parameters = parse_parameters(_from_json(row.content["parameters"]), terms=terms, version=row.version)
    if row.kind == Kind.LISTING:
        return ListInstrument(command_id, valid_until_ns, terms, parameters)
    effective_at_ns = 0 if row.effective_at is None else _nanoseconds(row.effective_at)
    return SetInstrumentParameters(command_id, valid_until_ns, row.instrument_id, parameters, effective_at_ns)


def _terms_of(symbol: str) -> InstrumentTerms:
    row = Instrument.objects.filter(symbol=symbol).first()
    if row is None:
        raise ApiError("instrument_not_found")
    return InstrumentTerms(*(getattr(row, field) for field in InstrumentTerms._fields))


def _as_json(parameters: ParametersText) -> dict[str, Any]:
    return {**parameters._asdict(), "brackets": [list(bracket) for bracket in parameters.brackets]}


def _from_json(content: dict[str, Any]) -> ParametersText:
    return ParametersText(**{**content, "brackets": tuple(BracketText(*row) for row in content["brackets"])})


def _nanoseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000
