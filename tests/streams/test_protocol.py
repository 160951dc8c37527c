"""What a client of a real gateway sees, on daphne and on uvicorn: channels, answers, the order of things."""

import asyncio
import json

import pytest

from tests.replay.markets import Recorder
from tests.streams.talking import talk
from trading.core.terms import BUY, SELL
from trading.streams.requests import MAXIMUM_FRAME_BYTES

pytestmark = [pytest.mark.process, pytest.mark.asyncio]
MARKET_CHANNELS = ["book.BTC-PERP", "trades.BTC-PERP", "ticker.BTC-PERP", "mark.BTC-PERP", "candles.BTC-PERP.1h"]


async def test_every_public_channel_speaks(address):
    async with talk(address) as client:
        channels = [*MARKET_CHANNELS, "status", "liquidations"]
        answer = await client.ask("subscribe", channels=channels)
        assert list(answer["channels"]) == channels
        book = await client.hear("book.BTC-PERP")
        assert book["type"] == "snapshot" and book["sequence"] >= answer["channels"]["book.BTC-PERP"]
        assert book["bids"] and book["asks"] and float(book["bids"][0][0]) < float(book["asks"][0][0])
        for channel in ("ticker.BTC-PERP", "mark.BTC-PERP", "status"):
            assert (await client.hear(channel))["type"] == "snapshot"
        trade = (await client.hear("trades.BTC-PERP"))["data"][-1]
        assert {"id", "price", "quantity", "side", "time", "sequence"} == set(trade)
        candle = (await client.hear("candles.BTC-PERP.1h"))["data"][-1]
        assert candle["time"] % 3_600_000 == 0 and candle["trades"] > 0
        mark = await client.hear("mark.BTC-PERP")
        assert mark["type"] == "update" and float(mark["data"]["mark"]) > 0
        ticker = await client.hear("ticker.BTC-PERP", where=lambda m: m["sequence"] >= mark["sequence"])
        assert ticker["type"] == "update"
        while not any(m["channel"] == "liquidations" for m in client.messages):
            await client.ask("ping")
            await asyncio.sleep(0.1)


async def test_messages_of_a_channel_are_a_chain(address):
    async with talk(address) as client:
        await client.ask("subscribe", channels=MARKET_CHANNELS)
        await asyncio.sleep(3)
        await client.ask("ping")
        for channel in MARKET_CHANNELS:
            messages = [m for m in client.messages if m["channel"] == channel]
            assert len(messages) >= 3, channel
            for before, after in zip(messages, messages[1:], strict=False):
                assert after["previous_sequence"] == before["sequence"], (channel, before, after)


@pytest.fixture(scope="module")
def deep_market(exchange, tmp_path_factory):
    """The symbol of a market whose snapshot is larger than what a client may send."""
    recorder, path = Recorder(), tmp_path_factory.mktemp("deep") / "usdm.csv.gz"
    levels = [(side, 500_000 - side * offset, 7) for side in (BUY, SELL) for offset in range(1, 2501)]
    recorder.snapshot(levels)
    recorder.delta([(BUY, 499_999, 8)])
    exchange.run("manage.py", "replay", str(recorder.write(path)))
    return "BTC-REPLAY"


async def test_a_deep_book_arrives_whole(deep_market, address):
    async with talk(address) as client:
        await client.ask("subscribe", channels=[f"book.{deep_market}"])
        book = await client.hear(f"book.{deep_market}")
        assert len(book["bids"]) == len(book["asks"]) == 2500
        assert len(json.dumps(book)) > MAXIMUM_FRAME_BYTES
        assert "time" in await client.ask("ping")


async def test_heartbeats_come_each_second(address):
    async with talk(address) as client:
        await client.ask("subscribe", channels=["liquidations"])
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        while len(client.messages) < 4:
            await client._receive()
        assert 2.0 < loop.time() - started_s < 8.0
        assert {m["type"] for m in client.messages} == {"heartbeat"}


async def test_unsubscribing_ends_it(address):
    async with talk(address) as client:
        await client.ask("subscribe", channels=["book.BTC-PERP", "mark.BTC-PERP"])
        assert (await client.ask("unsubscribe", channels=["book.BTC-PERP", "nothing"]))["channels"] == ["mark.BTC-PERP"]
        client.messages.clear()
        await asyncio.sleep(2)
        await client.ask("ping")
        assert {m["channel"] for m in client.messages} == {"mark.BTC-PERP"}


@pytest.mark.parametrize(
    ("text", "id", "code"),
    [
        ("", None, "invalid_parameter"),
        ("{", None, "invalid_parameter"),
        ("[]", None, "invalid_parameter"),
        ("null", None, "invalid_parameter"),
        ('{"op":"dance"}', None, "invalid_parameter"),
        ('{"op":"ping","more":1}', None, "invalid_parameter"),
        ('{"op":"subscribe","channels":[]}', None, "invalid_parameter"),
        ('{"op":"subscribe","channels":["book"]}', None, "invalid_parameter"),
        ('{"op":"subscribe","channels":["candles.BTC-PERP.2m"]}', None, "invalid_parameter"),
        ('{"op":"subscribe","channels":["book.NO-PERP"]}', None, "instrument_not_found"),
        ('{"op":"subscribe","channels":["orders"]}', None, "unauthenticated"),
        ('{"op":"auth"}', None, "unauthenticated"),
        ('{"op":"auth","key":"k"}', None, "unauthenticated"),
        ('{"op":"order.cancel","nonce":"n","args":{"id":1}}', None, "unauthenticated"),
        ('{"op":"order.cancel","args":{"id":1}}', None, "invalid_parameter"),
    ],
)
async def test_what_is_wrong_is_answered_and_the_socket_goes_on(address, text, id, code):
    async with talk(address) as client:
        answer = await client.say(text)
        assert answer["error"]["code"] == code, answer
        assert set(answer["error"]) == {"code", "message", "details"}
        assert (await client.ask("ping"))["time"] > 0


async def test_binary_frames_are_refused(address):
    async with talk(address) as client:
        answer = await client.say(json.dumps({"op": "ping"}).encode())
        assert answer["error"]["code"] == "invalid_parameter"


async def test_other_paths_are_no_sockets(address):
    import websockets

    with pytest.raises(websockets.InvalidStatus):
        async with websockets.connect(f"ws://{address}/ws/v2"):
            pass
