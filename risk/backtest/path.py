"""What happened within a bar, made up from it and a seed: a price for each second, all four prices of the bar touched.

    close below open: open, high, low, close;  else: open, low, high, close
Between these a random bridge, kept within high and low. A venue that has only longer bars than another follows the
other's path, shifted so that it touches its own four prices at the other's moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from random import Random

from risk.backtest.bars import Bar


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
    """The reference shifted to the bar's open, close, high and low; the latter two where the reference has its own."""
    inner = range(1, len(reference) - 1)
    highest = max(inner, key=reference.__getitem__)
    lowest = min((second for second in inner if second != highest), key=reference.__getitem__)
    wanted = sorted({0: bar.open, highest: bar.high, lowest: bar.low, len(reference) - 1: bar.close}.items())
    shifts = [(second, price - reference[second]) for second, price in wanted]
    path = [bar.open]
    for (start, before), (end, after) in zip(shifts, shifts[1:], strict=False):
        length = end - start
        for second in range(start + 1, end + 1):
            shift = before + (after - before) * (second - start) // length
            path.append(min(max(reference[second] + shift, bar.low), bar.high))
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
        prices.append(min(max(price, bar.low), bar.high))
    return prices
