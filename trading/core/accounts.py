"""A trading account as the engine keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trading.core.terms import ACCOUNT_CANCEL_ONLY, ACCOUNT_NORMAL, SETTLEMENT_ASSET

if TYPE_CHECKING:
    from trading.core.orders import Order
    from trading.core.positions import Position


NO_ORDERS: Final[dict[int, Order]] = {}  # of accounts that never had any; they have their own from the first on


class Account:
    """A trading account. `collateral_units` are of the settlement asset, None until it had any; `other_collateral` are
    those of others by asset. `orders` are all its open ones by id, `closed_client_orders` the close time by client id.

    `client_orders` maps a client order id, open or lately closed, to (content, order id). Both are None until the
    first order that has such an id. `cancel_after_ns` is when the dead man's switch fires, 0 while it is off.
    `liquidations` are the ids of those going on, by scope: an isolated position's instrument id, 0 for all others.
    """

    __slots__ = (
        "account_id",
        "cancel_after_ns",
        "client_orders",
        "closed_client_orders",
        "collateral_units",
        "liquidations",
        "maximum_open_orders",
        "orders",
        "other_collateral",
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
        self.collateral_units: int | None = None
        self.other_collateral: dict[str, int] | None = None
        self.positions: dict[int, Position] = {}
        self.orders: dict[int, Order] = NO_ORDERS
        self.client_orders: dict[str, tuple[int, int]] | None = None
        self.closed_client_orders: dict[str, int] | None = None
        self.liquidations: dict[int, int] | None = None

    def credit(self, asset: str, units: int) -> None:
        """Add units of collateral (below 0: take away)."""
        if asset == SETTLEMENT_ASSET:
            self.collateral_units = (self.collateral_units or 0) + units
            return
        if self.other_collateral is None:
            self.other_collateral = {}
        self.other_collateral[asset] = self.other_collateral.get(asset, 0) + units

    def collateral(self) -> dict[str, int]:
        """Units of every asset that it ever had, in order of the names."""
        units = dict(self.other_collateral or {})
        if self.collateral_units is not None:
            units[SETTLEMENT_ASSET] = self.collateral_units
        return dict(sorted(units.items()))

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
