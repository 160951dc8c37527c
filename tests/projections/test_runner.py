"""The runner: alone, undisturbed by a rebuild beside it, back by itself after the database was away."""

import io
import threading

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from tests.projections.streams import RandomExchange, write_journal
from trading.models import ProjectionCursor
from trading.projections import runner
from trading.projections.projector import Projector, rebuild
from trading.projections.registry import PROJECTIONS
from trading.projections.trades import Fills, Trades
from trading.selectors.sequences import wait_for_sequence

pytestmark = pytest.mark.django_db(transaction=True)


def in_thread(function) -> threading.Thread:
    """Run it in a thread with a connection of its own."""

    def call():
        try:
            function()
        finally:
            connection.close()

    thread = threading.Thread(target=call)
    thread.start()
    return thread


@pytest.fixture
def running():
    """Starts runners; stops them at the end."""
    stop, threads = threading.Event(), []

    def start(*steps):
        threads.append(in_thread(lambda: runner.run(steps, stop=stop)))

    yield start
    stop.set()
    for thread in threads:
        thread.join(timeout=20)
        assert not thread.is_alive()


def test_the_runner_follows_and_survives_the_loss_of_its_connections(running):
    exchange = RandomExchange(8)
    write_journal(exchange.records)
    running(Projector(PROJECTIONS).step)
    head = exchange.engine.state.sequence
    assert wait_for_sequence(name="orders", sequence=head, timeout_s=20) == head
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        assert cursor.fetchone()[0] >= 2
    write_journal(exchange.run(100))
    head = exchange.engine.state.sequence
    for projection in PROJECTIONS:
        assert wait_for_sequence(name=projection.name, sequence=head, timeout_s=20) == head


def test_a_second_runner_waits_for_the_first_to_end(running):
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as own:
        own.execute("SELECT pg_advisory_lock(%s)", [runner.LOCK_KEY])
        exchange = RandomExchange(9)
        write_journal(exchange.records)
        running(Projector(PROJECTIONS).step)
        assert wait_for_sequence(name="orders", sequence=1, timeout_s=0.3) == 0
    assert wait_for_sequence(name="orders", sequence=1, timeout_s=20) >= 1


def test_a_projection_that_is_being_rebuilt_is_left_alone_and_rejoins():
    exchange = RandomExchange(10)
    write_journal(exchange.run(50) and exchange.records)
    projector = Projector((Trades, Fills))
    projector.step()
    at = exchange.engine.state.sequence
    write_journal(exchange.run(50))
    started, go_on = threading.Event(), threading.Event()

    def rebuild_slowly():
        with transaction.atomic():
            rebuild(Fills())
            started.set()
            go_on.wait(timeout=20)

    thread = in_thread(rebuild_slowly)
    assert started.wait(timeout=20)
    write_journal(exchange.run(50))
    head = exchange.engine.state.sequence
    while projector.step():
        pass
    assert wait_for_sequence(name="trades", sequence=head, timeout_s=0) == head
    assert wait_for_sequence(name="fills", sequence=head, timeout_s=0) == at
    go_on.set()
    thread.join()
    while projector.step():
        pass
    assert wait_for_sequence(name="fills", sequence=head, timeout_s=0) == head
    with connection.cursor() as cursor:
        live = sorted(Fills.tables[0].read(cursor))
        rebuild(Fills())
        assert sorted(Fills.tables[0].read(cursor)) == live != []


def test_a_failed_batch_leaves_rows_and_cursor_together(monkeypatch):
    exchange = RandomExchange(11)
    write_journal(exchange.run(200) and exchange.records)
    projector = Projector((Trades, Fills), batch_records=50)
    projector.step()
    with connection.cursor() as cursor:
        rows = Fills.tables[0].read(cursor)
    monkeypatch.setattr(Trades, "write", lambda self, cursor: cursor.execute("SELECT 1 / 0"))
    before = list(ProjectionCursor.objects.order_by("name").values_list())
    with pytest.raises(Exception, match="division by zero"):
        projector.step()
    with connection.cursor() as cursor:
        assert Fills.tables[0].read(cursor) == rows
    assert list(ProjectionCursor.objects.order_by("name").values_list()) == before
    monkeypatch.undo()
    while projector.step():
        pass
    assert ProjectionCursor.objects.get(name="fills").sequence == exchange.engine.state.sequence


def test_the_command_rebuilds_one_projection_by_name():
    exchange = RandomExchange(12)
    write_journal(exchange.records)
    output = io.StringIO()
    call_command("rebuild_projection", "ledger", stdout=output, stderr=io.StringIO())
    assert f"ledger: rebuilt from {exchange.engine.state.sequence} records" in output.getvalue()
    assert list(ProjectionCursor.objects.values_list()) == [("ledger", exchange.engine.state.sequence)]
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("rebuild_projection", "nothing")
