"""The demo crowd's habits: makers who keep a ladder of quotes around the mark, takers who hit it now and then.

Pure but for its seeded dice: given what it knows of the market, it says which commands come next.
"""

import random
from dataclasses import dataclass, field
from typing import Final

from trading.core.terms import BUY, EXPIRE_MAKER, GTC, IOC, LIMIT, MARKET, SELL
from trading.engine.commands import CancelOrder, PlaceOrder
from trading.engine.replies import OrderView
from trading.services.requests import stamp

LEVELS: Final = 12  # quotes a maker keeps on each side
SPREAD_PPM: Final = 150  # of the innermost quotes from the mark
STEP_PPM: Final = 120  # between quotes
QUOTE_USDT: Final = (500, 20_000)
TAKE_USDT: Final = (50, 8_000)
LARGEST_POSITION_USDT: Final = 60_000  # beyond it a taker only trades back


@dataclass(frozen=True, slots=True)
class Market:
    """An instrument and what it is worth elsewhere; one lot is worth `lot_value_units` there."""

    instrument_id: int
    price_ticks: int
    lot_value_units: int

    def lots_for(self, usdt: int) -> int:
        return max(1, usdt * 10**6 // self.lot_value_units)


@dataclass(slots=True)
class Maker:
    """Its open quotes by order id: (side, price)."""

    account_id: int
    instrument_id: int
    dice: random.Random
    quotes: dict[int, tuple[int, int]] = field(default_factory=dict)

    def requote(self, market: Market) -> list[CancelOrder | PlaceOrder]:
        """Take back quotes the mark has left behind and one at random, then fill up both sides by at most two."""
        reach_ticks = market.price_ticks * (SPREAD_PPM + (LEVELS + 4) * STEP_PPM) // 10**6
        stale = [
            order_id
            for order_id, (side, price) in self.quotes.items()
            if not 0 < side * (market.price_ticks - price) <= reach_ticks
        ]
        if len(self.quotes) > LEVELS:
            stale.append(self.dice.choice(list(self.quotes)))
        cancels = [CancelOrder(*stamp(), self.account_id, order_id) for order_id in dict.fromkeys(stale)]
        kept = [side for order_id, (side, _) in self.quotes.items() if order_id not in stale]
        places = [self._quote(market, side) for side in (BUY, SELL) for _ in range(min(2, LEVELS - kept.count(side)))]
        return [*cancels, *places]

    def _quote(self, market: Market, side: int) -> PlaceOrder:
        away_ppm = SPREAD_PPM + int(self.dice.betavariate(1, 2) * LEVELS * STEP_PPM)
        price_ticks = market.price_ticks - side * (market.price_ticks * away_ppm // 10**6)
        lots = market.lots_for(self.dice.randint(*QUOTE_USDT))
        return PlaceOrder(
            *stamp(), self.account_id, market.instrument_id, "", side, LIMIT, lots, price_ticks, GTC, EXPIRE_MAKER,
            post_only=True,
        )  # fmt: skip

    def learn(self, order: OrderView) -> None:
        """Remember or forget a quote by the state an answer shows."""
        if order.quantity_lots > order.filled_lots + order.cancelled_lots:
            self.quotes[order.order_id] = (order.side, order.price_ticks)
        else:
            self.quotes.pop(order.order_id, None)

    def forget(self, order_id: int) -> None:
        self.quotes.pop(order_id, None)


@dataclass(slots=True)
class Taker:
    """Trades at market in random sizes, and back once its position has grown large."""

    account_id: int
    instrument_id: int
    dice: random.Random
    position_lots: int = 0

    def trade(self, market: Market) -> PlaceOrder:
        side = self.dice.choice((BUY, SELL))
        if abs(self.position_lots) > market.lots_for(LARGEST_POSITION_USDT):
            side = SELL if self.position_lots > 0 else BUY
        lots = market.lots_for(self.dice.randint(*TAKE_USDT))
        return PlaceOrder(*stamp(), self.account_id, market.instrument_id, "", side, MARKET, lots, 0, IOC, EXPIRE_MAKER)

    def learn(self, order: OrderView) -> None:
        self.position_lots += order.side * order.filled_lots
