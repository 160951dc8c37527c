"""Market makers: they quote around the index, wider and thinner as prices move faster, and pull what they fear.

Spread times r and size divided by r squared, r = present speed of the index over its speed in quiet times; above a
limit of r nothing is quoted. Inventory thins the side that would add to it and shifts both against it. Where this
comes from, and what of it is assumed: docs/backtests/README.md.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

from risk.backtest.market import Market
from trading.core.accounts import Account
from trading.core.terms import BUY, INSTRUMENT_CANCEL_ONLY, INSTRUMENT_HALTED, SELL
from trading.engine.commands import MassQuote, Quote

QUIET_SPEED: Final = 1e-4  # of the price in a second: about 55 % a year
SPEED_MEMORY_S: Final = 60.0
PULL_ABOVE: Final = 12.0
HALF_SPREAD: Final = 1e-4
DISTANCES: Final = (0.0, 1e-3, 3e-3, 1e-2)  # of the levels from the best one, as parts of the price
SHARES: Final = (0.1, 0.2, 0.3, 0.4)  # of a side's depth on each level
REQUOTE_AFTER_S: Final = 30
INVENTORY_LIMIT: Final = 5.0  # in depths of a side
WIDEST: Final = 0.04


class Desk:
    """All makers of one market. They quote at the same moments, so that nobody's old quotes stand in another's way."""

    def __init__(self, market: Market, accounts: list[Account], depth_units: int) -> None:
        self._market = market
        self._accounts = accounts
        self._depth_units = depth_units / len(accounts)
        self._variance = QUIET_SPEED**2
        self._last_index = self._quoted_index = 0
        self._last_s = self._quoted_s = 0
        self._is_quoting = False

    def speed_ratio(self) -> float:
        """r above, at least 1."""
        return max(sqrt(self._variance) / QUIET_SPEED, 1.0)

    def act(self, second: int) -> list[MassQuote]:
        """What the makers send now: nothing, or an end to all quotes and then, unless they are afraid, new ones."""
        state = self._market.instrument.own_state
        if state == INSTRUMENT_HALTED:
            return []
        if state == INSTRUMENT_CANCEL_ONLY or not self._market.is_firm:
            return self._pull()
        index = self._market.instrument.index_price_ticks
        self._watch(second, index)
        ratio = self.speed_ratio()
        if ratio > PULL_ABOVE:
            return self._pull()
        half_spread = min(HALF_SPREAD * ratio, WIDEST)
        is_near = self._quoted_index and abs(index - self._quoted_index) < index * half_spread
        if self._is_quoting and is_near and second - self._quoted_s < REQUOTE_AFTER_S:
            return []
        commands = self._pull()
        self._quoted_index, self._quoted_s, self._is_quoting = index, second, True
        commands += [self._quotes(account, index, half_spread, ratio) for account in self._accounts]
        return commands

    def _watch(self, second: int, index: int) -> None:
        elapsed = second - self._last_s
        if self._last_index and elapsed > 0:
            speed_squared = ((index - self._last_index) / self._last_index) ** 2 / elapsed
            weight = min(elapsed / SPEED_MEMORY_S, 1.0)
            self._variance += (speed_squared - self._variance) * weight
        self._last_index, self._last_s = index, second

    def _pull(self) -> list[MassQuote]:
        if not self._is_quoting:
            return []
        self._is_quoting = False
        return [MassQuote(b"", 0, account.account_id, self._market.instrument_id, ()) for account in self._accounts]

    def _quotes(self, account: Account, index: int, half_spread: float, ratio: float) -> MassQuote:
        instrument = self._market.instrument
        held = self._inventory(account)
        centre = index * (1 - held * half_spread)
        depth_lots = self._depth_units / ratio**2 / instrument.lot_value_units
        quotes = []
        for side in (BUY, SELL):
            appetite = max(1 - max(side * held, 0.0), 0.0)
            for distance, share in zip(DISTANCES, SHARES, strict=True):
                price = int(centre * (1 - side * (half_spread + distance)))
                lots = int(depth_lots * share * appetite)
                if lots > 0 and price > 0 and self._is_admitted(price * lots * instrument.value_units):
                    quotes.append(Quote(side, price, min(lots, instrument.maximum_order_lots)))
        return MassQuote(b"", 0, account.account_id, instrument.instrument_id, tuple(quotes))

    def _inventory(self, account: Account) -> float:
        """What the maker holds as a part of its limit, signed."""
        position = account.positions.get(self._market.instrument_id)
        if position is None:
            return 0.0
        value_units = position.lots * self._market.instrument.lot_value_units
        return max(min(value_units / (INVENTORY_LIMIT * self._depth_units), 1.0), -1.0)

    def _is_admitted(self, value_units: int) -> bool:
        return value_units >= self._market.instrument.minimum_notional_units
