"""How much one connection may do, and that whoever does much does not take the heartbeats from the others."""

import asyncio
import threading

import msgspec
import pytest

from exchange.contract.errors import ApiError
from tests.streams.talker import Talker
from trading.streams import hub as hub_module
from trading.streams.hub import THREADS, Hub
from trading.streams.limits import OPERATIONS_A_SECOND
from trading.streams.order_entry import MAXIMUM_IN_FLIGHT
from trading.streams.socket import Socket

pytestmark = pytest.mark.asyncio


async def test_a_batch_under_way_counts_as_its_operations():
    talker = Talker()
    for _ in range(MAXIMUM_IN_FLIGHT // 50):
        await talker.cancel(50)
    await talker.cancel(MAXIMUM_IN_FLIGHT % 50)
    with pytest.raises(ApiError, match="under way"):
        await talker.cancel(1)
    commands, then = talker.gateway.sent[0]
    then([ApiError("engine_busy")] * 50)
    assert len(commands) == 50 and len(talker.frames) == 1
    await talker.cancel(50)
    with pytest.raises(ApiError, match="under way"):
        await talker.cancel(1)


async def test_cancels_that_find_nothing_are_free_until_there_is_a_debt(settings, valkey_url):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "key": (3, 2)}
    talker = Talker()
    for _ in range(4):
        await talker.cancel_all_in_vain()
    with pytest.raises(ApiError) as refused:
        await talker.say("order.cancel_all")
    assert refused.value.code == "rate_limited"
    await asyncio.sleep(1)
    await talker.cancel_all_in_vain()


@pytest.mark.django_db(transaction=True)
async def test_made_up_symbols_cost_a_credit(settings, valkey_url):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "key": (3, 0.01)}
    talker, codes = Talker(), []
    for _ in range(6):
        with pytest.raises(ApiError) as refused:
            await talker.say("order.cancel_all", args={"symbol": "NO-PERP"})
        codes.append(refused.value.code)
        await asyncio.gather(*talker.entry._tasks)
    assert codes == ["instrument_not_found"] * 4 + ["rate_limited"] * 2


async def test_a_batch_takes_as_much_of_the_pace_as_its_operations():
    operations = [{"op": "cancel", "id": 1}] * 50
    batch = msgspec.json.encode({"op": "order.batch", "nonce": "n", "args": {"operations": operations}}).decode()
    socket, frames = Socket(Hub(), None, None, None), []
    socket.put = lambda frame: frames.append(msgspec.json.decode(frame["text"])["error"]["code"])
    for _ in range(OPERATIONS_A_SECOND // 50 + 3):
        await socket._take(batch)
    assert frames[: OPERATIONS_A_SECOND // 50] == ["unauthenticated"] * (OPERATIONS_A_SECOND // 50)
    assert frames[-1] == "rate_limited"


async def test_heartbeats_do_not_wait_for_what_keeps_the_threads_busy(monkeypatch):
    monkeypatch.setattr(hub_module, "stream_positions", lambda keys: {})
    hub, done = Hub(), threading.Event()
    hub._loop = asyncio.get_running_loop()
    busy = [asyncio.create_task(hub.read(done.wait, timeout=10)) for _ in range(2 * THREADS)]
    try:
        await asyncio.wait_for(hub._beat(), 2)
    finally:
        done.set()
        assert await asyncio.gather(*busy) == [True] * len(busy)
