"""Signs requests as the API asks for it. Plain standard library: what a bot's author would write."""

import hashlib
import hmac
import secrets
import time


def sign_headers(
    key: str,
    secret: str,
    method: str,
    path_with_query: str,
    body: bytes = b"",
    timestamp_ms: int | None = None,
    nonce: str | None = None,
    recv_window_ms: int | None = None,
) -> dict[str, str]:
    """The X-API-… headers of one request; `path_with_query` and `body` exactly as they will be sent."""
    timestamp = str(time.time_ns() // 1_000_000 if timestamp_ms is None else timestamp_ms)
    nonce = secrets.token_urlsafe(16) if nonce is None else nonce
    headers = {"X-API-Key": key, "X-API-Timestamp": timestamp, "X-API-Nonce": nonce}
    if recv_window_ms is not None:
        headers["X-API-Recv-Window"] = str(recv_window_ms)
    text = signed_text(headers, method, path_with_query, body)
    return {**headers, "X-API-Signature": hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()}


def signed_text(headers: dict[str, str], method: str, path_with_query: str, body: bytes = b"") -> bytes:
    """What is signed, with the times and the nonce of these headers."""
    times = (headers["X-API-Timestamp"], headers["X-API-Nonce"], headers.get("X-API-Recv-Window", "5000"))
    return "\n".join((*times, method, path_with_query, hashlib.sha256(body).hexdigest())).encode()
