"""Orders as the engine keeps them, and the price levels they queue in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from trading.core.order_book import Ladder
    from trading.core.positions import Position


class Order:
    """A live order. `open_lots` rests in the book, or waits for its trigger.

    Quantities are lots, prices ticks, `filled_value_units` and `open_loss_units` ledger units of the settlement asset.
    `special` is None of an ordinary order. `sequence` is the record that last changed it. `level`, `older` and `newer`
    are its place in the book, set while it rests there. Whoever accepts an order gives it the terms that the book does
    not ask for, from `client_order_id` on.
    """

    __slots__ = (
        "client_order_id",
        "created_at_ns",
        "filled_lots",
        "filled_value_units",
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
        "special",
        "time_in_force",
    )
    order_id: int
    position: Position
    side: int
    price_ticks: int
    quantity_lots: int
    open_lots: int
    level: Level
    older: Order | None
    newer: Order | None
    client_order_id: str
    order_type: int
    time_in_force: int
    self_trade_prevention: int
    post_only: bool
    reduce_only: bool
    special: Special | None
    created_at_ns: int
    sequence: int
    open_loss_units: int
    filled_lots: int
    filled_value_units: int


class Special:
    """What only some orders have, all 0 and False unless it is said.

    `expires_at_ns` is when it is cancelled, `group_id` names a group in which one order cancels the others. One that
    waits for a price `is_untriggered`, and `is_queued` when it has come to `trigger_price_ticks`, until its turn. An
    iceberg shows `display_lots` at a time, `hidden_lots` of its open ones are not shown. A trailing stop triggers
    `trailing_distance_ticks` or `trailing_rate_ppb` behind `extreme_price_ticks`, the best price since it is active. An
    order that others are attached to `has_attached`; they have its id as `parent_order_id` and are `is_asleep` until it
    has a fill. `is_quote`: given by a mass quote.
    """

    __slots__ = (
        "activation_price_ticks",
        "display_lots",
        "expires_at_ns",
        "extreme_price_ticks",
        "group_id",
        "has_attached",
        "hidden_lots",
        "is_asleep",
        "is_queued",
        "is_quote",
        "is_untriggered",
        "parent_order_id",
        "trailing_distance_ticks",
        "trailing_rate_ppb",
        "trigger_by",
        "trigger_price_ticks",
    )

    def __init__(self) -> None:
        self.expires_at_ns = 0
        self.group_id = 0
        self.is_untriggered = False
        self.trigger_price_ticks = 0
        self.trigger_by = 0
        self.is_queued = False
        self.display_lots = 0
        self.hidden_lots = 0
        self.trailing_distance_ticks = 0
        self.trailing_rate_ppb = 0
        self.activation_price_ticks = 0
        self.extreme_price_ticks = 0
        self.parent_order_id = 0
        self.has_attached = False
        self.is_asleep = False
        self.is_quote = False


NOT_SPECIAL: Final = Special()  # to read from, of ordinary orders


def is_untriggered(order: Order) -> bool:
    """Whether it waits for its trigger."""
    return order.special is not None and order.special.is_untriggered


def special_of(order: Order) -> Special:
    """Of an order that is known to have it: one that waits for a price, an iceberg, one of several."""
    assert order.special is not None
    return order.special


class Level:
    """All orders resting at one price of a ladder, oldest first; `key` is side * price."""

    __slots__ = ("key", "ladder", "newest", "oldest")

    def __init__(self, ladder: Ladder, key: int) -> None:
        self.ladder = ladder
        self.key = key
        self.oldest: Order | None = None
        self.newest: Order | None = None


def lots_to_hide(display_lots: int, resting_lots: int) -> int:
    """Lots an order that comes to rest does not show: all beyond `display_lots`, none when that is 0."""
    return max(0, resting_lots - display_lots) if display_lots else 0


def release_open_loss(order: Order, lots: int) -> int:
    """Units of open loss freed when `lots` of the open lots go: pro rata, rounded down, all with the last lot."""
    return order.open_loss_units * lots // order.open_lots
