"""The engine's neighbours die, freeze and forget; another engine comes; and nothing acknowledged is lost."""

import os
import signal
import threading
import time

import pytest
import redis
from django.conf import settings
from django.db import connection

from exchange.contract.errors import ApiError
from tests.worker.engine_process import wait_for_new_leader, wait_until
from tests.worker.market import limit_order, open_market
from trading.engine.wire import encode_command
from trading.models.journal import EngineLease, JournalRow, journal_head, record_at
from trading.services import gateway
from trading.services.engine_channel import heartbeat_key

pytestmark = pytest.mark.process


def refusal_of(command, **options) -> str:
    with pytest.raises(ApiError) as refusal:
        gateway.submit(command, **options)
    return refusal.value.code


def accepted(command) -> bool:
    try:
        gateway.submit(command)
    except ApiError:
        return False
    return True


def test_a_second_engine_stands_by_and_takes_over(engine, start_engine):
    open_market()
    second = start_engine()
    second.wait_for_log("standing by")
    before = gateway.submit(limit_order())

    engine.kill()
    wait_for_new_leader(after_epoch=1)
    after = gateway.submit(limit_order())

    assert after.sequence == before.sequence + 1
    assert list(JournalRow.objects.order_by("last_sequence").values_list("epoch", flat=True))[-2:] == [1, 2]


def test_an_engine_whose_fence_is_gone_writes_nothing_and_ends(engine):
    open_market()
    EngineLease.objects.update(epoch=7)
    head = journal_head()

    assert refusal_of(limit_order(), timeout_s=1) == "outcome_unknown"

    assert engine.process.wait(timeout=10) == 1
    assert "Another engine has taken over" in engine.log()
    assert "Traceback" not in engine.log()
    assert journal_head() == head


def test_an_unknown_outcome_tells_when_it_will_be_final(engine):
    open_market()
    engine.process.send_signal(signal.SIGSTOP)
    command = limit_order()

    with pytest.raises(ApiError) as refusal:
        gateway.submit(command, timeout_s=0.3)

    assert refusal.value.code == "outcome_unknown"
    assert refusal.value.details == {"final_at": (command.valid_until_ns + gateway.FINAL_AFTER_NS) // 1_000_000}


def test_everything_acknowledged_survives_kills(engine, start_engine):
    open_market()
    acknowledged, stop = [], threading.Event()

    def trade():
        while not stop.is_set():
            commands = [limit_order() for _ in range(5)]
            for command, result in zip(commands, gateway.submit_many(commands, timeout_s=1), strict=True):
                if not isinstance(result, ApiError):
                    acknowledged.append((command, result))

    trader = threading.Thread(target=trade)
    trader.start()
    for epoch in (1, 2, 3):
        had = len(acknowledged)
        wait_until(lambda had=had: len(acknowledged) > had + 50, what="orders are accepted")
        engine.kill()
        engine = start_engine()
        wait_for_new_leader(after_epoch=epoch)
    stop.set()
    trader.join()

    assert len(acknowledged) > 150
    for command, outcome in acknowledged:
        record = record_at(sequence=outcome.sequence)
        assert (record.command, record.events) == (command, outcome.events)
    assert len({outcome.sequence for _, outcome in acknowledged}) == len(acknowledged)


def test_an_emptied_valkey_costs_moments_only(engine):
    open_market()

    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        client.flushall()

    wait_until(lambda: accepted(limit_order()), what="trading again", timeout_s=3)
    assert gateway.heartbeat().epoch == 1


def test_the_engine_outlives_valkey(engine, valkey):
    open_market()
    valkey.kill()
    try:
        time.sleep(0.5)
        started_s = time.monotonic()
        assert refusal_of(limit_order()) == "engine_unavailable"
        assert time.monotonic() - started_s < 2
    finally:
        valkey.start()

    wait_until(lambda: accepted(limit_order()), what="trading again", timeout_s=10)
    assert gateway.heartbeat().epoch == 1
    told = engine.log().count("Valkey is away")
    assert told in (1, 2)  # not with every attempt; one more when it answers, and then still has to load its data
    assert engine.log().count("Valkey is back") == told


def test_the_engine_ends_with_postgresql_and_waits_for_it(engine, start_engine, postgres):
    open_market()
    outcome = gateway.submit(limit_order())
    postgres.kill()
    try:
        assert engine.process.wait(timeout=10) == 1
        assert "The connection to PostgreSQL is lost" in engine.log()
        successor = start_engine()
        successor.wait_for_log("Waiting for the database")
    finally:
        postgres.start()
        connection.close_pool()

    wait_for_new_leader(after_epoch=1)
    assert gateway.submit(limit_order()).sequence == outcome.sequence + 1
    assert successor.log().count("Waiting for the database") == 1


def test_a_full_channel_is_a_busy_engine(engine):
    open_market()
    channel = gateway.heartbeat().channel
    engine.process.send_signal(signal.SIGSTOP)
    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        client.zadd(
            f"asgi{channel}", {f"message {n}": time.time() for n in range(1001)}
        )  # one is in the engine already

    assert refusal_of(limit_order()) == "engine_busy"


def test_without_an_engine_nothing_is_done(transactional_db, valkey_url):
    wait_until(lambda: gateway.heartbeat() is None, what="an earlier engine is forgotten", timeout_s=3)

    with pytest.raises(ApiError) as refusal:
        gateway.submit(limit_order())

    assert refusal.value.code == "engine_unavailable"
    assert journal_head() == 0


def test_a_frozen_engine_is_unavailable(engine):
    open_market()
    engine.process.send_signal(signal.SIGSTOP)

    wait_until(lambda: gateway.heartbeat() is None, what="the heartbeat is forgotten", timeout_s=3)

    assert refusal_of(limit_order()) == "engine_unavailable"


def test_a_command_too_late_is_refused_by_the_engine(engine):
    open_market()
    engine.process.send_signal(signal.SIGSTOP)
    command = limit_order()
    with pytest.raises(ApiError):
        gateway.submit(command, timeout_s=0.1)
    time.sleep(max(0, command.valid_until_ns - time.time_ns()) / 1e9)
    head = journal_head()

    engine.process.send_signal(signal.SIGCONT)
    wait_until(lambda: journal_head() > head, what="the late command is decided")

    assert record_at(sequence=head + 1).command == command
    assert record_at(sequence=head + 1).events[0].code == "expired_in_transit"


def test_sigterm_stops_it_and_takes_the_heartbeat_away(engine, start_engine):
    open_market()
    outcome = gateway.submit(limit_order())

    assert engine.end() == 0

    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        assert client.get(heartbeat_key(domain=1)) is None
    start_engine()
    wait_for_new_leader(after_epoch=1)
    assert gateway.submit(limit_order()).sequence == outcome.sequence + 1


@pytest.mark.parametrize("seconds", [7, pytest.param(70, marks=pytest.mark.long)])
def test_idle_time_breaks_nothing(engine, seconds):
    open_market()
    before = gateway.submit(limit_order())

    time.sleep(seconds)

    assert gateway.submit(limit_order()).sequence == before.sequence + 1


def test_a_changed_journal_is_refused_in_one_sentence(engine, start_engine):
    open_market()
    engine.end()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE trading_journal DISABLE TRIGGER journal_append_only")
        cursor.execute("UPDATE trading_journal SET payload = set_byte(payload, 9, get_byte(payload, 9) # 1)")
        cursor.execute("ALTER TABLE trading_journal ENABLE TRIGGER journal_append_only")

    refusing = start_engine()

    assert refusing.process.wait(timeout=30) == 1
    assert "The journal is broken: the row up to" in refusing.log()
    assert "Traceback" not in refusing.log()


def test_a_forked_process_has_a_line_of_its_own(engine):
    open_market()
    gateway.submit(limit_order())
    command = limit_order()

    child = os.fork()
    if child == 0:
        os._exit(0 if accepted(command) else 1)

    assert os.waitpid(child, 0)[1] == 0
    rows = JournalRow.objects.order_by("-last_sequence")
    assert encode_command(rows[0].records()[-1].command) == encode_command(command)
