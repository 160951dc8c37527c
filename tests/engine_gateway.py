"""A gateway whose engine lives in this process and whose journal is real: for tests of services, without processes.

Everything is decided by the real engine and committed to the real journal tables. On demand the engine is away, a
command gets lost on its way, or a reply on its way back; its memory of command ids ages with `advance`.
"""

import threading
import time

import pytest
from django.db import transaction

from exchange.contract.errors import ApiError
from tests import outcomes
from trading.engine import wire
from trading.engine.engine import Engine
from trading.engine.events import CommandRefused, CommandRepeated
from trading.engine.replies import QueryRefused
from trading.models.journal import DOMAIN, NO_HASH, EngineLease, JournalRow, chain_hash
from trading.services import gateway
from trading.services.engine_channel import Heartbeat
from trading.services.first_outcome import first_outcome


class Clock:
    """Stands in for the `time` module: runs on, and jumps when told."""

    def __init__(self):
        self.offset_ns = 0

    def time_ns(self):
        return time.time_ns() + self.offset_ns

    def advance(self, seconds):
        self.offset_ns += int(seconds * 10**9)


class EngineGateway:
    """`faults` are taken one a command: "away", "lost" (never arrives), "silent" (done, no reply), or None."""

    def __init__(self, clock):
        self.engine = Engine(DOMAIN)
        self.clock = clock
        self.faults = []
        self.is_away = False
        self.sent = []
        self.held = []
        self._lock = threading.Lock()
        EngineLease.objects.get_or_create(
            domain=DOMAIN, defaults={"epoch": 1, "last_sequence": 0, "last_hash": NO_HASH}
        )

    def submit(self, command, *, timeout_s=5.0):
        fault = self.faults.pop(0) if self.faults else None
        if self.is_away or fault == "away":
            raise ApiError("engine_unavailable")
        self.sent.append(command)
        if fault == "lost":
            self.held.append(command)
            raise ApiError("outcome_unknown", details={"final_at": command.valid_until_ns // 10**6})
        outcome = self.execute(command)
        if fault == "silent":
            raise ApiError("outcome_unknown", details={"final_at": command.valid_until_ns // 10**6})
        return _result(outcome.events, outcome)

    def submit_many(self, commands, *, timeout_s=5.0):
        return [self._submit_or_error(command) for command in commands]

    def submit_soon(self, commands, *, timeout_s=5.0):
        outcomes = self.submit_many(commands)
        return lambda: outcomes

    def ask(self, query):
        if self.is_away:
            raise ApiError("engine_unavailable")
        answer = self.engine.answer(query)
        if isinstance(answer, QueryRefused):
            raise ApiError(answer.code)
        return answer

    def heartbeat(self):
        if self.is_away:
            return None
        state = self.engine.state
        return Heartbeat(epoch=1, channel="", sequence=state.sequence, time_ns=state.time_ns, lag_ms=0)

    def deadline_ns(self):
        return self.clock.time_ns() + 5 * 10**9

    def execute(self, command):
        """As a command that arrives now, from whomever: decided, committed."""
        with self._lock:
            stamp_ns = max(self.engine.state.time_ns, self.clock.time_ns())
            records, outcome = outcomes.execute(self.engine, command, stamp_ns)
            _append(records)
            return outcome

    def deliver_late(self):
        """Messages that were lost arrive after all."""
        held, self.held = self.held, []
        return [self.execute(command) for command in held]

    def _submit_or_error(self, command):
        try:
            return self.submit(command)
        except ApiError as error:
            return error


def _result(events, outcome):
    first = events[0] if events else None
    if isinstance(first, CommandRefused):
        raise ApiError(first.code)
    if isinstance(first, CommandRepeated):
        earlier = first_outcome(command_id=outcome.command_id, sequence=first.first_sequence)
        return _result(earlier.events, earlier)
    return outcome


@transaction.atomic
def _append(records):
    lease = EngineLease.objects.select_for_update().get(domain=DOMAIN)
    row = JournalRow(
        domain=DOMAIN,
        first_sequence=records[0].sequence,
        last_sequence=records[-1].sequence,
        epoch=lease.epoch,
        time_ns=records[-1].time_ns,
        format=wire.FORMAT,
        logic_version=wire.LOGIC_VERSION,
        payload=wire.encode_records(records),
        previous_hash=bytes(lease.last_hash),
    )
    row.hash = lease.last_hash = chain_hash(row)
    row.save(force_insert=True)
    lease.last_sequence = row.last_sequence
    lease.save()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def engine_gateway(transactional_db, monkeypatch, clock):
    """Installed in place of the real gateway for the length of a test."""
    double = EngineGateway(clock)
    for name in ("submit", "submit_many", "submit_soon", "ask", "heartbeat", "deadline_ns"):
        monkeypatch.setattr(gateway, name, getattr(double, name))
    return double
