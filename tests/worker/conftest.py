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
