"""The golden journal of the present format: written once by `python -m tests.core.engine.golden`, then never changed.

A new FORMAT or LOGIC_VERSION gets a new file beside the old ones, which stay readable for ever.
"""

import gzip
import json
from pathlib import Path

from tests.simulation.commands import CommandStream
from tests.simulation.view import View
from trading.engine import wire
from trading.engine.engine import Engine
from trading.engine.snapshot import state_hash

FOLDER = Path(__file__).parent / "golden_journals"
COMMANDS = 1_500


def write() -> Path:
    """Write the journal of a seeded stream with the hash of the state it ends in."""
    engine, view = Engine(), View()
    stream = CommandStream(seed=2026, view=view)
    batches = []
    for _ in range(COMMANDS):
        command, time_ns = stream.next()
        records = engine.execute(command, time_ns)
        for record in records:
            view.fold(record)
        batches.append(wire.encode_records(records).hex())
    content = {
        "format": wire.FORMAT,
        "logic_version": wire.LOGIC_VERSION,
        "state_hash": state_hash(engine.state).hex(),
        "batches": batches,
    }
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"format-{wire.FORMAT}-logic-{wire.LOGIC_VERSION}.json.gz"
    path.write_bytes(gzip.compress(json.dumps(content).encode(), mtime=0))
    return path


if __name__ == "__main__":
    print(write())
