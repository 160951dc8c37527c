"""The signed text of a request, and whether its signature, time and headers are as they must be. No Django in here."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exchange.contract.errors import ApiError
from exchange.identity import ed25519

HMAC: Final = "hmac"
ED25519: Final = "ed25519"

KEY_HEADER: Final = "X-API-Key"
TIMESTAMP_HEADER: Final = "X-API-Timestamp"
NONCE_HEADER: Final = "X-API-Nonce"
RECV_WINDOW_HEADER: Final = "X-API-Recv-Window"
SIGNATURE_HEADER: Final = "X-API-Signature"

DEFAULT_RECV_WINDOW: Final = "5000"
MAXIMUM_RECV_WINDOW_MS: Final = 60_000
FUTURE_TOLERANCE_MS: Final = 1_000

_KEY = re.compile(r"[A-Za-z0-9_-]{1,32}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_MILLISECONDS = re.compile(r"0|[1-9][0-9]{0,15}")
_HMAC_SIGNATURE = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SignedHeaders:
    """The authentication headers of a request, each well formed; the texts are as sent."""

    key: str
    timestamp: str
    nonce: str
    recv_window: str
    signature: str


def read_headers(headers: Mapping[str, str]) -> SignedHeaders:
    """Refuses missing and malformed headers with unauthenticated, naming the header in the details."""
    recv_window = _header(headers, RECV_WINDOW_HEADER, _MILLISECONDS, default=DEFAULT_RECV_WINDOW)
    if int(recv_window) > MAXIMUM_RECV_WINDOW_MS:
        raise _bad_header(RECV_WINDOW_HEADER, f"may be at most {MAXIMUM_RECV_WINDOW_MS}")
    return SignedHeaders(
        key=_header(headers, KEY_HEADER, _KEY),
        timestamp=_header(headers, TIMESTAMP_HEADER, _MILLISECONDS),
        nonce=_header(headers, NONCE_HEADER, _NONCE),
        recv_window=recv_window,
        signature=_header(headers, SIGNATURE_HEADER),
    )


def check_timestamp(headers: SignedHeaders, *, now_ms: int) -> None:
    """Refuses with stale_timestamp what is older than its recv window or more than 1 s ahead of `now_ms`."""
    age_ms = now_ms - int(headers.timestamp)
    if not -FUTURE_TOLERANCE_MS <= age_ms <= int(headers.recv_window):
        raise ApiError("stale_timestamp", details={"server_time": now_ms})


def signed_text(headers: SignedHeaders, *, method: str, target: bytes, body: bytes) -> bytes:
    """timestamp, nonce, recv window, method, path and query as sent, SHA-256 of the body in hex: one a line."""
    parts = (headers.timestamp, headers.nonce, headers.recv_window, method)
    return "\n".join(parts).encode("ascii") + b"\n" + target + b"\n" + hashlib.sha256(body).hexdigest().encode("ascii")


def check_signature(headers: SignedHeaders, *, kind: str, secret: bytes, text: bytes) -> bytes:
    """The decoded signature, by `kind` HMAC-SHA256 with `secret` or Ed25519 by the public key that `secret` then is.

    Refuses with bad_signature a wrong one, and any spelling but lower-case hex, or padded base64.
    """
    signature = _decode_hex(headers.signature) if kind == HMAC else _decode_base64(headers.signature)
    if kind == HMAC:
        is_right = hmac.compare_digest(hmac.digest(secret, text, "sha256"), signature)
    else:
        is_right = ed25519.is_signed_by(secret, signature=signature, text=text)
    if not is_right:
        raise ApiError("bad_signature")
    return signature


def _decode_hex(signature: str) -> bytes:
    if _HMAC_SIGNATURE.fullmatch(signature) is None:
        raise ApiError("bad_signature", "Send the signature as 64 lower-case hexadecimal digits.")
    return bytes.fromhex(signature)


def _decode_base64(signature: str) -> bytes:
    try:
        return ed25519.decode(signature, length=ed25519.SIGNATURE_BYTES)
    except ValueError:
        raise ApiError("bad_signature", "Send the 64 bytes of the signature in base64, with padding.") from None


def _header(
    headers: Mapping[str, str], name: str, grammar: re.Pattern[str] | None = None, default: str | None = None
) -> str:
    value = headers.get(name, default)
    if value is None:
        raise _bad_header(name, "is missing")
    if grammar is not None and grammar.fullmatch(value) is None:
        raise _bad_header(name, "is malformed")
    return value


def _bad_header(name: str, problem: str) -> ApiError:
    return ApiError("unauthenticated", f"The header {name} {problem}.", {"header": name})
