"""/ops: what operators look at, renewed every two seconds. It only shows; what can be done is in the admin site."""

import time
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from compliance.models import AuditEntry
from exchange.ops.health import READY_LAG_MS, Check, check_all
from exchange.ops.tasks import LIFE_KEY
from risk.core.index_price import FATES
from risk.selectors import FeedState, feed_states
from trading.api.presenting import INSTRUMENT_STATES
from trading.core.terms import INSTRUMENT_NORMAL
from trading.models import Instrument
from trading.selectors.exchange import ExchangeStanding, exchange_standing
from trading.selectors.operations import JournalState, ReaderState, journal_state, reader_states, readers_run
from trading.services import gateway
from trading.services.engine_channel import Heartbeat

ENTRIES_SHOWN: Final = 10
FRESH_MARK_MS: Final = 10_000
DROPPED: Final = frozenset(FATES) - {"used", "clamped_low", "clamped_high"}


class Part(NamedTuple):
    """`tone` is gain (well), loss (not) or plain (does not matter)."""

    name: str
    tone: str
    state: str
    detail: str


@require_safe
def operations(request: HttpRequest) -> HttpResponse:
    """For staff with a role. Asked for by itself it is what changes, alone."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if not admin.site.has_permission(request):
        raise PermissionDenied
    template = "ops/_status.html" if request.headers.get("HX-Request") else "ops/page.html"
    return render(request, template, _status())


def _status() -> dict[str, Any]:
    now_ns = time.time_ns()
    checks = {check.name: check for check in check_all()}
    journal, beat = journal_state(now_ns=now_ns), gateway.heartbeat()
    readers = reader_states(now_ns=now_ns)
    instruments = list(Instrument.objects.order_by("instrument_id"))
    return {
        "now": datetime.fromtimestamp(now_ns / 10**9, UTC),
        "parts": [
            _server("PostgreSQL", checks["database"]),
            _server("Valkey", checks["valkey"]),
            _engine(beat),
            _readers(readers, journal),
            _tasks(checks["valkey"]),
            _prices(feed_states(now_ns=now_ns), instruments, now_ns),
            _exchange(exchange_standing()),
        ],
        "journal": journal,
        "readers": readers,
        "instruments": [(row, INSTRUMENT_STATES[row.state]) for row in instruments],
        "entries": AuditEntry.objects.select_related("actor").order_by("-id")[:ENTRIES_SHOWN],
    }


def _server(name: str, check: Check) -> Part:
    return _part(name, check.is_well, "answers", "does not answer", f"in {check.duration_ms} ms")


def _engine(beat: Heartbeat | None) -> Part:
    if beat is None:
        return Part("Engine", "loss", "gives no sign of life", "Commands are refused until one leads.")
    detail = f"epoch {beat.epoch}, {beat.waiting} commands wait, the oldest for {beat.lag_ms} ms"
    if beat.batches:
        mean_ms = beat.commit_ns / beat.batches / 10**6
        detail += f"; {beat.records / beat.batches:.1f} records a batch, {mean_ms:.1f} ms a commit"
    return Part("Engine", "gain", "leads", detail)


def _readers(readers: list[ReaderState], journal: JournalState) -> Part:
    lag_ms = max((reader.lag_ms for reader in readers), default=0)
    is_well = readers_run() and lag_ms <= READY_LAG_MS
    detail = (
        f"the slowest is {lag_ms} ms behind, the newest snapshot {journal.sequence - journal.snapshot_sequence} records"
    )
    return _part("Readers", is_well, "follow", "do not follow", detail)


def _tasks(valkey: Check) -> Part:
    lived_at_s = cache.get(LIFE_KEY) if valkey.is_well else None
    detail = "no sign of life" if lived_at_s is None else f"last sign of life {time.time() - lived_at_s:.0f} s ago"
    return _part("Tasks", lived_at_s is not None, "run", "do not run", detail)


def _prices(states: list[FeedState], instruments: list[Instrument], now_ns: int) -> Part:
    """Of the index and the mark that are oldest; and the venues that do not count."""
    marked_at_ns = max((row.marked_at_ns for row in instruments), default=0)
    if not marked_at_ns:
        return Part("Prices", "plain", "none yet", "")
    age_ms = max(0, now_ns - marked_at_ns) // 10**6
    loose = [f"index {state.asset}: {state.status}" for state in states if state.status != "firm"]
    dropped = [
        f"{venue} {fate} in {state.asset}" for state in states for venue, fate in state.fates.items() if fate in DROPPED
    ]
    detail = "; ".join([f"the newest mark is {age_ms} ms old", *loose, *dropped])
    return _part("Prices", age_ms <= FRESH_MARK_MS and not loose, "come", "do not come", detail)


def _exchange(standing: ExchangeStanding) -> Part:
    detail = f"by {standing.held_by}: {standing.reason}" if standing.since_ns else "Nobody has changed it."
    tone = "gain" if standing.state == INSTRUMENT_NORMAL else "loss"
    return Part("Exchange", tone, INSTRUMENT_STATES[standing.state], detail)


def _part(name: str, is_well: bool, well: str, unwell: str, detail: str) -> Part:
    return Part(name, "gain" if is_well else "loss", well if is_well else unwell, detail)
