"""Refuses a large body at the door, before Django spools it to disk: by its declared length or once it is too long."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from exchange.contract.errors import ApiError

Application = Callable[[dict, Callable, Callable], Awaitable[None]]


class BodyTooLarge(Exception):
    pass


def limit_body(application: Application, *, maximum_bytes: int) -> Application:
    """The ASGI application, answering 413 to HTTP bodies above `maximum_bytes`."""

    async def limited(scope: dict, receive: Callable, send: Callable) -> None:
        if _declared_bytes(scope) > maximum_bytes:
            return await _refuse(send)
        received_bytes = 0

        async def counting_receive() -> Any:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > maximum_bytes:
                raise BodyTooLarge
            return message

        try:
            await application(scope, counting_receive, send)
        except BodyTooLarge:
            await _refuse(send)

    return limited


def _declared_bytes(scope: dict) -> int:
    declared = dict(scope["headers"]).get(b"content-length", b"")
    return int(declared) if declared.isdigit() else 0


async def _refuse(send: Callable) -> None:
    error = ApiError("payload_too_large")
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(error.envelope()).encode()})
