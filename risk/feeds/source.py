"""What a source of prices is: whoever says what venues quote."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol, Self


class Quote(NamedTuple):
    """What a venue says of an underlying, in the index's currency: bid and ask, or with both 0 a price.

    Whatever the venue said, sensible or not: the index judges. `said_at_ns` (UTC) is the venue's time, or where it
    gives none that of the answer.
    """

    venue: str
    underlying: str
    bid: Decimal
    ask: Decimal
    price: Decimal
    said_at_ns: int


class PriceSource(Protocol):
    """Used as `async with source:`; what it needs (connections, files) is there in between only.

    `quotes` gives the latest of each venue and underlying at `now_ns` (UTC), at once and without raising, whatever
    venues do: one that is silent has its old quote, and one that never spoke none.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...

    async def quotes(self, *, now_ns: int) -> Sequence[Quote]: ...
