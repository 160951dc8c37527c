"""What the venues of a scenario say, second by second: recorded bars drawn out to paths, or made-up prices, and faults.

The venue with the shortest bars leads; the others follow its path with their own bars (`risk.backtest.path`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from random import Random
from typing import Final

from risk.backtest.bars import Bar
from risk.backtest.path import bridged_path, following_path
from risk.backtest.scenario import CHUNK_S, Scenario, VenueSpec
from risk.core.index_price import VenueQuote
from risk.feeds.definitions import SECOND_NS
from trading.core.terms import PPB

LONG_AGO_S: Final = -(10**9)

Prices = list[int | None]
Bars = dict[int, Bar]


class Venue:
    """Turns a price into what the venue says of it, faults included, and remembers how old that is."""

    def __init__(self, spec: VenueSpec) -> None:
        self._spec = spec
        self._said_nanoticks = 0
        self._said_s = self._changed_s = LONG_AGO_S

    def quote(self, second: int, price_nanoticks: int | None) -> VenueQuote:
        """second: from the start of the scenario; price None: the venue has no price then."""
        said, is_said = self._after_faults(second, price_nanoticks)
        if is_said:
            self._said_s = second
            if said != self._said_nanoticks:
                self._said_nanoticks, self._changed_s = said, second
        return VenueQuote(
            venue=self._spec.name,
            bid_nanoticks=0,
            ask_nanoticks=0,
            price_nanoticks=self._said_nanoticks,
            weight=self._spec.weight,
            age_ns=(second - self._said_s) * SECOND_NS,
            unchanged_ns=(second - self._changed_s) * SECOND_NS,
            is_valid=True,
        )

    def _after_faults(self, second: int, price: int | None) -> tuple[int, bool]:
        """(the price said, whether anything is said now)."""
        if price is None:
            return 0, False
        for fault in self._spec.faults:
            if not fault.starts_s <= second < fault.ends_s:
                continue
            if fault.kind == "silence":
                return 0, False
            if fault.kind == "freeze":
                return self._said_nanoticks, True
            if fault.kind == "scale":
                return int(price * fault.factor), True
            return (0 if fault.kind == "zero" else -price), True
        return price, True


def chunks(
    scenario: Scenario, venues: Sequence[VenueSpec], tick: Decimal, read: Callable[[VenueSpec], Bars]
) -> Iterator[list[Prices]]:
    """For each hour of the scenario a list of each venue's prices, one a second."""
    bars = {venue.name: read(venue) for venue in venues if venue.file}
    recorded = sorted((venue for venue in venues if venue.file), key=lambda venue: venue.bar_s)
    for opens_s in range(scenario.starts_s, scenario.ends_s, CHUNK_S):
        found: dict[str, Prices] = {}
        lead: Prices = []
        for venue in recorded:
            found[venue.name] = _recorded(venue, bars[venue.name], opens_s, lead, scenario.seed)
            lead = lead or found[venue.name]
        for venue in venues:
            if not venue.file:
                found[venue.name] = _made_up(venue, opens_s - scenario.starts_s, tick, scenario.seed)
        yield [found[venue.name] for venue in venues]


def _recorded(venue: VenueSpec, bars: Bars, opens_s: int, lead: Prices, seed: int) -> Prices:
    prices: Prices = []
    for start in range(0, CHUNK_S, venue.bar_s):
        bar = bars.get(opens_s + start)
        reference = lead[start : start + venue.bar_s]
        followed = [price for price in reference if price is not None]
        if bar is None:
            prices += [None] * venue.bar_s
        elif len(followed) == venue.bar_s:
            prices += following_path(bar, reference=followed)
        else:
            rng = Random(f"{seed}:{opens_s + start}:{venue.bar_s}")
            prices += bridged_path(bar, seconds=venue.bar_s, rng=rng)
    return prices


def _made_up(venue: VenueSpec, from_s: int, tick: Decimal, seed: int) -> Prices:
    rng = Random(f"{seed}:{venue.name}:{from_s}")
    return [
        price + int((rng.random() * 2 - 1) * (price * venue.noise_ppb // PPB))
        for price in (_between_knots(venue, second, tick) for second in range(from_s, from_s + CHUNK_S))
    ]


def _between_knots(venue: VenueSpec, second: int, tick: Decimal) -> int:
    """On the line between the knots around the second, after the last one flat; in nanoticks."""
    before = max(knot for knot in venue.knots if knot[0] <= second)
    after = min((knot for knot in venue.knots if knot[0] > second), default=before)
    price = before[1]
    if after is not before:
        price += (after[1] - before[1]) * (second - before[0]) / (after[0] - before[0])
    return int(price * PPB / tick)
