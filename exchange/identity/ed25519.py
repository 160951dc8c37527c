"""Ed25519 keys and signatures (RFC 8032), each in one spelling only: what is spelt otherwise is refused.

One spelling a signature matters: a replayed request is known again by the bytes of its signature.
"""

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PUBLIC_KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

_FIELD: Final = 2**255 - 19
_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
# The y coordinates of the points of low order: under such a key anybody can sign anything.
_LOW_ORDER: Final = frozenset({0, 1, _FIELD - 1, _ORDER_8, _FIELD - _ORDER_8})


def public_key_from_text(text: str) -> bytes:
    """The 32 bytes of a public key written in base64 or as PEM. Refuses all else with ValueError."""
    text = text.strip()
    raw = _from_pem(text) if text.startswith("-----") else decode(text, length=PUBLIC_KEY_BYTES)
    y = int.from_bytes(raw, "little") % 2**255
    if y >= _FIELD or y in _LOW_ORDER:
        raise ValueError("the key is not a safe point of the curve")
    return raw


def decode(text: str, *, length: int) -> bytes:
    """`length` bytes from base64 with padding, as an encoder writes it. Refuses any other spelling with ValueError."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
    if len(raw) != length or encode(raw) != text:
        raise ValueError(f"not the base64 of {length} bytes")
    return raw


def encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def is_signed_by(public_key: bytes, *, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _from_pem(text: str) -> bytes:
    try:
        key = load_pem_public_key(text.encode("ascii"))
    except UnsupportedAlgorithm:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the key is of another kind")
    return key.public_bytes_raw()
