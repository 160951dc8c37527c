"""A recording, and readers of the journal. (The imports wait until Django is set up.)"""

import threading

import pytest

from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)
from tests.replay.markets import walking_market


@pytest.fixture
def recording(tmp_path):
    return walking_market(seed=7, steps=60).write(tmp_path / "usdm.csv.gz")


@pytest.fixture
def readers(transactional_db):
    """The projections, in a thread of this process."""
    from trading.projections.projector import Projector
    from trading.projections.registry import PROJECTIONS
    from trading.projections.runner import run

    stop = threading.Event()
    thread = threading.Thread(target=run, args=([Projector(PROJECTIONS).step],), kwargs={"stop": stop})
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def exchange_processes(transactional_db, valkey_url, tmp_path):
    """A running engine and running readers, as processes."""
    from tests.worker.engine_process import EngineProcess, wait_for_new_leader

    processes = [EngineProcess(tmp_path / f"{name}.log", name) for name in ("runengine", "runprojections")]
    wait_for_new_leader()
    yield
    for process in processes:
        process.kill()
