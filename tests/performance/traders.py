"""Accounts with keys and money in a running exchange, and what they send."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import asdict
from typing import Any, Final

from tests.performance.light_clients import WebSocket

SYMBOL: Final = "BTC-PERP"
MARK_TICKS: Final = 600_000
MARGIN_USDT: Final = 100_000_000
OPEN_ORDERS: Final = 100_000
Key = dict[str, str]


def seed(*, accounts: int) -> dict[str, Any]:
    """Lists the market, gives it a mark; `keys` of that many accounts, each of a user of its own."""
    import django

    django.setup()
    from exchange.demo import credentials
    from exchange.demo.seed import settle
    from exchange.demo.world import Resident
    from trading.engine.commands import UpdateMarkPrice
    from trading.services import gateway, listings
    from trading.services.first_listing import FIRST_LISTING
    from trading.services.requests import stamp

    while gateway.heartbeat() is None:
        time.sleep(0.1)
    for terms, parameters in FIRST_LISTING:
        listings.list_instrument(terms=terms, parameters=parameters)
        if terms.symbol == SYMBOL:
            gateway.submit(UpdateMarkPrice(*stamp(), terms.instrument_id, MARK_TICKS))
    keys = []
    for number in range(accounts):
        resident = Resident(f"trader-{number}", margin=MARGIN_USDT, maximum_open_orders=OPEN_ORDERS, sign_in=True)
        keys.append(asdict(credentials.ensure(resident=resident, account=settle(resident), known=None)))
    return {"keys": keys}


def order_fields(number: int) -> dict[str, str]:
    """A small bid that rests, on one of 500 levels."""
    price = 57_500 + number % 500
    return {"symbol": SYMBOL, "side": "buy", "type": "limit", "quantity": "0.001", "price": str(price)}


def place_message(number: int) -> bytes:
    """Every one of them has the same length as the ten thousand around it."""
    operation = {"op": "order.place", "id": number, "nonce": secrets.token_hex(8), "args": order_fields(number)}
    return json.dumps(operation, separators=(",", ":")).encode()


def signed_fields(key: Key, method: str, path: str, body: bytes = b"") -> dict[str, str]:
    stamp, nonce = str(time.time_ns() // 1_000_000), secrets.token_hex(8)
    text = "\n".join((stamp, nonce, "60000", method, path, hashlib.sha256(body).hexdigest()))
    signature = hmac.new(key["api_secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        "key": key["api_key"],
        "timestamp": stamp,
        "nonce": nonce,
        "recv_window": "60000",
        "signature": signature,
    }


def signed_post(key: Key, path: str, body: bytes) -> bytes:
    """A whole HTTP request."""
    names = {"key": "Key", "timestamp": "Timestamp", "nonce": "Nonce", "recv_window": "Recv-Window"}
    fields = signed_fields(key, "POST", path, body)
    lines = [f"X-API-{names.get(name, 'Signature')}: {value}" for name, value in fields.items()]
    head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *lines]
    return "\r\n".join((*head, f"Content-Length: {len(body)}", "", "")).encode() + body


async def ask(socket: WebSocket, **operation: Any) -> Any:
    """The result of one operation on a socket on which nothing else is under way."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    previous, socket.hear = socket.hear, lambda text: answer.done() or answer.set_result(json.loads(text))
    socket.send(json.dumps({"id": 0, **operation}).encode())
    result = await asyncio.wait_for(answer, 30)
    socket.hear = previous
    assert "result" in result, result
    return result["result"]


async def trading_socket(port: int, key: Key) -> WebSocket:
    """Authenticated, without open orders."""
    socket = await WebSocket.connect(port, "/ws/v1", lambda text: None)
    await ask(socket, op="auth", **signed_fields(key, "GET", "/ws/v1"))
    await cancel_all(socket)
    return socket


async def cancel_all(socket: WebSocket) -> None:
    await ask(socket, op="order.cancel_all", nonce=secrets.token_hex(8))
