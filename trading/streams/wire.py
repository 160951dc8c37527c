"""The server's side of a connection: what ASGI does not let an application see of it.

Daphne's `send` never waits and keeps what the network does not take, without bound; uvicorn's waits for ever. So both
are asked how much they hold, and told to give up, through the protocol that their `send` is bound to.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from autobahn.exception import Disconnected

GONE: Final = (OSError, Disconnected)  # what uvicorn and daphne raise when there is nobody to send to
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Wire:
    def __init__(self, send: Send) -> None:
        self.send = send
        protocol = next(iter(getattr(send, "args", ())), None) or getattr(send, "__self__", None)
        transport = getattr(protocol, "transport", None)
        self._unsent: Callable[[], int] = lambda: 0
        self._abort: Callable[[], object] = lambda: None
        if hasattr(transport, "get_write_buffer_size"):  # asyncio
            self._unsent, self._abort = transport.get_write_buffer_size, transport.abort
        elif hasattr(transport, "abortConnection"):  # twisted
            self._unsent = lambda: transport._tempDataLen + len(transport.dataBuffer) - transport.offset
            self._abort = transport.abortConnection

    def unsent_bytes(self) -> int:
        """What waits for the network, as far as the server tells."""
        return self._unsent()

    def abort(self) -> None:
        """End the connection now, whatever waits."""
        self._abort()
