"""Books that clients keep are the engine's, at the sequence of every message, whatever is lost or killed meanwhile.

Three clients follow: one by the rules, the same one with every tenth message lost or repeated, and a black box. The
journal is the judge. `make streams` runs the ten minutes, and prints what was seen.
"""

import asyncio
import os
import random
import subprocess
import sys
import threading
import urllib.request
from itertools import groupby
from pathlib import Path

import pytest

from tests.replay.markets import walking_market
from tests.streams.book_client import BookClient
from tests.streams.following import digest
from tests.streams.judge import Judge
from tests.whole_exchange import ROOT

pytestmark = [pytest.mark.process, pytest.mark.asyncio]
SYMBOLS = ("BTC-PERP", "ETH-PERP")
HEALED_S = 120.0
REAL_RECORDING = "l2_binance_2024-08/usdm_btcusdt_20240808.csv.gz"
FATES = (1,) * 18 + (0, 2)  # how often the lossy client takes a message
BLACK_BOX = Path(__file__).with_name("black_box.py")


class Observations:
    """Digests of the books that clients had. They are judged at the end, so that nobody is slowed down meanwhile."""

    def __init__(self):
        self.noted = []

    def note(self, symbol, sequence, digest):
        self.noted.append((sequence, symbol, digest))

    def judge(self, database_url):
        """The first and last sequence of each symbol."""
        judge, sequences = Judge(database_url), {}
        for (sequence, symbol), digests in groupby(sorted(self.noted), key=lambda noted: noted[:2]):
            truth = digest(*judge.book(symbol, sequence))
            assert {seen for _, _, seen in digests} == {truth}, f"a book of {symbol} at {sequence} is wrong"
            sequences[symbol] = (sequences.get(symbol, (sequence,))[0], sequence)
        return sequences


class BlackBox:
    """The second client, a process that prints what it sees; a thread reads along, so that it never has to wait."""

    def __init__(self, url, symbol, observations, log):
        self._symbol, self._observations = symbol, observations
        self.observed = self.reached = 0
        self.process = subprocess.Popen(
            [sys.executable, str(BLACK_BOX), url, symbol], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self):
        for line in self.process.stdout:
            sequence, seen = line.decode().split()
            self._observations.note(self._symbol, int(sequence), seen)
            self.reached = int(sequence)
            self.observed += 1

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self._reading.join()


class Following:
    """The clients of one run."""

    def __init__(self, exchange, tmp_path, symbols):
        self.exchange, self.symbols = exchange, symbols
        url = f"ws://{exchange.address}/ws/v1"
        self.observations = Observations()
        dice = random.Random(1)
        self.client = BookClient(url, symbols, self.observations.note)
        self.lossy = BookClient(url, symbols, self.observations.note, lambda message: dice.choice(FATES))
        with (tmp_path / "black-box.log").open("ab") as log:
            self.boxes = [BlackBox(url, symbol, self.observations, log) for symbol in symbols]

    async def run(self, during):
        """Until the coroutine `during` is done; then everything that was seen is judged."""
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        waited_for, *clients = (loop.create_task(work) for work in (during, self.client.run(), self.lossy.run()))
        tasks = (waited_for, *clients)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            assert waited_for.done(), "clients follow until they are cancelled"
            waited_for.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for box in self.boxes:
                box.stop()
        seconds = loop.time() - started_s
        noted = self.client.books + self.lossy.books + sum(box.observed for box in self.boxes)
        assert len(self.observations.noted) == noted
        self.show(seconds, self.observations.judge(self.exchange.database_url))

    async def survive(self, *victims):
        """Kill one after the other; each time all clients have newer books before long."""
        for victim in victims:
            self.exchange.kill(victim, random.Random(victim))
            await asyncio.sleep(2)
            before = max(self.client.reached.values())
            async with asyncio.timeout(HEALED_S):
                while not all(sequence > before for sequence in self._reached()):
                    await asyncio.sleep(0.2)

    def _reached(self):
        """The sequence of each book of each client."""
        return (*self.client.reached.values(), *self.lossy.reached.values(), *(box.reached for box in self.boxes))

    def show(self, seconds, sequences):
        books = len(self.observations.noted)
        print(f"\n{seconds:.0f} s: {books} books, each equal to the engine's at its sequence")
        for symbol, box in zip(self.symbols, self.boxes, strict=True):
            first, last = sequences[symbol]
            seen = ", ".join(f"{self.client.seen[symbol, kind]} {kind}s" for kind in ("snapshot", "delta", "heartbeat"))
            print(f"  {symbol:10} {seen}; black box {box.observed} books; sequences {first} to {last}")
        for name, client in (("by the rules", self.client), ("with losses", self.lossy)):
            print(
                f"  client {name}: {client.connections} connections, {client.gaps} gaps noticed, {client.books} books"
            )


def recorded_market(tmp_path):
    folder = os.environ.get("MARKET_DATA_DIR")
    return (
        Path(folder) / REAL_RECORDING if folder else walking_market(seed=7, steps=3000).write(tmp_path / "usdm.csv.gz")
    )


async def replay(exchange, recording):
    """Again and again, until cancelled."""
    while True:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "manage.py", "replay", str(recording)),
            cwd=ROOT,
            env=exchange.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        await asyncio.sleep(1)


async def wait_for_listing(exchange):
    def is_listed():
        with urllib.request.urlopen(f"http://{exchange.address}/api/v1/instruments", timeout=5) as answer:
            return b"BTC-REPLAY" in answer.read()

    while not await asyncio.to_thread(is_listed):
        await asyncio.sleep(0.5)


async def follow_demo_and_replay(exchange, tmp_path, during):
    """`during` is a function of the clients."""
    replaying = asyncio.get_running_loop().create_task(replay(exchange, recorded_market(tmp_path)))
    try:
        await wait_for_listing(exchange)
        following = Following(exchange, tmp_path, (*SYMBOLS, "BTC-REPLAY"))
        await following.run(during(following))
    finally:
        replaying.cancel()
        await asyncio.gather(replaying, return_exceptions=True)
    return following


async def follow_calmly(exchange, tmp_path, *, seconds):
    following = await follow_demo_and_replay(exchange, tmp_path, lambda following: asyncio.sleep(seconds))
    assert (following.client.connections, following.client.gaps) == (1, 0)
    assert following.lossy.gaps > seconds / 10, "what was lost was noticed"
    for symbol, box in zip(following.symbols, following.boxes, strict=True):
        assert following.client.seen[symbol, "delta"] > seconds / 2
        assert following.client.seen[symbol, "heartbeat"] > seconds / 2
        assert box.observed > seconds / 2


async def test_books_of_the_demo_market_and_a_replay(exchange, tmp_path):
    await follow_calmly(exchange, tmp_path, seconds=30)


async def test_books_heal_when_processes_die(exchange, tmp_path):
    """Publisher, engine, Valkey with its memory, and the gateway are lost one after the other."""
    following = Following(exchange, tmp_path, SYMBOLS)
    await following.run(following.survive("readers", "engine", "valkey", "web"))
    assert following.client.connections >= 2, "the gateway was killed"


@pytest.mark.long
async def test_ten_minutes_of_the_demo_market_and_a_replay(exchange, tmp_path):
    """The replayed market is the recorded one in MARKET_DATA_DIR, or an invented one without it."""
    await follow_calmly(exchange, tmp_path, seconds=600)


@pytest.mark.long
async def test_kills_during_the_demo_market_and_a_replay(exchange, tmp_path):
    victims = ("readers", "engine", "web", "valkey", "backend") * 3
    await follow_demo_and_replay(exchange, tmp_path, lambda following: following.survive(*victims))
