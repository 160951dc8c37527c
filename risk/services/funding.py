"""Asks the engine to apply funding, once a period: the row of a period has the rate, and its command one id.

Only the period that ended last is paid. What could not be until the next one ended (nobody ran this, or the instrument
was halted all the time) is not made up for: nobody pays twice at once.
"""

import logging
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F

from risk import selectors
from risk.models import FundingRequest
from trading.core.terms import INSTRUMENT_HALTED
from trading.engine.commands import ApplyFunding
from trading.selectors.instruments import InstrumentView, list_instruments
from trading.services import requests
from trading.services.requests import State

HALTED_PAUSE_NS: Final = 260 * 10**9  # after 240 s at most the engine has forgotten the command's id: it decides again

logger = logging.getLogger(__name__)


def apply_due(*, now_ns: int) -> list[FundingRequest]:
    """Applies what is due at `now_ns` and not applied yet. Safe to run at any time, and several at a time."""
    views = [view for view in list_instruments() if view.state != INSTRUMENT_HALTED and view.index_price_ticks]
    found = [_apply(view, now_ns) for view in views]
    return [request for request in found if request is not None]


def _apply(view: InstrumentView, now_ns: int) -> FundingRequest | None:
    """What became of the period that ended last; None when there is nothing to do."""
    period_ns = now_ns - now_ns % view.parameters.risk.funding_interval_ns
    if period_ns <= max(view.funded_period_ns, view.listed_at_ns):
        return None
    rows = FundingRequest.objects.filter(instrument_id=view.terms.instrument_id, period_ns=period_ns)
    latest = rows.order_by("id").last()
    if latest is None:
        return _ask_first(view, period_ns)
    if latest.state == State.PENDING:
        requests.finish(latest, _command)
    return _ask_anew(latest) if _may_ask_anew(latest, now_ns) else None


def _ask_first(view: InstrumentView, period_ns: int) -> FundingRequest | None:
    instrument_id = view.terms.instrument_id
    rate = selectors.rate_of_period(
        instrument_id=instrument_id,
        risk=view.parameters.risk,
        period_ns=period_ns,
        funded_ns=view.funded_period_ns,
    )
    if not rate.samples:
        return None
    try:
        with transaction.atomic(durable=True):
            request = FundingRequest.objects.create(
                instrument_id=instrument_id,
                period_ns=period_ns,
                rate_ppb=rate.rate_ppb,
                samples=rate.samples,
                **requests.first_attempt(),
            )
    except IntegrityError:  # somebody else was first
        return None
    request = requests.settle(request, requests.ask(request, _command(request)))
    logger.info(
        "Funding of %s: %d ppb from %d samples, %s.", view.terms.symbol, rate.rate_ppb, rate.samples, request.state
    )
    return request


def _may_ask_anew(request: FundingRequest, now_ns: int) -> bool:
    """What never arrived at once, what met a halt after a while; the engine's other refusals are its last word."""
    if request.state == State.REFUSED and request.code == "instrument_halted":
        return now_ns >= request.final_at_ns + HALTED_PAUSE_NS
    return request.state == State.VOID


def _ask_anew(request: FundingRequest) -> FundingRequest | None:
    """With the same row; None when somebody else was first."""
    rows = FundingRequest.objects.filter(id=request.id)
    unchanged = rows.filter(state=request.state, attempts=request.attempts)
    if not unchanged.update(state=State.PENDING, code="", attempts=F("attempts") + 1, **requests.first_attempt()):
        return None
    request = rows.get()
    return requests.settle(request, requests.ask(request, _command(request)))


def _command(request: FundingRequest) -> ApplyFunding:
    command_id, valid_until_ns = requests.command_id_of(request), request.final_at_ns
    return ApplyFunding(command_id, valid_until_ns, request.instrument_id, request.period_ns, request.rate_ppb)
