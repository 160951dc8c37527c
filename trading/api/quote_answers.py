"""What clients receive about mass quotes and their protection."""

from msgspec import Struct

from trading.api.fields import FillLimit, Freeze, Id, Price, Quantity, Sequence, Side, Symbol, Window


class StandingQuote(Struct):
    """A quote in the book. `id` is null of one that was kept, while the read models are too far behind to know it."""

    id: Id | None
    side: Side
    price: Price
    quantity: Quantity


class Quotes(Struct):
    """The account's quotes in the instrument right after `sequence`, and the ids of those that were cancelled."""

    symbol: Symbol
    quotes: list[StandingQuote]
    cancelled: list[Id]
    sequence: Sequence


class MarketMakerProtectionState(Struct):
    """The protection in force: fills counted so far are forgotten, a freeze is over."""

    symbol: Symbol
    window_ms: Window
    quantity_limit: FillLimit
    delta_limit: FillLimit
    freeze_ms: Freeze
    sequence: Sequence
