"""Records that are encoded in parts are the bytes of all of them encoded at once."""

import pytest

from trading.engine.commands import AdvanceTime
from trading.engine.events import Record
from trading.engine.wire import append_records, encode_records, whole_payload


@pytest.mark.parametrize(
    "sizes", [[1], [15], [16], [15, 1], [16, 15], [0, 1], [1, 300], [65_535], [65_535, 1], [65_536]]
)
def test_parts_make_the_whole(sizes):
    record = Record(1, 2, 0, AdvanceTime(b"", 0), [])
    payload = bytearray()
    for size in sizes:
        append_records(size, encode_records([record] * size), payload)
    assert whole_payload(sum(sizes), payload) == encode_records([record] * sum(sizes))
