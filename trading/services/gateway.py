"""The one way to the engine: submit a command and get its outcome, ask a question and get the answer.

Synchronous and thread-safe, for views, tasks and management commands alike. Each process has one background thread
with an event loop; commands that come while a message is being sent travel together as the next one.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

from exchange.contract.digests import COMMAND_ID_BYTES
from exchange.contract.errors import ApiError
from trading.engine.commands import ExternalCommand, Query
from trading.engine.events import CommandRefused, CommandRepeated
from trading.engine.replies import AccountView, OrdersPreview, Outcome, QueryRefused, Reply
from trading.engine.wire import encode_command
from trading.services.engine_channel import Heartbeat
from trading.services.engine_link import EngineLink, Errand
from trading.services.first_outcome import first_outcome

VALID_FOR_NS: Final = 5_000_000_000
# An engine decides no later than `valid_until_ns`, sends to the journal within 4 s, and the journal gives up within 4 s
# more; the rest is for clocks that differ.
FINAL_AFTER_NS: Final = 10_000_000_000

_lock = threading.Lock()
_link: EngineLink | None = None


def new_command_id() -> bytes:
    """For a command of the exchange's own. Whoever may have to repeat it keeps the id."""
    return secrets.token_bytes(COMMAND_ID_BYTES)


def deadline_ns() -> int:
    """What a command that is sent now has as `valid_until_ns`."""
    return time.time_ns() + VALID_FOR_NS


def submit(command: ExternalCommand, *, timeout_s: float = 5.0) -> Outcome:
    """Carry out one command, with `command_id` and `valid_until_ns` set; a repeated one has its first outcome.

    Raises ApiError: the engine's refusal; `engine_busy` and `engine_unavailable` (nothing was done);
    `outcome_unknown` with `details.final_at` (milliseconds), when no answer came in time.
    """
    result = submit_many([command], timeout_s=timeout_s)[0]
    if isinstance(result, ApiError):
        raise result
    return result


def submit_many(commands: Sequence[ExternalCommand], *, timeout_s: float = 5.0) -> list[Outcome | ApiError]:
    """Carry them out in this order, as one message: ascending sequences, an outcome or error each, not atomic."""
    return submit_soon(commands, timeout_s=timeout_s)()


def submit_soon(
    commands: Sequence[ExternalCommand], *, timeout_s: float = 5.0
) -> Callable[[], list[Outcome | ApiError]]:
    """As `submit_many`, but only what is returned waits: messages of one thread stay in the order of these calls."""
    until_s = time.monotonic() + timeout_s
    errand = _send(commands)

    def outcomes() -> list[Outcome | ApiError]:
        replies = [_wait(command, future, until_s) for command, future in zip(commands, errand.futures, strict=True)]
        if None in replies:
            _engine_link().give_up(errand)
        return [_judge(command, reply) for command, reply in zip(commands, replies, strict=True)]

    return outcomes


def ask(query: Query, *, timeout_s: float = 5.0) -> AccountView | OrdersPreview:
    """Ask the engine. Raises ApiError: `account_not_found`…, `engine_busy`, `engine_unavailable`."""
    errand = _send([query])
    try:
        reply = errand.futures[0].result(timeout=timeout_s)
    except TimeoutError:
        _engine_link().give_up(errand)
        raise ApiError("engine_unavailable") from None
    if isinstance(reply, QueryRefused):
        raise ApiError(reply.code)
    assert not isinstance(reply, Outcome)
    return reply


def heartbeat() -> Heartbeat | None:
    """The engine's latest sign of life, at most 250 ms old here; None when it gave none for 2 s."""
    return _engine_link().heartbeat()


def _send(commands: Sequence[ExternalCommand | Query]) -> Errand:
    for command in commands:
        if not command.command_id or command.valid_until_ns <= 0:
            raise ValueError("A command needs a command_id and valid_until_ns.")
    errand = Errand(command_ids=[command.command_id for command in commands], encoded=[*map(encode_command, commands)])
    _engine_link().run(errand)
    return errand


def _wait(command: ExternalCommand, future: Future[Reply], until_s: float) -> Reply | ApiError | None:
    """The reply, None when none came while the command was valid."""
    still_valid_s = (command.valid_until_ns - time.time_ns()) / 1e9
    try:
        return future.result(timeout=max(0.0, min(until_s - time.monotonic(), still_valid_s)))
    except TimeoutError:
        return None
    except ApiError as error:
        return error


def _judge(command: ExternalCommand, reply: Reply | ApiError | None) -> Outcome | ApiError:
    result = judge(command, reply)
    if isinstance(result, ApiError) or not is_repeated(result):
        return result
    return read_first_outcome(result)


def judge(command: ExternalCommand, reply: Reply | ApiError | None) -> Outcome | ApiError:
    """What a reply (None: none came in time) says of the command; it may still be that it `is_repeated`."""
    if reply is None:
        final_at_ms = (command.valid_until_ns + FINAL_AFTER_NS) // 1_000_000
        return ApiError("outcome_unknown", details={"final_at": final_at_ms})
    if isinstance(reply, ApiError):
        return reply
    if isinstance(reply, QueryRefused):  # the engine could not read it
        return ApiError(reply.code)
    assert isinstance(reply, Outcome)
    return _refusal_in(reply) or reply


def is_repeated(outcome: Outcome) -> bool:
    return bool(outcome.events) and isinstance(outcome.events[0], CommandRepeated)


def read_first_outcome(outcome: Outcome) -> Outcome | ApiError:
    """Of a command that `is_repeated`, what came of it the first time; asks the journal."""
    repeated = outcome.events[0]
    assert isinstance(repeated, CommandRepeated)
    try:
        first = first_outcome(command_id=outcome.command_id, sequence=repeated.first_sequence)
    except ApiError as error:
        return error
    return _refusal_in(first) or first


def _refusal_in(outcome: Outcome) -> ApiError | None:
    first_event = outcome.events[0] if outcome.events else None
    return ApiError(first_event.code) if isinstance(first_event, CommandRefused) else None


def _engine_link() -> EngineLink:
    global _link
    if _link is None:
        with _lock:
            if _link is None:
                link = EngineLink()
                link.start()
                _link = link
    return _link


def _forget_link() -> None:
    """A forked child has the parent's sockets but not its thread: it makes a link of its own."""
    global _link, _lock
    _link, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget_link)
