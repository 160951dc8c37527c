"""The compiled engine states the same bytes as plain Python."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exchange import compiled
from tests.simulation.commands import CommandStream
from tests.simulation.view import View
from trading.engine import wire
from trading.engine.answers import encode_answers
from trading.engine.engine import Engine
from trading.engine.snapshot import dump

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = 3_000
NO_RECORDS = wire.encode_records([])


def digest_of_stream(seed: int) -> str:
    """SHA-256 over the encoded records and standings of a seeded stream and the state it ends in."""
    engine, view = Engine(), View()
    stream = CommandStream(seed=seed, view=view)
    summary = hashlib.sha256()
    for _ in range(COMMANDS):
        command, time_ns = stream.next()
        standings = []
        records = engine.execute(wire.decode_command(wire.encode_command(command)), time_ns, standings)
        for record in records:
            view.fold(record)
        summary.update(wire.encode_records(records) + encode_answers(NO_RECORDS, standings, []))
    summary.update(dump(engine.state))
    return summary.hexdigest()


def test_same_bytes():
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("no C compiler on this machine: the compiled engine is optional")
    compiled.build()
    run = "from exchange import compiled; compiled.use()\nimport trading.engine.apply as module\n"
    run += "assert not module.__file__.endswith('.py'), module.__file__\n"
    run += "from tests.core.engine.test_compiled import digest_of_stream\nprint(digest_of_stream(11))"
    done = subprocess.run(
        [sys.executable, "-c", run], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == digest_of_stream(11)


def test_a_wrong_choice_is_one_sentence():
    env = {**os.environ, "ENGINE": "quick"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "ENGINE is 'quick'; it can be `python` or `compiled`."
