"""One socket on a server that cannot send."""

import asyncio

import pytest

from trading.streams.frames import result_frame
from trading.streams.hub import Hub
from trading.streams.socket import FAULT, Socket

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(("error", "logged"), [(ValueError("too large"), 1), (ConnectionResetError(), 0)])
async def test_a_socket_whose_frames_cannot_be_sent_does_not_stay_open(caplog, error, logged):
    sent, closed = [], asyncio.Event()

    async def send(message):
        sent.append(message)
        if message["type"] == "websocket.send":
            raise error
        closed.set()

    async def receive():
        await closed.wait()
        return {"type": "websocket.disconnect"}

    hub = Hub()
    socket = Socket(hub, None, receive, send)
    running = asyncio.create_task(socket.run())
    await asyncio.sleep(0)
    socket.put(result_frame(1, {}))
    await asyncio.wait_for(running, 5)
    assert sent[-1] == {"type": "websocket.close", "code": FAULT, "reason": "A fault of ours. It has been logged."}
    assert len(caplog.records) == logged
