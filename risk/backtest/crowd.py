"""What traders do between the prices: some open and some close, more of them when prices move fast.

Each picks a side, the cheaper one when the book is off the index, and takes what the makers offer: who holds the other
side closes a part, anybody else opens or adds with the margin that is free, at the leverage it likes.
"""

from __future__ import annotations

from random import Random
from typing import Final

from trading.core.accounts import Account
from trading.core.markets import Instrument
from trading.core.terms import BUY, EXPIRE_MAKER, IOC, MARKET, SELL
from trading.engine.commands import PlaceOrder
from trading.engine.requirements import equity_and_initial

FULL_BIAS_PPB: Final = 2_000_000  # this far from the index 19 of 20 choose the cheaper side
STRONGEST_BIAS: Final = 0.45
FASTEST: Final = 20.0  # how many times as often as in quiet times they act at most


class Crowd:
    """The traders of one market, each with the leverage it likes."""

    def __init__(
        self, instrument: Instrument, members: list[tuple[Account, float]], orders_per_s: float, rng: Random
    ) -> None:
        self._instrument = instrument
        self._members = members
        self._orders_per_s = orders_per_s
        self._rng = rng

    def act(self, speed_ratio: float, basis_ppb: int) -> list[PlaceOrder]:
        """Orders of those who act in this second."""
        wanted = self._orders_per_s * min(speed_ratio, FASTEST)
        count = int(wanted) + (self._rng.random() < wanted % 1)
        orders = (self._order(basis_ppb) for _ in range(count))
        return [order for order in orders if order is not None]

    def _order(self, basis_ppb: int) -> PlaceOrder | None:
        account, leverage = self._rng.choice(self._members)
        bias = min(max(basis_ppb / FULL_BIAS_PPB, -1.0), 1.0) * STRONGEST_BIAS
        side = BUY if self._rng.random() < 0.5 - bias else SELL
        part = 0.3 + 0.7 * self._rng.random()
        position = account.positions.get(self._instrument.instrument_id)
        held = position.lots if position is not None else 0
        if held * side < 0:
            return self._market_order(account.account_id, side, max(int(abs(held) * part), 1), True)
        equity, initial = equity_and_initial(account)
        notional_units = (equity - initial) * leverage * part
        lots = int(notional_units / self._instrument.lot_value_units) if self._instrument.lot_value_units else 0
        if lots * self._instrument.lot_value_units <= self._instrument.minimum_notional_units:
            return None
        return self._market_order(account.account_id, side, lots, False)

    def _market_order(self, account_id: int, side: int, lots: int, reduce_only: bool) -> PlaceOrder:
        lots = min(lots, self._instrument.maximum_order_lots)
        instrument_id = self._instrument.instrument_id
        return PlaceOrder(
            b"", 0, account_id, instrument_id, "", side, MARKET, lots, 0, IOC, EXPIRE_MAKER, False, reduce_only
        )
