"""P5: orders over REST: what they cost the web process, against an empty view that authenticates and charges alike."""

import asyncio
import json
import os
from collections.abc import Iterator
from typing import Any, Final

from tests.performance.costs import Costs
from tests.performance.light_clients import Http, WebSocket
from tests.performance.running import Row, Run, plain_row, time_row
from tests.performance.traders import cancel_all, order_fields, signed_post, trading_socket

CONNECTIONS: Final = 8
ORDERS_A_BATCH: Final = 50
GATEWAY: Final = "gateway-daphne"
PEERS: Final = "peers-daphne"


def run(run: Run) -> list[Row]:
    world = run.start_world()
    result = run.measure(
        "p5_rest:measure",
        environment=world.environment,
        ports=world.ports,
        pids=world.pids,
        keys=world.keys,
        requests=run.amount(2_000),
        rounds=run.rounds,
    )
    rounds = [{**each, "factor": result["factor"]} for each in result["rounds"]]
    over_empty = [each["order"] / each["empty"] for each in rounds]
    cheaper = [each["order"] / each["batch"] for each in rounds]
    return [
        plain_row("P5", "order / empty view", "x", over_empty, at_most=1.6),
        plain_row("P5", f"order / order of a batch of {ORDERS_A_BATCH}", "x", cheaper, at_least=10.0),
        time_row("P5", "order, CPU of the web process", "ms", rounds, "order"),
        time_row("P5", "empty view, authenticated and charged", "ms", rounds, "empty"),
        time_row("P5", f"order of a batch of {ORDERS_A_BATCH}", "ms", rounds, "batch"),
    ]


def measure(**arguments: Any) -> dict[str, Any]:
    return asyncio.run(_measure(**arguments))


async def _measure(
    *, ports: dict[str, int], pids: dict[str, int], keys: list[dict[str, str]], requests: int, rounds: int
) -> dict[str, Any]:
    costs = Costs(
        pids=pids, client="engine", database_url=os.environ["DATABASE_URL"], valkey_url=os.environ["VALKEY_URL"]
    )
    traders = [await trading_socket(ports[GATEWAY], key) for key in keys]
    found = []
    for _ in range(rounds):
        found.append(await _round(costs, ports, keys, requests, traders))
    return {"rounds": found}


async def _round(
    costs: Costs, ports: dict[str, int], keys: list[dict[str, str]], requests: int, traders: list[WebSocket]
) -> dict[str, float]:
    """Milliseconds of CPU of an empty request, an order, and an order of a batch."""
    orders = [json.dumps(order_fields(number)).encode() for number in range(requests)]
    batches = list(_batches(requests))
    found = {}
    for name, process, path, bodies, items in (
        ("empty", PEERS, "/empty", orders, 1),
        ("order", GATEWAY, "/api/v1/orders", orders, 1),
        ("batch", GATEWAY, "/api/v1/orders/batch", batches, ORDERS_A_BATCH),
    ):
        signed = [signed_post(keys[number % len(keys)], path, body) for number, body in enumerate(bodies)]
        with costs.spent() as spent:
            await _send(ports[process], signed)
        found[name] = 1000 * spent[process] / (len(signed) * items)
        for socket in traders:
            await cancel_all(socket)
    return found


def _batches(orders: int) -> Iterator[bytes]:
    for start in range(0, orders, ORDERS_A_BATCH):
        operations = [{"op": "place", **order_fields(start + number)} for number in range(ORDERS_A_BATCH)]
        yield json.dumps({"operations": operations}).encode()


async def _send(port: int, requests: list[bytes]) -> None:
    left = iter(requests)

    async def work() -> None:
        http = await Http.connect(port)
        for request in left:
            status, body = await http.post(request)
            assert status in (200, 201, 204) and b'"error"' not in body, (status, body)
        http.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(min(CONNECTIONS, len(requests))):
            tasks.create_task(work())
