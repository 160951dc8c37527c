"""What clients receive of indices and funding. Every field is always there; one without a value is null."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trading.api.fields import AssetName, Price, Rate, Symbol, Time

IndexStatus = Literal["firm", "few_sources", "disagreement", "off_benchmark", "absent"]
Fate = Literal["used", "clamped_low", "clamped_high", "invalid", "stale", "crossed", "wide", "frozen", "outlier"]
Milliseconds = Annotated[int, Meta(description="Milliseconds.")]


class IndexConstituent(Struct):
    """A venue's quote and what became of it. `counted` is the price it counted with: clamped, or null when dropped.

    `age_ms` is since the venue said it: below 0 when its clock is ahead, null when it never said anything.
    """

    venue: str
    weight: int
    bid: Price | None
    ask: Price | None
    price: Price | None
    fate: Fate
    counted: Price | None
    age_ms: Milliseconds | None


class IndexPrice(Struct):
    """An index. Only a firm one moves marks; `price` is null while it is absent."""

    asset: AssetName
    price: Price | None
    status: IndexStatus
    time: Time


class Indices(Struct):
    """All indices."""

    results: list[IndexPrice]


class Index(Struct):
    """An index with all it was made of. Prices of venues are rounded to its tick; `benchmark` is null without one."""

    asset: AssetName
    price: Price | None
    status: IndexStatus
    time: Time
    tick: Price
    median: Price | None
    benchmark: Price | None
    constituents: list[IndexConstituent]


class IndexMoment(Struct):
    """An index price and those of its venues, without the ones that had none."""

    time: Time
    price: Price | None
    status: IndexStatus
    venues: dict[str, Price]


class IndexHistory(Struct):
    """The last index price of each interval, newest first; an interval without any has none."""

    results: list[IndexMoment]
    next: str | None


class FundingPayment(Struct):
    """Funding of the period that ended at `time`: longs paid `rate` of their value at `index`, below 0 shorts did."""

    time: Time
    rate: Rate
    index: Price


class FundingRates(Struct):
    """The rate of the period under way, were it to end now, and the rates paid, newest first.

    `average_premium` is that of the `samples` so far, one every five seconds while the index is firm.
    """

    symbol: Symbol
    predicted_rate: Rate
    average_premium: Rate
    samples: int
    next_funding_at: Time
    interval: Milliseconds
    results: list[FundingPayment]
    next: str | None
