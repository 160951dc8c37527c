"""Orders as the engine keeps them, and the price levels they queue in."""

from __future__ import annotations

from trading.core.positions import Position


class Order:
    """A live order. `open_lots` rests in the book, or waits for its trigger while `is_untriggered`.

    Quantities are lots, prices ticks, `filled_value_units` and `open_loss_units` ledger units of the settlement asset.
    `sequence` is the record that last changed it. `level`, `older` and `newer` are its place in the book.
    """

    __slots__ = (
        "client_order_id",
        "created_at_ns",
        "filled_lots",
        "filled_value_units",
        "is_queued",
        "is_untriggered",
        "level",
        "newer",
        "older",
        "open_loss_units",
        "open_lots",
        "order_id",
        "order_type",
        "position",
        "post_only",
        "price_ticks",
        "quantity_lots",
        "reduce_only",
        "self_trade_prevention",
        "sequence",
        "side",
        "time_in_force",
        "trigger_by",
        "trigger_price_ticks",
    )

    def __init__(
        self,
        order_id: int,
        position: Position,
        client_order_id: str,
        side: int,
        order_type: int,
        quantity_lots: int,
        price_ticks: int,
        time_in_force: int,
        self_trade_prevention: int,
        post_only: bool,
        reduce_only: bool,
        trigger_price_ticks: int,
        trigger_by: int,
    ) -> None:
        self.order_id = order_id
        self.position = position
        self.client_order_id = client_order_id
        self.side = side
        self.order_type = order_type
        self.quantity_lots = quantity_lots
        self.price_ticks = price_ticks
        self.time_in_force = time_in_force
        self.self_trade_prevention = self_trade_prevention
        self.post_only = post_only
        self.reduce_only = reduce_only
        self.trigger_price_ticks = trigger_price_ticks
        self.trigger_by = trigger_by
        self.open_lots = 0
        self.open_loss_units = 0
        self.filled_lots = 0
        self.filled_value_units = 0
        self.is_untriggered = False
        self.is_queued = False
        self.created_at_ns = 0
        self.sequence = 0
        self.level: Level | None = None
        self.older: Order | None = None
        self.newer: Order | None = None


class Level:
    """All orders resting at one price, oldest first; `lots` is their sum."""

    __slots__ = ("lots", "newest", "oldest", "price_ticks")

    def __init__(self, price_ticks: int) -> None:
        self.price_ticks = price_ticks
        self.lots = 0
        self.oldest: Order | None = None
        self.newest: Order | None = None


def release_open_loss(order: Order, lots: int) -> int:
    """Units of open loss freed when `lots` of the open lots go: pro rata, rounded down, all with the last lot."""
    return order.open_loss_units * lots // order.open_lots
