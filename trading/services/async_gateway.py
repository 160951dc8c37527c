"""The way to the engine for those who live in an event loop: nothing waits, whoever asked is called back."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

from exchange.contract.errors import ApiError
from trading.engine.commands import ExternalCommand
from trading.engine.replies import Outcome, Reply
from trading.engine.wire import encode_command
from trading.services.engine_channel import Heartbeat
from trading.services.engine_link import EngineLink, Errand
from trading.services.gateway import judge

TIMEOUT_S: Final = 5.0

Result = Outcome | ApiError
Then = Callable[[list[Result]], None]


class AsyncGateway:
    """Belongs to the loop it is started in, and all calls are made there."""

    def __init__(self) -> None:
        self._link = EngineLink()

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._link.start_here()

    async def stop(self) -> None:
        await self._link.stop()

    def submit_many(self, commands: Sequence[ExternalCommand], then: Then) -> None:
        """As the gateway's `submit_many`; `then` gets the results, an outcome or error each, within 5 s.

        An outcome may be that of a command that `is_repeated`: what came of it first is for the caller to read.
        """
        errand = Errand(
            command_ids=[command.command_id for command in commands], encoded=[*map(encode_command, commands)]
        )
        pending = _Pending(commands, errand, then)
        pending.timeout = self._loop.call_later(TIMEOUT_S, self._give_up, pending)
        for future in errand.futures:
            future.add_done_callback(pending.settle)
        self._link.run(errand)

    async def heartbeat(self) -> Heartbeat | None:
        return await self._link.current_heartbeat()

    def _give_up(self, pending: "_Pending") -> None:
        pending.finish()
        self._link.give_up(pending.errand)


class _Pending:
    """Commands whose replies have not all come."""

    __slots__ = ("commands", "errand", "left", "then", "timeout")

    def __init__(self, commands: Sequence[ExternalCommand], errand: Errand, then: Then) -> None:
        self.commands = commands
        self.errand = errand
        self.then = then
        self.left = len(commands)
        self.timeout: asyncio.TimerHandle

    def settle(self, future: Future[Reply]) -> None:
        self.left -= 1
        if self.left == 0:
            self.timeout.cancel()
            self.finish()

    def finish(self) -> None:
        """Once: giving up cancels the futures only afterwards."""
        then, self.then = self.then, _ignore
        then(
            [judge(command, _reply(future)) for command, future in zip(self.commands, self.errand.futures, strict=True)]
        )


def _reply(future: Future[Reply]) -> Reply | ApiError | None:
    """None when there is none yet."""
    if not future.done() or future.cancelled():
        return None
    error = future.exception()
    if error is None:
        return future.result()
    assert isinstance(error, ApiError)
    return error


def _ignore(results: list[Result]) -> None:
    pass
