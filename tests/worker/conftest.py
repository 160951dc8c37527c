"""Engine processes for tests. (The imports wait until Django is set up.)"""

import pytest


@pytest.fixture
def start_engine(transactional_db, valkey_url, tmp_path):
    """Starts engines; every one is dead after the test."""
    from tests.worker.engine_process import EngineProcess

    engines = []

    def start():
        engines.append(EngineProcess(tmp_path / f"engine-{len(engines)}.log"))
        return engines[-1]

    yield start
    for engine in engines:
        engine.kill()


@pytest.fixture
def engine(start_engine):
    """A running engine with an empty journal."""
    from tests.worker.engine_process import wait_for_new_leader

    engine = start_engine()
    engine.wait_for_log(
        "Leads in epoch 1"
    )  # until then the gateway may remember the heartbeat of another test's engine
    wait_for_new_leader()
    return engine


@pytest.fixture(scope="module")
def shared_engine(django_db_setup, django_db_blocker, valkey, tmp_path_factory):
    """One engine for all tests of a module, which see each other's rows."""
    import redis
    from django.conf import settings
    from django.core.management import call_command

    from tests.worker.engine_process import EngineProcess, wait_for_new_leader

    with django_db_blocker.unblock(), redis.Redis.from_url(settings.VALKEY_URL) as client:
        call_command("flush", interactive=False, verbosity=0)
        client.flushdb()
        engine = EngineProcess(tmp_path_factory.mktemp("engine") / "engine.log")
        engine.wait_for_log("Leads in epoch 1")
        wait_for_new_leader()
        yield engine
        engine.kill()
        call_command("flush", interactive=False, verbosity=0)
