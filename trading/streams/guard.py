"""Looks each second whether those who are connected may still be."""

from collections import Counter
from typing import Final, Protocol

from exchange.contract.errors import ApiError
from exchange.identity import sockets
from exchange.identity.sockets import Identity
from trading.streams.stream import Read

SOCKETS_A_USER: Final = 20
NO_LONGER_VALID: Final = 4003  # the close code


class Guarded(Protocol):
    identity: Identity | None

    def close(self, code: int, reason: str) -> None: ...


class Guard:
    def __init__(self, read: Read) -> None:
        self._read = read
        self._sockets: set[Guarded] = set()
        self._of_user: Counter[int] = Counter()

    def admit(self, socket: Guarded, identity: Identity) -> None:
        """From now on the socket is this one's. Refuses with rate_limited a user who has too many."""
        user_id = identity.principal.user.pk
        if self._of_user[user_id] >= SOCKETS_A_USER:
            raise ApiError("rate_limited", f"A user may have {SOCKETS_A_USER} sockets: close another one first.")
        self._of_user[user_id] += 1
        socket.identity = identity
        self._sockets.add(socket)

    def dismiss(self, socket: Guarded) -> None:
        """It has closed, or never got in."""
        if socket in self._sockets:
            self._sockets.discard(socket)
            assert socket.identity is not None
            user_id = socket.identity.principal.user.pk
            self._of_user[user_id] -= 1
            if not self._of_user[user_id]:
                del self._of_user[user_id]

    async def check(self) -> None:
        """Raises ApiError when the database is away: who was in stays in."""
        if not self._sockets:
            return
        of_identity = {id(each.identity): each for each in self._sockets}
        identities = [each.identity for each in self._sockets]
        for identity in await self._read(sockets.no_longer_valid, identities=identities):
            of_identity[id(identity)].close(NO_LONGER_VALID, "The key or session is no longer valid.")
