"""The audit trail: complete, and append-only in the database itself."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from compliance.models import AuditEntry
from compliance.services import audit, people
from compliance.services.audit import Intent, Mandate
from exchange.contract.errors import ApiError
from exchange.identity.models import User
from trading.models.journal import record_at
from trading.services import accounts, audited, listings

pytestmark = pytest.mark.django_db(transaction=True)
INTENT = Intent("user.active", "user 7", {"is_active": True}, {"is_active": False})


@pytest.fixture
def mandate():
    actor = User.objects.create_user("operator@example.com")
    return Mandate(actor, " asked by letter ", "192.0.2.7", "request-1")


def test_an_entry_tells_who_when_what_why_and_from_where(mandate):
    entry = audit.begin(mandate=mandate, intent=INTENT)
    assert (entry.actor, entry.reason, entry.address, entry.request_id) == (
        mandate.actor, "asked by letter", "192.0.2.7", "request-1",
    )  # fmt: skip
    assert (entry.before, entry.after, entry.outcome) == ({"is_active": True}, {"is_active": False}, "pending")
    assert entry.started_at is not None and entry.finished_at is None


@pytest.mark.parametrize("reason", ["", "   ", "x" * 401])
def test_without_a_reason_nothing_is_written_and_nothing_done(mandate, reason):
    with pytest.raises(ApiError, match="invalid_parameter"):
        people.switch_user(mandate=mandate._replace(reason=reason), user=mandate.actor, is_active=False)
    assert not AuditEntry.objects.exists()


def refused_by_the_database(statement):
    with pytest.raises(IntegrityError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        "reason = 'another'", "actor_id = actor_id + 1", "before = '{}'", "after = '{}'", "action = 'x'",
        "target = 'x'", "address = NULL", "request_id = ''", "started_at = now()", "id = id + 1",
        "journal_sequence = 9, command_id = 'x'",
    ],
)  # fmt: skip
def test_what_was_intended_cannot_be_changed(mandate, change):
    audit.begin(mandate=mandate, intent=INTENT)
    assert "stays: UPDATE refused" in refused_by_the_database(f"UPDATE compliance_auditentry SET {change}")


def test_a_finished_entry_cannot_be_changed_and_none_can_be_deleted(mandate):
    entry = audit.begin(mandate=mandate, intent=INTENT)
    assert "append-only" in refused_by_the_database("DELETE FROM compliance_auditentry")
    audit.finish(entry=entry, outcome="refused", code="forbidden_scope")
    audit.finish(entry=entry, outcome="accepted")
    entry.refresh_from_db()
    assert (entry.outcome, entry.code) == ("refused", "forbidden_scope")
    assert "is finished" in refused_by_the_database("UPDATE compliance_auditentry SET outcome = 'accepted', code = ''")
    assert "append-only" in refused_by_the_database("DELETE FROM compliance_auditentry")


def test_no_entry_begins_as_finished(mandate):
    columns = "started_at, actor_id, request_id, action, target, before, after, reason, command_id, code"
    values = f"now(), {mandate.actor.id}, '', 'x', 'x', '{{}}', '{{}}', 'x', '', ''"
    statement = (
        f"INSERT INTO compliance_auditentry ({columns}, outcome, finished_at) VALUES ({values}, 'accepted', now())"
    )
    assert "begins as pending" in refused_by_the_database(statement)


def test_a_refused_change_of_ours_is_written_too_and_changes_nothing(mandate):
    with pytest.raises(ApiError, match="forbidden_scope"):
        people.switch_user(mandate=mandate, user=mandate.actor, is_active=False)
    entry = AuditEntry.objects.get()
    assert (entry.outcome, entry.code) == ("refused", "forbidden_scope")
    mandate.actor.refresh_from_db()
    assert mandate.actor.is_active


def freeze(alice, mandate):
    accounts.set_account_state(account_id=alice.account.id, state="frozen", mandate=mandate)


def test_the_entry_is_committed_before_the_command_goes_out(market, alice, mandate, monkeypatch):
    seen = []
    execute = market.gateway.execute

    def look_then_execute(command):
        seen.append((AuditEntry.objects.get().outcome, connection.in_atomic_block))
        return execute(command)

    monkeypatch.setattr(market.gateway, "execute", look_then_execute)
    freeze(alice, mandate)
    assert seen == [("pending", False)]
    entry = AuditEntry.objects.get()
    assert (entry.outcome, entry.sequence) == ("accepted", market.engine.state.sequence)


def test_a_command_inside_a_transaction_that_might_roll_back_is_refused(market, alice, mandate):
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        freeze(alice, mandate)
    assert market.engine.state.accounts[alice.account.id].state == 1


@pytest.mark.parametrize(("fault", "outcome"), [("silent", "accepted"), ("lost", "void")])
def test_what_a_crash_left_pending_is_found_out_in_the_journal(market, alice, mandate, fault, outcome):
    market.gateway.faults = [fault]
    with pytest.raises(ApiError, match="outcome_unknown"):
        freeze(alice, mandate)
    assert AuditEntry.objects.get().outcome == "pending"
    assert audited.finish_entries(now=timezone.now()) == 0  # too early to be sure
    assert audited.finish_entries(now=timezone.now() + timedelta(minutes=1)) == 1
    entry = AuditEntry.objects.get()
    assert (entry.outcome, entry.sequence) == (outcome, market.engine.state.sequence if outcome == "accepted" else None)
    assert audited.finish_entries(now=timezone.now() + timedelta(minutes=1)) == 0


def test_an_engine_that_is_away_has_done_nothing(market, alice, mandate):
    market.gateway.is_away = True
    with pytest.raises(ApiError, match="engine_unavailable"):
        freeze(alice, mandate)
    assert (AuditEntry.objects.get().outcome, AuditEntry.objects.get().code) == ("void", "engine_unavailable")


@pytest.mark.parametrize("fault", ["lost", "silent"])
def test_a_change_of_an_instrument_is_finished_with_its_request(market, mandate, fault):
    market.gateway.faults = [fault]
    with pytest.raises(ApiError, match="outcome_unknown"):
        listings.set_instrument_state(symbol="BTC-PERP", state="halted", mandate=mandate)
    assert AuditEntry.objects.get().outcome == "pending"
    market.gateway.clock.advance(8)
    assert listings.deliver_requests() == 1
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target, entry.outcome) == ("instrument.state", "BTC-PERP", "accepted")
    assert (entry.before, entry.after) == ({"state": "normal"}, {"state": "halted"})
    record = record_at(sequence=entry.sequence)
    assert record.command.command_id.hex() == entry.command_id
