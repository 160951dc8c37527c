"""What ordinary orders do without. Kept interpreted, see `commands`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trading.engine.commands import AttachedOrder


class Ordinary:
    """Reads as nothing whatever only special orders carry along: a field costs time with every order there is."""

    __slots__ = ()

    @property
    def trigger_price_ticks(self) -> int:
        return 0

    @property
    def trigger_by(self) -> int:
        return 0

    @property
    def expires_at_ns(self) -> int:
        return 0

    @property
    def trailing_distance_ticks(self) -> int:
        return 0

    @property
    def trailing_rate_ppb(self) -> int:
        return 0

    @property
    def activation_price_ticks(self) -> int:
        return 0

    @property
    def display_lots(self) -> int:
        return 0

    @property
    def hidden_lots(self) -> int:
        return 0

    @property
    def parent_order_id(self) -> int:
        return 0

    @property
    def group_id(self) -> int:
        return 0

    @property
    def is_asleep(self) -> bool:
        return False

    @property
    def is_quote(self) -> bool:
        return False

    @property
    def attached(self) -> tuple[AttachedOrder, ...]:
        return ()
