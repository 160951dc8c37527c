"""P4: orders over the WebSocket, from the message to the answer after COMMIT, against an echo on the same server."""

import asyncio
import os
import statistics
import time
from collections.abc import Callable
from typing import Any, Final

from tests.performance.costs import Costs, Seconds
from tests.performance.light_clients import WebSocket
from tests.performance.running import Row, Run, plain_row, rate_row, time_row
from tests.performance.traders import cancel_all, place_message, trading_socket
from tests.performance.world import SERVERS

SOCKETS_A_TRADER: Final = 4
WINDOW: Final = 16  # orders under way on each socket
TICK_S: Final = 0.005
RATIOS: Final = {"daphne": 1.5, "uvicorn": 2.5}
CHAIN_MS: Final = 0.8
CHAIN: Final = ("gateway", "valkey", "engine", "postgresql")


def run(run: Run) -> list[Row]:
    world = run.start_world()
    result = run.measure(
        "p4_websocket:measure",
        environment=world.environment,
        ports=world.ports,
        pids=world.pids,
        keys=world.keys,
        orders=run.amount(8_000, least=1_000),
        rounds=run.rounds,
    )
    rows: list[Row] = []
    for server in SERVERS:
        rounds = [{**each, "factor": result["factor"]} for each in result[server]]
        rows += _rows(server, rounds)
    return rows


def _rows(server: str, rounds: list[dict[str, Any]]) -> list[Row]:
    def ratios(key: str) -> list[float]:
        return [each["gateway"] / each[key] for each in rounds]

    chain_at_most = CHAIN_MS if server == "daphne" else None
    rows = [
        plain_row("P4", f"gateway / echo consumer, {server}", "x", ratios("echo"), at_most=RATIOS[server]),
        plain_row("P4", f"gateway / bare ASGI echo, {server}", "x", ratios("bare"), at_most=None),
        time_row("P4", f"whole chain, CPU of an order, {server}", "ms", rounds, "chain", at_most=chain_at_most),
    ]
    for part in (*CHAIN, "readers", "echo", "bare"):
        rows.append(time_row("P4", f"{_NAMES.get(part, part)}, {server}", "ms", rounds, part))
    rows.append(rate_row("P4", f"most orders by wall, clients beside, {server}", "orders/s", rounds, "rate"))
    for key in ("p50", "p99"):
        rows.append(time_row("P4", f"answered at half of that, {key}, {server}", "ms", rounds, key))
    return rows


_NAMES: Final = {"readers": "beside it the readers", "echo": "an echo by a consumer", "bare": "a bare ASGI echo"}


def measure(**arguments: Any) -> dict[str, Any]:
    return asyncio.run(_measure(**arguments))


async def _measure(
    *, ports: dict[str, int], pids: dict[str, int], keys: list[dict[str, str]], orders: int, rounds: int
) -> dict[str, Any]:
    costs = Costs(
        pids=pids, client="engine", database_url=os.environ["DATABASE_URL"], valkey_url=os.environ["VALKEY_URL"]
    )
    found: dict[str, Any] = {server: [] for server in SERVERS}
    for _ in range(rounds):
        for server in SERVERS:
            found[server].append(await _round(costs, server, ports, keys, orders))
    return found


async def _round(
    costs: Costs, server: str, ports: dict[str, int], keys: list[dict[str, str]], orders: int
) -> dict[str, float]:
    peers, gateway = f"peers-{server}", f"gateway-{server}"
    found = {}
    for name, path in (("echo", "/echo"), ("bare", "/bare-echo")):
        count = len(keys) * SOCKETS_A_TRADER
        sockets = [await WebSocket.connect(ports[peers], path, lambda text: None) for _ in range(count)]
        spent, _ = await _pump(costs, sockets, orders)
        found[name] = 1000 * spent[peers] / orders
        for socket in sockets:
            socket.close()
    traders = [await trading_socket(ports[gateway], key) for key in keys for _ in range(SOCKETS_A_TRADER)]
    spent, wall_s = await _pump(costs, traders, orders)
    await _tidy(traders)
    for part, process in (("gateway", gateway), ("valkey", "valkey"), ("engine", "engine"), ("readers", "readers")):
        found[part] = 1000 * spent[process] / orders
    found["postgresql"] = 1000 * spent["postgresql"] / orders
    found["chain"] = sum(found[part] for part in CHAIN)
    found["rate"] = orders / wall_s
    latencies_ms = await _paced(traders, orders // 2, found["rate"] / 2)
    await _tidy(traders)
    found["p50"] = statistics.median(latencies_ms)
    found["p99"] = latencies_ms[int(len(latencies_ms) * 0.99)]
    for socket in traders:
        socket.close()
    return found


async def _pump(costs: Costs, sockets: list[WebSocket], orders: int) -> tuple[Seconds, float]:
    """As fast as it goes, with WINDOW orders under way on each socket; what it cost, and wall seconds."""
    messages = iter([place_message(number) for number in range(orders)])
    done, left = asyncio.get_running_loop().create_future(), orders

    def answered(socket: WebSocket) -> Callable[[bytes], None]:
        def hear(text: bytes) -> None:
            nonlocal left
            assert b'"error"' not in text, text
            left -= 1
            if (message := next(messages, None)) is not None:
                socket.send(message)
            elif not left:
                done.set_result(None)

        return hear

    for socket in sockets:
        socket.hear = answered(socket)
    started_s = time.perf_counter()
    with costs.spent() as spent:
        for socket in sockets:
            for message in [message for _, message in zip(range(WINDOW), messages, strict=False)]:
                socket.send(message)
        await asyncio.wait_for(done, 300)
    return spent, time.perf_counter() - started_s


async def _paced(sockets: list[WebSocket], orders: int, rate: float) -> list[float]:
    """So many orders a second whatever is answered; milliseconds from sending to the answer, in ascending order."""
    loop = asyncio.get_running_loop()
    sent_s: dict[int, float] = {}
    latencies_ms: list[float] = []
    done = loop.create_future()

    def hear(text: bytes) -> None:
        assert b'"error"' not in text, text
        number = int(text[len(b'{"id":') : text.index(b",")])
        latencies_ms.append(1000 * (time.perf_counter() - sent_s[number]))
        if len(latencies_ms) == orders:
            done.set_result(None)

    for socket in sockets:
        socket.hear = hear
    messages = [place_message(number) for number in range(orders)]
    started_s, sent = time.perf_counter(), 0
    while sent < orders:
        due = min(orders, int((time.perf_counter() - started_s) * rate) + 1)
        for number in range(sent, due):
            sent_s[number] = time.perf_counter()
            sockets[number % len(sockets)].send(messages[number])
        sent = due
        await asyncio.sleep(TICK_S)
    await asyncio.wait_for(done, 300)
    return sorted(latencies_ms)


async def _tidy(sockets: list[WebSocket]) -> None:
    for socket in sockets[::SOCKETS_A_TRADER]:
        await cancel_all(socket)
