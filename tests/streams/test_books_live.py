"""Books that clients keep are the engine's, at the sequence of every message, whatever is killed meanwhile."""

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import redis

from tests.replay.markets import walking_market
from tests.streams.book_client import BookClient
from tests.streams.judge import Judge
from tests.whole_exchange import ROOT

pytestmark = [pytest.mark.process, pytest.mark.asyncio]
SYMBOLS = ("BTC-PERP", "ETH-PERP")
SETTLED_AFTER_LOOKS = 5  # nobody is told of books that are so old
REAL_RECORDING = "l2_binance_2024-08/usdm_btcusdt_20240808.csv.gz"
BLACK_BOX = Path(__file__).with_name("black_box.py")


class Observations:
    """What clients saw, judged in the order of sequences, a while after: so that the judge only goes forward."""

    def __init__(self, database_url):
        self.judge = Judge(database_url)
        self.waiting = []
        self.judged = 0

    def note(self, symbol, sequence, bids, asks):
        self.waiting.append((sequence, symbol, bids, asks))

    def settle(self, until):
        """Judge everything up to this sequence."""
        self.waiting.sort(key=lambda seen: seen[0])
        while self.waiting and self.waiting[0][0] <= until:
            sequence, symbol, bids, asks = self.waiting.pop(0)
            assert (bids, asks) == self.judge.book(symbol, sequence), f"{symbol} at {sequence} is wrong"
            self.judged += 1


class BlackBox:
    """The second client, a process that prints what it sees."""

    def __init__(self, url, symbol, observations, log):
        self._symbol, self._observations = symbol, observations
        self.observed = 0
        self.process = subprocess.Popen(
            [sys.executable, str(BLACK_BOX), url, symbol], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
        os.set_blocking(self.process.stdout.fileno(), False)
        self._rest = b""

    def read(self):
        *lines, self._rest = (self._rest + (self.process.stdout.read() or b"")).split(b"\n")
        for line in lines:
            sequence, bids, asks = json.loads(line)
            self._observations.note(self._symbol, sequence, dict(bids), dict(asks))
            self.observed += 1

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.read()


async def follow(exchange, tmp_path, *, seconds, disturb, symbols=SYMBOLS):
    """Both clients for so long, with `disturb` going on; returns (client, black boxes, observations)."""
    url = f"ws://{exchange.address}/ws/v1"
    observations = Observations(exchange.database_url)
    client = BookClient(url, symbols, observations.note)
    loop = asyncio.get_running_loop()
    with (tmp_path / "black-box.log").open("wb") as log:
        boxes = [BlackBox(url, symbol, observations, log) for symbol in symbols]
        tasks = [loop.create_task(client.run()), loop.create_task(disturb())]
        until_s = loop.time() + seconds
        reached = []
        while loop.time() < until_s:
            await asyncio.sleep(min(5.0, seconds / 4))
            for box in boxes:
                box.read()
            reached.append(max((seen[0] for seen in observations.waiting), default=0))
            if len(reached) > SETTLED_AFTER_LOOKS:
                await asyncio.to_thread(observations.settle, reached[-SETTLED_AFTER_LOOKS])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for box in boxes:
            box.stop()
    observations.settle(2**63)
    return client, boxes, observations


def recorded_market(tmp_path):
    folder = os.environ.get("MARKET_DATA_DIR")
    return (
        Path(folder) / REAL_RECORDING if folder else walking_market(seed=7, steps=3000).write(tmp_path / "usdm.csv.gz")
    )


async def wait_for_listing(exchange):
    def is_listed():
        with urllib.request.urlopen(f"http://{exchange.address}/api/v1/instruments", timeout=5) as answer:
            return b"BTC-REPLAY" in answer.read()

    while not await asyncio.to_thread(is_listed):
        await asyncio.sleep(0.5)


async def test_books_are_the_engines_and_heal_when_processes_die(exchange, tmp_path):
    """Half a minute of the demo market, while the publisher, the engine, Valkey's memory and the gateway are lost."""

    async def disturb():
        await asyncio.sleep(5)
        exchange.find("readers")[0].kill()
        await asyncio.sleep(6)
        exchange.find("engine")[0].kill()
        await asyncio.sleep(6)
        exchange.find("valkey")[0].kill()
        await asyncio.sleep(4)
        with redis.Redis.from_url(exchange.valkey_url) as valkey:
            valkey.flushall()
        exchange.find("web")[0].kill()

    client, boxes, observations = await follow(exchange, tmp_path, seconds=34, disturb=disturb)
    assert client.connections >= 2, "the gateway was killed"
    assert client.deltas > 30
    assert all(box.observed > 15 for box in boxes)
    assert observations.judged == client.deltas + client.snapshots + sum(box.observed for box in boxes)


@pytest.mark.long
async def test_ten_minutes_of_the_demo_market_and_a_replay(exchange, tmp_path):
    """`make streams`. The replayed market is the recorded one in MARKET_DATA_DIR, or an invented one without it."""
    recording = recorded_market(tmp_path)

    async def disturb():
        victims = ("readers", "engine", "web", "valkey")
        for round_number in range(1000):
            await asyncio.sleep(45)
            exchange.find(victims[round_number % len(victims)])[0].kill()

    async def replay():
        while True:
            command = [sys.executable, "manage.py", "replay", str(recording)]
            process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=exchange.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
            await asyncio.sleep(1)

    replaying = asyncio.get_running_loop().create_task(replay())
    await wait_for_listing(exchange)
    symbols = (*SYMBOLS, "BTC-REPLAY")
    client, boxes, observations = await follow(exchange, tmp_path, seconds=600, disturb=disturb, symbols=symbols)
    replaying.cancel()
    await asyncio.gather(replaying, return_exceptions=True)
    print(f"{observations.judged} books judged, {client.snapshots} snapshots, {client.gaps} gaps seen by the client")
    assert client.connections >= 3
    assert client.deltas > 1500
    assert all(box.observed > 500 for box in boxes)
