"""The bundled servers: durable, closed to strangers, back after a kill, and startable as root in both ways."""

import os
import shutil
import signal
import time

import psycopg
import pytest
import redis

from exchange.embedded import postgres as postgres_module
from exchange.embedded import state
from exchange.embedded.postgres import Postgres, best_identity
from exchange.embedded.services import Service, valkey_service

IDENTITIES = ["namespace", "nobody"] if os.geteuid() == 0 else ["as-is"]


@pytest.fixture(scope="module", params=IDENTITIES)
def server(request, tmp_path_factory):
    """A PostgreSQL of its own for each way to run it; root's ways only where this machine allows them."""
    if request.param == "namespace" and best_identity() != "namespace":
        pytest.skip("user namespaces are forbidden here; PostgreSQL runs as nobody")
    installation = state.load(tmp_path_factory.mktemp(request.param))
    service = Service(Postgres(installation, identity=request.param))
    service.start()
    yield service
    service.stop()
    shutil.rmtree(service.server.home)  # for nobody it lies outside this test's folder


def query(service, text):
    with psycopg.connect(service.server.state.database_url) as connection:
        cursor = connection.execute(text)
        return cursor.fetchall() if cursor.description else None


def setting(service, name):
    return query(service, f"SHOW {name}")[0][0]


def test_postgres_is_durable_and_checksummed(server):
    assert setting(server, "server_version").startswith("18.")
    assert [setting(server, name) for name in ("fsync", "synchronous_commit", "full_page_writes")] == ["on"] * 3
    assert setting(server, "data_checksums") == "on"
    assert setting(server, "listen_addresses") == "127.0.0.1"


def test_a_wrong_password_is_refused(server):
    url = server.server.state.database_url.replace(server.server.state.postgres_password, "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_committed_rows_survive_a_kill(server):
    query(server, "CREATE TABLE IF NOT EXISTS fact (id int)")
    query(server, "INSERT INTO fact VALUES (1)")
    server.kill()
    server.start()
    assert query(server, "SELECT count(*) FROM fact")[0][0] >= 1


def test_a_server_that_recovers_has_more_time_than_one_that_says_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres_module, "START_TIMEOUT_S", 0.2)
    monkeypatch.setattr(postgres_module, "RECOVERY_TIMEOUT_S", 0.5)
    server = Postgres(state.load(tmp_path))
    server.data.mkdir(parents=True)
    with pytest.raises(TimeoutError):
        server.wait_ready()
    (server.data / "postmaster.pid").write_text("\n" * 7 + "starting\n")
    started_s = time.monotonic()
    with pytest.raises(TimeoutError):
        server.wait_ready()
    assert time.monotonic() - started_s > 0.5


def test_a_server_left_by_a_killed_supervisor_is_ended_first(server):
    abandoned = server.process
    server.process = None
    server.start()
    assert abandoned.wait(timeout=10) == 0
    assert query(server, "SELECT 1") == [(1,)]


def test_the_number_of_a_dead_server_may_belong_to_another_program(server):
    server.stop()
    pid_file = server.server.data / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{server.server.data}\n")
    server.start()
    assert query(server, "SELECT 1") == [(1,)]


def test_an_interrupted_initdb_is_not_taken_for_a_cluster(tmp_path):
    service = Service(Postgres(state.load(tmp_path)))
    (service.server.home / "data.new" / "base").mkdir(parents=True)
    service.start()
    try:
        assert query(service, "SELECT 1") == [(1,)]
    finally:
        service.stop()


def test_valkey_wants_its_password_and_comes_back(tmp_path):
    service = valkey_service(state.load(tmp_path))
    service.start()
    url = service.server.state.valkey_url
    try:
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(url.replace(service.server.state.valkey_password, "wrong")).ping()
        service.kill()
        service.start()
        assert redis.Redis.from_url(url).info("server")["valkey_version"].startswith("9.")
    finally:
        service.stop()


def test_what_starts_postgres_gets_a_signal_when_its_parent_dies(server):
    program = server.server.program()
    assert program.stop_signal == program.death_signal == signal.SIGINT
