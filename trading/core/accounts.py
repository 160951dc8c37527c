"""A trading account as the engine keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trading.core.terms import ACCOUNT_CANCEL_ONLY, ACCOUNT_NORMAL

if TYPE_CHECKING:
    from trading.core.orders import Order
    from trading.core.positions import Position


class Account:
    """A trading account. `orders` are all its open ones by id, `closed_client_orders` the close time by client id.

    `client_orders` maps a client order id, open or lately closed, to (content, order id). Both are None until the
    first order that has such an id. `cancel_after_ns` is when the dead man's switch fires, 0 while it is off.
    `liquidations` are the ids of those going on, by scope: an isolated position's instrument id, 0 for all others.
    """

    __slots__ = (
        "account_id",
        "cancel_after_ns",
        "client_orders",
        "closed_client_orders",
        "collateral",
        "liquidations",
        "maximum_open_orders",
        "orders",
        "positions",
        "state",
        "user_id",
    )

    def __init__(self, account_id: int, user_id: int) -> None:
        self.account_id = account_id
        self.user_id = user_id
        self.state = ACCOUNT_NORMAL
        self.maximum_open_orders = 0
        self.cancel_after_ns = 0
        self.collateral: dict[str, int] = {}
        self.positions: dict[int, Position] = {}
        self.orders: dict[int, Order] = {}
        self.client_orders: dict[str, tuple[int, int]] | None = None
        self.closed_client_orders: dict[str, int] | None = None
        self.liquidations: dict[int, int] | None = None

    def isolated_units(self) -> int:
        """The part of the collateral that belongs to isolated positions."""
        units = 0
        for position in self.positions.values():
            if position.isolated_units is not None:
                units += position.isolated_units
        return units

    def is_being_liquidated(self, position: Position) -> bool:
        """Whether a liquidation covers the position's instrument: of the cross positions, or of this isolated one."""
        if self.liquidations is None:
            return False
        return 0 in self.liquidations or position.instrument.instrument_id in self.liquidations

    def may_not_place(self, reduce_only: bool) -> bool:
        """Whether its state forbids orders, or those that are not reduce-only."""
        return self.state != ACCOUNT_NORMAL and (self.state >= ACCOUNT_CANCEL_ONLY or not reduce_only)
