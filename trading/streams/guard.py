"""Looks each second whether those who are connected may still be."""

from collections import Counter
from typing import Final, Protocol

from django.conf import settings

from exchange.contract.errors import ApiError
from exchange.identity import addresses, sockets
from exchange.identity.addresses import Address
from exchange.identity.sockets import Identity
from trading.streams.stream import Read

SOCKETS_A_USER: Final = 20
NO_LONGER_VALID: Final = 4003  # the close code

Whose = int | str  # a user's id, or the name of an address


class Guarded(Protocol):
    identity: Identity | None

    def close(self, code: int, reason: str) -> None: ...


class Guard:
    """Counts the sockets of each user, and of each address those that nobody has authenticated."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._whose: dict[Guarded, Whose] = {}
        self._sockets_of: Counter[Whose] = Counter()

    def welcome(self, socket: Guarded, address: Address | None) -> None:
        """It has come, from there. Refuses with rate_limited an address that has too many."""
        whose = addresses.rate_limit_name(address)
        if self._sockets_of[whose] >= settings.ANONYMOUS_SOCKETS_PER_ADDRESS:
            raise ApiError("rate_limited", "This address has too many sockets: close or authenticate one first.")
        self._count(socket, whose)

    def admit(self, socket: Guarded, identity: Identity) -> None:
        """From now on the socket is this one's. Refuses with rate_limited a user who has too many."""
        user_id = identity.principal.user.pk
        if self._sockets_of[user_id] >= SOCKETS_A_USER:
            raise ApiError("rate_limited", f"A user may have {SOCKETS_A_USER} sockets: close another one first.")
        self.dismiss(socket)
        self._count(socket, user_id)
        socket.identity = identity

    def dismiss(self, socket: Guarded) -> None:
        """It has closed, or never got in."""
        whose = self._whose.pop(socket, None)
        if whose is not None:
            self._sockets_of[whose] -= 1
            if not self._sockets_of[whose]:
                del self._sockets_of[whose]

    def _count(self, socket: Guarded, whose: Whose) -> None:
        self._whose[socket] = whose
        self._sockets_of[whose] += 1

    async def check(self) -> None:
        """Raises ApiError when the database is away: who was in stays in."""
        of_identity = {id(each.identity): each for each in self._whose if each.identity is not None}
        if not of_identity:
            return
        identities = [each.identity for each in of_identity.values()]
        for identity in await self._read(sockets.no_longer_valid, identities=identities):
            of_identity[id(identity)].close(NO_LONGER_VALID, "The key or session is no longer valid.")
