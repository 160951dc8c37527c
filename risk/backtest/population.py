"""Who trades in a backtest: seeded traders by leverage and size. Shapes and their sources: docs/backtests/README.md.

A class has a share of the open interest, a share of the traders and a range of leverage (drawn evenly on a logarithmic
scale); within it sizes follow a Pareto law cut off at a fiftieth of the open interest.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, log
from random import Random
from typing import Final, NamedTuple

from trading.core.terms import BUY, SELL

SIZE_EXPONENT: Final = 1.16  # of the Pareto law: a fifth of the traders hold four fifths
LARGEST_SHARE: Final = 0.02
CUT_ROUNDS: Final = 20  # what the largest are cut by goes to the others
LONG_LEVERAGE: Final = 1.1  # longs are geared higher than shorts by this, both ways


class LeverageClass(NamedTuple):
    """Shares of one; leverage from low to high."""

    open_interest_share: float
    trader_share: float
    low: float
    high: float


PROFILES: Final = {
    # Open interest by leverage on Hyperliquid, December 2025; the split above 7x and trader shares are assumptions.
    "hyperliquid-2025": (
        LeverageClass(0.36, 0.20, 1, 3),
        LeverageClass(0.49, 0.35, 3, 7),
        LeverageClass(0.11, 0.25, 7, 20),
        LeverageClass(0.04, 0.20, 20, 50),
    ),
    # BitMEX, May 2019: weighted mean leverage 22-30x, four fifths of the positions at most 47-54x.
    "bitmex-2019": (
        LeverageClass(0.25, 0.20, 1, 5),
        LeverageClass(0.25, 0.20, 5, 20),
        LeverageClass(0.32, 0.30, 20, 50),
        LeverageClass(0.18, 0.30, 50, 90),
    ),
}


class PopulationRules(NamedTuple):
    """`open_interest_units` and `depth_units` (of all makers on one side, in quiet times) are for each market.

    `orders_per_s` is how many traders of a market act in a quiet second; `both_markets` is the share of traders that
    hold a position in every market, `isolated` that of the others whose position is isolated.
    """

    profile: str = "hyperliquid-2025"
    traders: int = 2_000
    makers: int = 3
    open_interest_units: int = 100_000_000_000_000
    depth_units: int = 2_000_000_000_000
    orders_per_s: float = 0.05
    both_markets: float = 0.2
    isolated: float = 0.3


class Holding(NamedTuple):
    """A position to open with: which market (from 0), which side, how much."""

    market: int
    side: int
    notional_units: int


class Trader(NamedTuple):
    """`leverage` is what the holdings together have on the trader's margin; only a single one may be isolated."""

    leverage: float
    holdings: tuple[Holding, ...]
    is_isolated: bool = False

    def margin_units(self) -> int:
        return ceil(sum(holding.notional_units for holding in self.holdings) / self.leverage)


def draw_traders(rules: PopulationRules, *, markets: int, rng: Random) -> list[Trader]:
    """As many traders for each market as the rules say, half of them long, with the open interest on either side."""
    traders = []
    for market in range(markets):
        for side in (BUY, SELL):
            for cls in PROFILES[rules.profile]:
                count = max(round(rules.traders * cls.trader_share / 2), 1)
                sizes = _sizes(count, rules.open_interest_units * cls.open_interest_share, rules, rng)
                for size in sizes:
                    traders.append(_trader(cls, market, side, size, rules, markets, rng))
    rng.shuffle(traders)
    return traders


def _trader(
    cls: LeverageClass, market: int, side: int, size: int, rules: PopulationRules, markets: int, rng: Random
) -> Trader:
    leverage = exp(log(cls.low) + rng.random() * log(cls.high / cls.low))
    leverage = max(1.0, leverage * LONG_LEVERAGE if side == BUY else leverage / LONG_LEVERAGE)
    if markets == 1 or rng.random() >= rules.both_markets:
        return Trader(leverage, (Holding(market, side, size),), rng.random() < rules.isolated)
    part = size // markets
    holdings = tuple(
        Holding(other, side if other == market or rng.random() < 0.5 else -side, part) for other in range(markets)
    )
    return Trader(leverage, holdings)


def _sizes(count: int, total_units: float, rules: PopulationRules, rng: Random) -> list[int]:
    """`count` amounts by a Pareto law, none above the largest share, that sum to the total if so many can."""
    weights: Sequence[float] = [rng.paretovariate(SIZE_EXPONENT) for _ in range(count)]
    largest = rules.open_interest_units * LARGEST_SHARE
    scale = total_units / sum(weights)
    for _ in range(CUT_ROUNDS):
        scale *= total_units / sum(min(weight * scale, largest) for weight in weights)
    return [max(int(min(weight * scale, largest)), 1) for weight in weights]
