"""Pages of newest-first lists: a cursor holds the key of the last row shown."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from exchange.contract.pagination import cut_page, decode_cursor
from trading.api.requests import Page

Row = TypeVar("Row")


def read_page(
    query: Page, *, list_name: str, read: Callable[[int, int | None], Sequence[Row]], key_of: Callable[[Row], int]
) -> tuple[Sequence[Row], str | None]:
    """(rows, next cursor). `read(limit, before)` gives up to `limit` rows with a key below `before`, newest first.

    Refuses a cursor of another list: invalid_parameter.
    """
    before = None
    if query.cursor is not None:
        (before,) = decode_cursor(query.cursor, list_name=list_name, parts=1)
    rows = read(query.limit + 1, before)
    return cut_page(rows, limit=query.limit, list_name=list_name, position_of=lambda row: (key_of(row),))
