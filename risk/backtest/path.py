"""What happened within a bar, made up from it and a seed: a price for each second, all four prices of the bar touched.

    close below open: open, high, low, close;  else: open, low, high, close
Between these a random bridge, kept within high and low. A venue that has only longer bars than another follows the
other's path, shifted so that it touches its own four prices at the other's moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from random import Random
from typing import Final

from risk.backtest.bars import Bar

WICK_S: Final = 60
DAMPING: Final = 8  # of what a followed venue had beyond the own bar


def bridged_path(bar: Bar, *, seconds: int, rng: Random) -> list[int]:
    """One price a second in nanoticks, the first is the open and the last the close. At least 4 seconds."""
    assert seconds >= 4
    first, second = sorted(rng.sample(range(1, seconds - 1), 2))
    extremes = (bar.high, bar.low) if bar.close < bar.open else (bar.low, bar.high)
    anchors = [(0, bar.open), (first, extremes[0]), (second, extremes[1]), (seconds - 1, bar.close)]
    path = [bar.open]
    for start, end in zip(anchors, anchors[1:], strict=False):
        path += _bridge(start, end, bar, rng)
    return path


def following_path(bar: Bar, *, reference: Sequence[int]) -> list[int]:
    """The reference, shifted evenly from open to close; where it has its own high and low the bar's stand out.

    They do for a minute before and after: a longer bar does not say for how long the venue was apart from the other.
    """
    last = len(reference) - 1
    inner = range(1, last)
    highest = max(inner, key=reference.__getitem__)
    lowest = min((second for second in inner if second != highest), key=reference.__getitem__)
    before, after = bar.open - reference[0], bar.close - reference[last]
    path = [price + before + (after - before) * second // last for second, price in enumerate(reference)]
    wicks = ((highest, bar.high - path[highest]), (lowest, bar.low - path[lowest]))
    for peak, height in wicks:
        for second in range(max(peak - WICK_S, 0), min(peak + WICK_S, last) + 1):
            path[second] += height * (WICK_S - abs(second - peak)) // WICK_S
    path = [_bounced(price, bar, DAMPING) for price in path]
    path[0], path[highest], path[lowest], path[last] = bar.open, bar.high, bar.low, bar.close
    return path


def _bridge(start: tuple[int, int], end: tuple[int, int], bar: Bar, rng: Random) -> list[int]:
    """Prices after the start up to the end: a straight line and a random walk that comes back to it."""
    (start_second, start_price), (end_second, end_price) = start, end
    seconds = end_second - start_second
    reach = (bar.high - bar.low) // (2 * isqrt(seconds))
    walk, place = [], 0
    for _ in range(seconds):
        place += int((rng.random() * 2 - 1) * reach)
        walk.append(place)
    prices = []
    for second, wandered in enumerate(walk, 1):
        straight = start_price + (end_price - start_price) * second // seconds
        price = straight + wandered - place * second // seconds
        prices.append(_bounced(price, bar, 1))
    return prices


def _bounced(price: int, bar: Bar, damping: int) -> int:
    """Back into the bar by a part of how far it was out, so that a path does not stand still at an extreme."""
    if price > bar.high:
        return max(bar.high - (price - bar.high) // damping, bar.low)
    return min(bar.low + (bar.low - price) // damping, bar.high) if price < bar.low else price
