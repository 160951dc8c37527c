"""P9: one book, a thousand subscribers: all in sync, how late, and what a frame costs against a bare send."""

import asyncio
import json
import os
import secrets
import statistics
import time
from collections import deque
from decimal import Decimal
from typing import Any, Final

import msgspec

from tests.performance.costs import Costs
from tests.performance.light_clients import WebSocket
from tests.performance.running import Row, Run, plain_row, rate_row, time_row
from tests.performance.traders import SYMBOL, place_message, trading_socket

SUBSCRIBERS: Final = 1_000
SECONDS: Final = 10.0
STEP_S: Final = 0.05
ORDERS_A_STEP: Final = 4
RESTING: Final = 200
CONNECTING_AT_ONCE: Final = 50
LATEST_MS: Final = 500
GATEWAY: Final = "gateway-daphne"
OTHER_GATEWAY: Final = "gateway-uvicorn"  # takes the orders, so that the measured one has nothing but subscribers
PEERS: Final = "peers-daphne"
CHANNEL: Final = f"book.{SYMBOL}"


def run(run: Run) -> list[Row]:
    world = run.start_world()
    result = run.measure(
        "p9_fanout:measure",
        environment=world.environment,
        ports=world.ports,
        pids=world.pids,
        key=world.keys[0],
        subscribers=run.amount(SUBSCRIBERS, least=100),
        seconds=max(2.0, SECONDS * run.scale),
        rounds=run.rounds,
    )
    rounds = [{**each, "factor": result["factor"]} for each in result["rounds"]]
    ratios = [each["frame"] / each["bare"] for each in rounds]
    in_sync = [100 * each["in_sync"] for each in rounds]
    return [
        plain_row("P9", "frame / bare ASGI send", "x", ratios, at_most=1.5),
        plain_row("P9", f"subscribers in sync, of {result['subscribers']}", "%", in_sync, at_least=100),
        time_row("P9", "from an order to its delta at a subscriber, p99", "ms", rounds, "p99", at_most=LATEST_MS),
        time_row("P9", "the same, p50", "ms", rounds, "p50"),
        time_row("P9", "frame, CPU of the gateway", "ms", rounds, "frame"),
        time_row("P9", "bare ASGI send of as many bytes", "ms", rounds, "bare"),
        rate_row("P9", "frames", "frames/s", rounds, "rate"),
        plain_row("P9", "deltas a second", "1/s", [each["deltas"] for each in rounds]),
        plain_row("P9", "readers, CPU of a second", "ms", [each["readers"] for each in rounds]),
    ]


class Message(msgspec.Struct):
    channel: str = ""
    type: str = ""
    sequence: int = 0
    previous_sequence: int = 0
    bids: list[tuple[str, str]] = []
    asks: list[tuple[str, str]] = []


_decode: Final = msgspec.json.Decoder(Message).decode


class Subscriber:
    """Keeps a book by the rules; notes which delta came when."""

    __slots__ = ("asks", "bids", "bytes", "frames", "heard", "is_in_sync", "sequence")

    def __init__(self) -> None:
        self.sequence = self.frames = self.bytes = 0
        self.is_in_sync = False
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}
        self.heard: list[tuple[int, int, float]] = []  # (previous sequence, sequence, when)

    def hear(self, text: bytes) -> None:
        self.frames += 1
        self.bytes += len(text)
        message = _decode(text)
        if message.type == "snapshot":
            self.is_in_sync = True
        elif message.type == "delta":
            self.is_in_sync &= message.previous_sequence == self.sequence
            self.heard.append((message.previous_sequence, message.sequence, time.perf_counter()))
        elif message.type == "heartbeat":
            self.is_in_sync &= message.sequence == self.sequence
        if message.type in ("snapshot", "delta"):
            self.sequence = message.sequence
            for side, levels in ((self.bids, message.bids), (self.asks, message.asks)):
                side.update(levels)
                for price, quantity in levels:
                    if quantity == "0":
                        side.pop(price)

    def book(self) -> list[list[tuple[str, str]]]:
        """As REST shows it."""
        return [
            sorted(side.items(), key=lambda level: Decimal(level[0]), reverse=side is self.bids)
            for side in (self.bids, self.asks)
        ]


class Flow:
    """Orders that come and go on some 500 levels; which sequence was sent when."""

    def __init__(self, socket: WebSocket) -> None:
        self.sent_s: dict[int, float] = {}
        self.at_s: list[tuple[int, float]] = []  # (sequence, when it was sent)
        self._socket, self._number, self._resting = socket, 0, deque()
        socket.hear = self._hear

    def _hear(self, text: bytes) -> None:
        answer = json.loads(text)
        result = answer["result"]
        self.at_s.append((result["sequence"], self.sent_s.pop(answer["id"])))
        if result["status"] == "new":
            self._resting.append(result["id"])

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for _ in range(ORDERS_A_STEP):
                self._number += 1
                self.sent_s[self._number] = time.perf_counter()
                self._socket.send(self._message())
            await asyncio.sleep(STEP_S)

    def _message(self) -> bytes:
        if len(self._resting) < RESTING:
            return place_message(self._number)
        cancel = {"op": "order.cancel", "id": self._number, "nonce": secrets.token_hex(8)}
        return json.dumps({**cancel, "args": {"id": self._resting.popleft()}}).encode()


def measure(**arguments: Any) -> dict[str, Any]:
    import django

    django.setup()
    return asyncio.run(_measure(**arguments))


async def _measure(
    *,
    ports: dict[str, int],
    pids: dict[str, int],
    key: dict[str, str],
    subscribers: int,
    seconds: float,
    rounds: int,
) -> dict[str, Any]:
    costs = Costs(
        pids=pids, client="engine", database_url=os.environ["DATABASE_URL"], valkey_url=os.environ["VALKEY_URL"]
    )
    found = []
    for _ in range(rounds):
        trader = await trading_socket(ports[OTHER_GATEWAY], key)
        ours, frame_bytes = await _follow(costs, ports[GATEWAY], trader, subscribers, seconds)
        bare = await _bare(costs, ports[PEERS], frame_bytes, subscribers, seconds)
        found.append({**ours, "bare": bare})
        trader.close()
    return {"rounds": found, "subscribers": subscribers}


async def _follow(
    costs: Costs, port: int, trader: WebSocket, subscribers: int, seconds: float
) -> tuple[dict[str, float], int]:
    """What it cost and how late it was; and the mean size of a frame in bytes."""
    listeners = [Subscriber() for _ in range(subscribers)]
    sockets = await _connect(port, "/ws/v1", [listener.hear for listener in listeners])
    for socket in sockets:
        socket.send(json.dumps({"op": "subscribe", "channels": [CHANNEL]}).encode())
    flow = Flow(trader)
    flowing = asyncio.ensure_future(flow.run())
    while not all(listener.heard for listener in listeners):
        await asyncio.sleep(0.1)
    frames_before, bytes_before = _heard(listeners)
    first_s = time.perf_counter()
    with costs.spent() as spent:
        await asyncio.sleep(seconds)
        while not all(listener.heard[-1][2] > first_s for listener in listeners):
            await asyncio.sleep(0.1)
    frames, size = _heard(listeners)
    frames, size = frames - frames_before, size - bytes_before
    wall_s = time.perf_counter() - first_s
    flowing.cancel()
    while flow.sent_s or len({listener.sequence for listener in listeners}) > 1:
        await asyncio.sleep(0.1)
    await asyncio.sleep(1.5)  # the last delta, and a heartbeat that says so
    late_ms = _latencies_ms(flow, listeners, first_s)
    truth = await asyncio.to_thread(_book_of_the_rows)
    in_sync = sum(listener.is_in_sync and listener.book() == truth for listener in listeners) / subscribers
    for socket in sockets:
        socket.close()
    found = {
        "frame": 1000 * spent[GATEWAY] / frames,
        "readers": 1000 * spent["readers"] / wall_s,
        "rate": frames / wall_s,
        "deltas": statistics.median(_deltas_after(listener, first_s) for listener in listeners) / wall_s,
        "in_sync": in_sync,
        "p50": statistics.median(late_ms),
        "p99": late_ms[int(len(late_ms) * 0.99)],
    }
    return found, size // frames


def _heard(listeners: list[Subscriber]) -> tuple[int, int]:
    """(frames, their bytes)"""
    return sum(listener.frames for listener in listeners), sum(listener.bytes for listener in listeners)


def _deltas_after(listener: Subscriber, first_s: float) -> int:
    return sum(when_s > first_s for _, _, when_s in listener.heard)


def _latencies_ms(flow: Flow, listeners: list[Subscriber], first_s: float) -> list[float]:
    """Of each delta at each subscriber, from the sending of the oldest order in it; ascending."""
    at_s, oldest_s = sorted(flow.at_s), {}
    for listener in listeners:
        for previous, sequence, _ in listener.heard:
            if (previous, sequence) not in oldest_s:
                oldest_s[previous, sequence] = min((s for n, s in at_s if previous < n <= sequence), default=None)
    return sorted(
        1000 * (when_s - sent_s)
        for listener in listeners
        for previous, sequence, when_s in listener.heard
        if when_s > first_s and (sent_s := oldest_s[previous, sequence]) is not None
    )


def _book_of_the_rows() -> list[list[tuple[str, str]]]:
    from trading.api import market_presenting
    from trading.api.scales import scale_of
    from trading.selectors.instruments import instrument_by_symbol
    from trading.selectors.market import book

    scale = scale_of(instrument_by_symbol(symbol=SYMBOL).terms)
    found = book(instrument_id=scale.instrument_id, depth=None)
    return [
        [tuple(market_presenting.level(ticks, lots, scale=scale)) for ticks, lots in side]
        for side in (found.bids, found.asks)
    ]


async def _bare(costs: Costs, port: int, size: int, subscribers: int, seconds: float) -> float:
    """Milliseconds of CPU of a frame."""
    frames = 0

    def hear(text: bytes) -> None:
        nonlocal frames
        frames += 1

    sockets = await _connect(port, "/fan", [hear] * subscribers)
    sockets[0].send(b"x" * size)
    while not frames:
        await asyncio.sleep(0.1)
    before = frames
    with costs.spent() as spent:
        await asyncio.sleep(seconds)
    sent = frames - before
    for socket in sockets:
        socket.close()
    return 1000 * spent[PEERS] / sent


async def _connect(port: int, path: str, ears: list[Any]) -> list[WebSocket]:
    sockets = []
    for start in range(0, len(ears), CONNECTING_AT_ONCE):
        some = ears[start : start + CONNECTING_AT_ONCE]
        sockets += await asyncio.gather(*(WebSocket.connect(port, path, hear) for hear in some))
    return sockets
