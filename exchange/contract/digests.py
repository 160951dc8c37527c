"""Command ids: 128 bits by which the engine knows a repeated request again."""

import hashlib
from typing import Final

COMMAND_ID_BYTES: Final = 16


def command_id_for(key_id: str, decoded_signature: bytes) -> bytes:
    """The id of a signed request. The nonce is part of what was signed, so only a replay has the same id."""
    key = key_id.encode()
    return _digest(b"request", len(key).to_bytes(4, "big") + key + decoded_signature)


def socket_command_id(actor: str, connection: bytes, nonce: str) -> bytes:
    """The id of an operation on a WebSocket: the same nonce of the same actor on the same connection has the same."""
    parts = (actor.encode(), connection, nonce.encode())
    return _digest(b"socket", b"".join(len(part).to_bytes(4, "big") + part for part in parts))


def item_command_id(command_id: bytes, index: int) -> bytes:
    """The id of the item at `index` of a batch whose request has `command_id`."""
    return _digest(b"item", command_id + index.to_bytes(4, "big"))


def row_command_id(table: str, row_id: int) -> bytes:
    """The id of the command that a row of ours stands for: the same however often it is sent."""
    return _digest(b"row", f"{table}:{row_id}".encode())


def _digest(purpose: bytes, message: bytes) -> bytes:
    return hashlib.blake2b(message, digest_size=COMMAND_ID_BYTES, person=purpose).digest()
