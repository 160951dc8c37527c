"""Journals written before can be read for ever; those of the present rules are decided alike again."""

import gzip
import json

import pytest

from tests.core.engine.golden import FOLDER
from trading.engine import wire
from trading.engine.commands import InternalCommand
from trading.engine.engine import Engine
from trading.engine.snapshot import state_hash

GOLDEN = sorted(FOLDER.glob("*.json.gz"))


def read(path):
    content = json.loads(gzip.decompress(path.read_bytes()))
    return content, [wire.decode_records(bytes.fromhex(batch)) for batch in content["batches"]]


def test_the_present_format_and_rules_have_one():
    assert FOLDER / f"format-{wire.FORMAT}-logic-{wire.LOGIC_VERSION}.json.gz" in GOLDEN


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_folding_gives_the_recorded_state(path):
    content, batches = read(path)
    engine = Engine()
    for records in batches:
        for record in records:
            engine.fold(record)
    if content["logic_version"] == wire.LOGIC_VERSION:
        assert state_hash(engine.state).hex() == content["state_hash"]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_the_present_rules_decide_it_alike(path):
    content, batches = read(path)
    if content["logic_version"] != wire.LOGIC_VERSION:
        assert content["logic_version"] < wire.LOGIC_VERSION
        return
    engine = Engine()
    for records in batches:
        (external,) = (record for record in records if not isinstance(record.command, InternalCommand))
        assert wire.encode_records(engine.execute(external.command, external.time_ns)) == wire.encode_records(records)
