"""What waits for one client: as much as a reader leaves, and one large frame."""

import pytest

from trading.streams.outbox import MAXIMUM_BYTES, MAXIMUM_FRAMES, Outbox
from trading.streams.wire import Wire


def frame(size_bytes):
    return {"type": "websocket.send", "text": "x" * size_bytes}


@pytest.fixture
def outbox():
    outbox = Outbox(Wire(None), lambda: overflows.append(True))
    outbox.overflows = overflows = []
    return outbox


def test_a_large_frame_cuts_nobody_who_reads(outbox):
    outbox.put(frame(MAXIMUM_BYTES + 1))
    outbox.put(frame(10))
    assert not outbox.overflows


@pytest.mark.parametrize(
    ("frames", "size_bytes"), [(MAXIMUM_FRAMES, 1), (MAXIMUM_BYTES // 1024 + 2, 1024), (2, MAXIMUM_BYTES + 1)]
)
def test_more_than_that_cuts_once(outbox, frames, size_bytes):
    for _ in range(frames):
        outbox.put(frame(size_bytes))
    assert not outbox.overflows
    for _ in range(2):
        outbox.put(frame(1))
    assert outbox.overflows == [True]
