"""A position, and what a fill makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trading.core.terms import PPB

if TYPE_CHECKING:
    from trading.core.accounts import Account
    from trading.core.markets import Instrument
    from trading.core.orders import Order
    from trading.core.protection import MarketMakerProtection


class Position:
    """One account in one instrument: signed lots, what they cost, and what its resting orders may add.

    `buy_lots`/`sell_lots` sum its resting orders without reduce-only, `open_loss_units` is held by them; `special` is
    None until it has others. `leverage` 0 means the instrument's default. An isolated position has `isolated_units` of
    the collateral for its own, a cross one None. Funding is settled to `funding_index`.

    `pnl_units` memoises what it adds to cross equity at the instrument's `margin_key`, of which `margin_key` is a copy,
    -1 when nothing holds; both follow from the rest and are no state.
    """

    __slots__ = (
        "account",
        "buy_lots",
        "entry_value_units",
        "funding_index",
        "instrument",
        "isolated_units",
        "leverage",
        "lots",
        "margin_key",
        "open_loss_units",
        "open_orders",
        "pnl_units",
        "sell_lots",
        "special",
    )

    def __init__(self, account: Account, instrument: Instrument) -> None:
        self.account = account
        self.instrument = instrument
        self.isolated_units: int | None = None
        self.funding_index = 0
        self.lots = 0
        self.entry_value_units = 0
        self.buy_lots = 0
        self.sell_lots = 0
        self.open_loss_units = 0
        self.leverage = 0
        self.open_orders = 0
        self.special: SpecialOrders | None = None
        self.margin_key = -1
        self.pnl_units = 0

    def mirror(self, account: Account) -> Position:
        """The same holdings, open orders' sums and margin for a copy of the account, to try things on."""
        mirror = Position(account, self.instrument)
        mirror.isolated_units = self.isolated_units
        mirror.funding_index = self.funding_index
        mirror.lots = self.lots
        mirror.entry_value_units = self.entry_value_units
        mirror.buy_lots = self.buy_lots
        mirror.sell_lots = self.sell_lots
        mirror.open_loss_units = self.open_loss_units
        mirror.open_orders = self.open_orders
        mirror.leverage = self.leverage
        if self.special is not None:
            mirror.special_orders().reduce_buy_lots = self.special.reduce_buy_lots
            mirror.special_orders().reduce_sell_lots = self.special.reduce_sell_lots
        return mirror

    def special_orders(self) -> SpecialOrders:
        """To change them."""
        if self.special is None:
            self.special = SpecialOrders()
        return self.special

    def pnl_at(self, lot_value_units: int) -> int:
        """Unrealised P&L with one lot at this value."""
        return self.lots * lot_value_units - self.entry_value_units

    def owed_funding_units(self) -> int:
        """What the position pays (below 0: receives) when it is settled, rounded up."""
        if self.funding_index == self.instrument.funding_index or self.lots == 0:
            return 0
        return -(-self.lots * (self.instrument.funding_index - self.funding_index) // PPB)

    def is_unsettled(self) -> bool:
        return self.lots != 0 and self.funding_index != self.instrument.funding_index

    def needs_trim(self) -> bool:
        """Whether orders that may only reduce the position could do more than close it."""
        special = self.special
        if special is None:
            return False
        if special.reduce_sell_lots > max(self.lots, 0) or special.reduce_buy_lots > max(-self.lots, 0):
            return True
        return bool(special.attached) and bool(self.outlived_attached())

    def outlived_attached(self) -> list[Order]:
        """The attached orders, by id, that could not reduce the position as it is, and whose parent fills no more."""
        outlived = []
        for _, order in sorted((self.special or NO_SPECIAL_ORDERS).attached.items()):
            assert order.special is not None
            if self.lots * order.side >= 0 and order.special.parent_order_id not in self.account.orders:
                outlived.append(order)
        return outlived


class SpecialOrders:
    """What only some positions have.

    `reduce_buy_lots`/`reduce_sell_lots` sum its resting reduce-only orders; `reduce_only` are these in the order in
    which they came to rest, `attached` those attached to others that are awake and untriggered, `quotes` those of mass
    quotes, which `protection` may cancel; all by id.
    """

    __slots__ = ("attached", "protection", "quotes", "reduce_buy_lots", "reduce_only", "reduce_sell_lots")

    def __init__(self) -> None:
        self.reduce_buy_lots = 0
        self.reduce_sell_lots = 0
        self.reduce_only: dict[int, Order] = {}
        self.attached: dict[int, Order] = {}
        self.quotes: dict[int, Order] = {}
        self.protection: MarketMakerProtection | None = None


NO_SPECIAL_ORDERS: Final = SpecialOrders()  # to read from, of ordinary positions


def fill_position(
    lots: int, entry_value_units: int, side: int, fill_lots: int, lot_value_units: int
) -> tuple[int, int, int]:
    """Return (lots, entry value, realised P&L) after `fill_lots` on `side` at `lot_value_units` a lot.

    Opening adds the traded value to the entry value. Reducing releases ceil(entry * closed / lots) of it, rounded up so
    that the customer's profit is rounded down; what is left over opens the other side (F1, linear).
    """
    signed_lots = side * fill_lots
    if lots * side >= 0:
        return lots + signed_lots, entry_value_units + signed_lots * lot_value_units, 0
    held = -side * lots
    if fill_lots <= held:
        released = -(-entry_value_units * fill_lots // held)
        return lots + signed_lots, entry_value_units - released, -signed_lots * lot_value_units - released
    # All of it is closed, which releases the whole entry value, and the rest opens the other side.
    return lots + signed_lots, (lots + signed_lots) * lot_value_units, lots * lot_value_units - entry_value_units
