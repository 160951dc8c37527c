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
    recv_window = "5000" if recv_window_ms is None else str(recv_window_ms)
    lines = (timestamp, nonce, recv_window, method, path_with_query, hashlib.sha256(body).hexdigest())
    signature = hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()
    headers = {"X-API-Key": key, "X-API-Timestamp": timestamp, "X-API-Nonce": nonce, "X-API-Signature": signature}
    return headers if recv_window_ms is None else {**headers, "X-API-Recv-Window": recv_window}
