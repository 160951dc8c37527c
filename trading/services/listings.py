"""Instruments: listing them, changing their parameters, halting them. Every wish is a row that becomes a command."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction

from compliance.services import audit
from compliance.services.audit import Intent, Mandate
from exchange.contract.errors import ApiError
from trading.core.instruments import InstrumentTerms
from trading.core.listing import BracketText, ParametersText, TermsText, parse_parameters, parse_terms
from trading.core.risk_text import RiskText
from trading.core.terms import INSTRUMENT_STATES
from trading.engine.commands import Command, ListInstrument, SetInstrumentParameters, SetInstrumentState
from trading.models import Instrument
from trading.models.requests import LIVE, InstrumentRequest
from trading.selectors.parameters import latest_parameters
from trading.services import requests
from trading.services.requests import State

DELIVER_LIMIT: Final = 50
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

STATE_WORDS: Final = {code: word for word, code in INSTRUMENT_STATES.items()}

Kind = InstrumentRequest.Kind


def list_instrument(
    *, terms: TermsText, parameters: ParametersText, mandate: Mandate | None = None
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
        mandate=mandate,
        intent=Intent("instrument.list", terms.symbol, {}, {**terms._asdict(), **_said(parameters)}),
    )


def change_parameters(
    *,
    symbol: str,
    version: int,
    parameters: ParametersText,
    effective_at: datetime | None = None,
    mandate: Mandate | None = None,
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
        mandate=mandate,
        intent=_intent_to_change(terms, version, parameters, effective_at),
    )


def set_instrument_state(
    *, symbol: str, state: str, mandate: Mandate | None = None, expected_state: str | None = None
) -> InstrumentRequest:
    """`state` is a word of `trading.core.terms.INSTRUMENT_STATES`, else invalid_parameter; instrument_not_found.

    When its own state is not the expected one, if there is one, idempotency_conflict.
    """
    if state not in INSTRUMENT_STATES:
        raise ApiError("invalid_parameter", f"state must be one of {', '.join(INSTRUMENT_STATES)}.", {"field": "state"})
    row = _instrument(symbol)
    return _request(
        kind=Kind.STATE,
        symbol=symbol,
        instrument_id=row.instrument_id,
        content={"state": state, "expected_state": expected_state},
        mandate=mandate,
        intent=Intent("instrument.state", symbol, {"state": STATE_WORDS[row.state]}, {"state": state}),
    )


def halt_everything(*, mandate: Mandate) -> dict[str, ApiError | None]:
    """Halts every instrument, each by a command of its own; gives each symbol's error, None for those that are halted
    now. Also those that are halted already, by something that would end the halt by itself. What fails for one does not
    keep the others from being halted."""
    audit.checked_reason(mandate.reason)
    symbols = Instrument.objects.order_by("symbol").values_list("symbol", flat=True)
    return {symbol: _try_to_halt(symbol, mandate) for symbol in list(symbols)}


def _try_to_halt(symbol: str, mandate: Mandate) -> ApiError | None:
    try:
        set_instrument_state(symbol=symbol, state="halted", mandate=mandate)
    except ApiError as error:
        return error
    return None


def deliver_requests() -> int:
    """Finishes requests that crashes or lost answers left pending; returns how many. Safe to run at any time."""
    pending = InstrumentRequest.objects.filter(state=State.PENDING).order_by("id")[:DELIVER_LIMIT]
    return sum(requests.finish(row, _command, _finish_entry) for row in pending)


def _request(*, mandate: Mandate | None, intent: Intent, **fields: Any) -> InstrumentRequest:
    row, is_new = _first(fields), False
    if row is None:
        row, is_new = _open(fields, mandate, intent)
    if (row.kind, row.content, row.effective_at) != (fields["kind"], fields["content"], fields.get("effective_at")):
        raise ApiError("idempotency_conflict", "This symbol or version was requested with other content before.")
    if row.state == State.PENDING:
        decision = requests.ask(row, _command(row)) if is_new else requests.ask_again(row, _command)
        row = requests.settle(row, decision, _finish_entry)
    requests.raise_unless_accepted(row)
    return row


def _first(fields: dict[str, Any]) -> InstrumentRequest | None:
    """The living request of this symbol and version. Changes of state have no version: each is one of its own."""
    rows = InstrumentRequest.objects.filter(LIVE, version__isnull=False)
    return rows.filter(symbol=fields["symbol"], version=fields.get("version")).first()


def _open(fields: dict[str, Any], mandate: Mandate | None, intent: Intent) -> tuple[InstrumentRequest, bool]:
    """The row, and with a mandate its entry in the audit trail."""
    actor = mandate and mandate.actor
    try:
        with transaction.atomic(durable=True):
            row = InstrumentRequest.objects.create(**fields, **requests.first_attempt(), requested_by=actor)
            if mandate is not None:
                audit.begin(
                    mandate=mandate,
                    intent=intent,
                    command_id=requests.command_id_of(row),
                    journal_sequence=row.proven_sequence,
                )
            return row, True
    except IntegrityError:
        row = _first(fields)
        if row is None:
            raise ApiError("idempotency_conflict", "This instrument id is listed under another symbol.") from None
        return row, False


def _finish_entry(row: InstrumentRequest) -> None:
    audit.finish_command(
        command_id=requests.command_id_of(row), outcome=row.state, code=row.code, sequence=row.sequence
    )


def _intent_to_change(
    terms: InstrumentTerms, version: int, parameters: ParametersText, effective_at: datetime | None
) -> Intent:
    """Only what differs from the latest version."""
    latest_version, latest = latest_parameters(terms=terms)
    old, new = _said(latest), _said(parameters)
    changed = [name for name in new if new[name] != old[name]]
    before = {"version": latest_version, **{name: old[name] for name in changed}}
    after = {"version": version, **{name: new[name] for name in changed}}
    if effective_at is not None:
        after["effective_at"] = effective_at.isoformat()
    return Intent("instrument.parameters", terms.symbol, before, after)


def _command(row: InstrumentRequest) -> Command:
    command_id, valid_until_ns = requests.command_id_of(row), row.final_at_ns
    if row.kind == Kind.STATE:
        expected_state = INSTRUMENT_STATES.get(row.content.get("expected_state"), 0)
        state = INSTRUMENT_STATES[row.content["state"]]
        return SetInstrumentState(command_id, valid_until_ns, row.instrument_id, state, expected_state)
    terms = parse_terms(TermsText(**row.content["terms"])) if row.kind == Kind.LISTING else _terms_of(row.symbol)
    parameters = parse_parameters(_from_json(row.content["parameters"]), terms=terms, version=row.version)
    if row.kind == Kind.LISTING:
        return ListInstrument(command_id, valid_until_ns, terms, parameters)
    effective_at_ns = 0 if row.effective_at is None else _nanoseconds(row.effective_at)
    return SetInstrumentParameters(command_id, valid_until_ns, row.instrument_id, parameters, effective_at_ns)


def _terms_of(symbol: str) -> InstrumentTerms:
    return _instrument(symbol).terms()


def _instrument(symbol: str) -> Instrument:
    row = Instrument.objects.filter(symbol=symbol).first()
    if row is None:
        raise ApiError("instrument_not_found")
    return row


def _as_json(parameters: ParametersText) -> dict[str, Any]:
    brackets = [list(bracket) for bracket in parameters.brackets]
    return {**parameters._asdict(), "brackets": brackets, "risk": parameters.risk._asdict()}


def _from_json(content: dict[str, Any]) -> ParametersText:
    """Requests of before there were risk parameters have none."""
    brackets = tuple(BracketText(*row) for row in content["brackets"])
    return ParametersText(**{**content, "brackets": brackets, "risk": RiskText(**content.get("risk", {}))})


def _said(parameters: ParametersText) -> dict[str, Any]:
    """For the audit trail: each risk parameter on its own."""
    content = _as_json(parameters)
    risk = content.pop("risk")
    return content | risk


def _nanoseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000
