"""Orders as the engine keeps them, and the price levels they queue in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trading.core.order_book import Ladder
    from trading.core.positions import Position


class Order:
    """A live order. `open_lots` rests in the book, or waits for its trigger while `is_untriggered`.

    Quantities are lots, prices ticks, `filled_value_units` and `open_loss_units` ledger units of the settlement asset.
    `extreme_price_ticks` is the best price a trailing stop has seen since it is active, whose trigger follows from it.
    `hidden_lots` of the open ones an iceberg does not show. `has_attached`: orders were attached to it, which have its
    id as `parent_order_id` and are `is_asleep` until it has a fill. `sequence` is the record that last changed it.
    `level`, `older` and `newer` are its place in the book, set while it rests there. Whoever accepts an order gives it
    the terms that the book does not ask for, from `client_order_id` on.
    """

    __slots__ = (
        "activation_price_ticks",
        "client_order_id",
        "created_at_ns",
        "display_lots",
        "expires_at_ns",
        "extreme_price_ticks",
        "filled_lots",
        "filled_value_units",
        "group_id",
        "has_attached",
        "hidden_lots",
        "is_asleep",
        "is_queued",
        "is_quote",
        "is_untriggered",
        "level",
        "newer",
        "older",
        "open_loss_units",
        "open_lots",
        "order_id",
        "order_type",
        "parent_order_id",
        "position",
        "post_only",
        "price_ticks",
        "quantity_lots",
        "reduce_only",
        "self_trade_prevention",
        "sequence",
        "side",
        "time_in_force",
        "trailing_distance_ticks",
        "trailing_rate_ppb",
        "trigger_by",
        "trigger_price_ticks",
    )
    level: Level
    older: Order | None
    newer: Order | None
    client_order_id: str
    order_type: int
    time_in_force: int
    self_trade_prevention: int
    post_only: bool
    reduce_only: bool
    trigger_price_ticks: int
    trigger_by: int
    expires_at_ns: int
    trailing_distance_ticks: int
    trailing_rate_ppb: int
    activation_price_ticks: int
    extreme_price_ticks: int
    display_lots: int
    hidden_lots: int
    parent_order_id: int
    group_id: int
    created_at_ns: int
    sequence: int
    open_loss_units: int
    filled_lots: int
    filled_value_units: int
    is_untriggered: bool
    is_queued: bool
    is_asleep: bool
    is_quote: bool
    has_attached: bool

    def __init__(
        self, order_id: int, position: Position, side: int, price_ticks: int, quantity_lots: int, open_lots: int
    ) -> None:
        self.order_id = order_id
        self.position = position
        self.side = side
        self.price_ticks = price_ticks
        self.quantity_lots = quantity_lots
        self.open_lots = open_lots


class Level:
    """All orders resting at one price of a ladder, oldest first; `lots` is their sum."""

    __slots__ = ("ladder", "lots", "newest", "oldest", "price_ticks")

    def __init__(self, ladder: Ladder, price_ticks: int) -> None:
        self.ladder = ladder
        self.price_ticks = price_ticks
        self.lots = 0
        self.oldest: Order | None = None
        self.newest: Order | None = None


def release_open_loss(order: Order, lots: int) -> int:
    """Units of open loss freed when `lots` of the open lots go: pro rata, rounded down, all with the last lot."""
    return order.open_loss_units * lots // order.open_lots
