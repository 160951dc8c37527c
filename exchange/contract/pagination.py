"""Cursors of newest-first lists: where the next page begins, as text a client only hands back."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from exchange.contract.errors import ApiError

DEFAULT_LIMIT: Final = 100
MAXIMUM_LIMIT: Final = 500
_CHECK_BYTES: Final = 6
_MAXIMUM_CURSOR_LENGTH: Final = 256
_POSITION_BYTES: Final = 8

Row = TypeVar("Row")


def encode_cursor(*position: int, list_name: str) -> str:
    """The cursor after the row at `position` (signed 64-bit ints, one or more, in the list's order)."""
    payload = b"".join(part.to_bytes(_POSITION_BYTES, "big", signed=True) for part in position)
    return base64.urlsafe_b64encode(payload + _check(payload, list_name)).rstrip(b"=").decode("ascii")


def decode_cursor(text: str, *, list_name: str, parts: int) -> tuple[int, ...]:
    """The position in `text`, `parts` ints. Refuses what was not encoded for this list: invalid_parameter."""
    if len(text) > _MAXIMUM_CURSOR_LENGTH or not text.isascii():
        raise _bad_cursor()
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise _bad_cursor() from None
    payload, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
    if len(payload) != parts * _POSITION_BYTES or check != _check(payload, list_name):
        raise _bad_cursor()
    position = tuple(
        int.from_bytes(payload[start : start + _POSITION_BYTES], "big", signed=True)
        for start in range(0, len(payload), _POSITION_BYTES)
    )
    if encode_cursor(*position, list_name=list_name) != text:
        raise _bad_cursor()
    return position


def parse_limit(text: str | None, *, default: int = DEFAULT_LIMIT, maximum: int = MAXIMUM_LIMIT) -> int:
    """The `limit` parameter, 1 to `maximum`; absent: `default`."""
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) <= len(str(maximum)) and 1 <= int(text) <= maximum:
        return int(text)
    raise ApiError("invalid_parameter", f"limit must be a whole number from 1 to {maximum}.", {"field": "limit"})


def cut_page(
    rows: Sequence[Row], *, limit: int, list_name: str, position_of: Callable[[Row], tuple[int, ...]]
) -> tuple[Sequence[Row], str | None]:
    """(page, next cursor or None) from up to limit + 1 rows: the extra row only tells that there is a next page."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_cursor(*position_of(rows[limit - 1]), list_name=list_name)


def _check(payload: bytes, list_name: str) -> bytes:
    return hashlib.blake2b(payload, digest_size=_CHECK_BYTES, key=list_name.encode(), person=b"cursor").digest()


def _bad_cursor() -> ApiError:
    return ApiError("invalid_parameter", "cursor must be the next of an earlier answer.", {"field": "cursor"})
