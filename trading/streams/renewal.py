"""The dead man's switch of a socket: pushed back from the answer that armed it to the one that takes it back."""

import asyncio
from collections.abc import Callable
from typing import Final

from trading.api.answers import CancelAfterState

SWITCH_MS: Final = 10_000  # orders live so long after their socket
RENEW_S: Final = 3.0


class Renewal:
    """`renew` sends the engine a renewal. Every change of the switch is announced, and ends with its answer."""

    def __init__(self, renew: Callable[[], None]) -> None:
        self._renew = renew
        self._is_on = False
        self._sequence = 0
        self._changes = 0
        self._timer: asyncio.TimerHandle | None = None

    def pause(self) -> None:
        """A change is on its way, or the socket has gone: a renewal sent after "off" would undo it."""
        self._changes += 1
        if self._timer is not None:
            self._timer.cancel()

    def resume(self, state: CancelAfterState | None) -> None:
        """The change has ended: the switch was set so, or (None) refused or unknown, and counts as it was."""
        self._changes -= 1
        if state is not None and state.sequence > self._sequence:
            self._sequence, self._is_on = state.sequence, state.cancel_at is not None
        if self._is_on and not self._changes:
            self._run()

    def _run(self) -> None:
        self._renew()
        self._timer = asyncio.get_running_loop().call_later(RENEW_S, self._run)
