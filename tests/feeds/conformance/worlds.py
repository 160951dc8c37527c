"""Three worlds in which a source can be tried: venues behind it that the test may break and mend, and their clock.

`look` lets a moment pass and gives (quotes, now_ns); `price` is what sound venues say of an asset just then.
"""

import asyncio
import csv
import random
import time
from decimal import Decimal

from risk.core.index_price import IndexRules
from risk.feeds import venues
from risk.feeds.definitions import SECOND_NS, GuardRules, IndexDefinition
from risk.feeds.recorded import RecordedSource
from risk.feeds.simulated import Character, SimulatedSource
from risk.feeds.venue_table import VENUES
from tests.feeds.stub import ASSETS, CONTENT_FAULTS, FAULTS, HALF_SPREAD, VenueStub

ANCHORS = {"BTC": Decimal("60000"), "ETH": Decimal("3000")}


def definitions(names, *, stale_after_s, frozen_after_s):
    """Every venue with the same weight; at least two must be usable."""
    rules = IndexRules(
        clamp_ppb=5_000_000,
        stale_after_ns=round(stale_after_s * SECOND_NS),
        minimum_sources=2,
        outlier_ppb=50_000_000,
        frozen_after_ns=round(frozen_after_s * SECOND_NS),
        maximum_spread_ppb=20_000_000,
        benchmark_ppb=0,
    )
    guard = GuardRules(10 * SECOND_NS, 60 * SECOND_NS, 5 * SECOND_NS)
    weights = dict.fromkeys(names, 1)
    return {
        asset: IndexDefinition(asset, Decimal("0.01"), weights, "", rules, guard, (f"{asset}-PERP",), ANCHORS[asset])
        for asset in ASSETS
    }


class Simulated:
    faults = ()

    def __init__(self, folder, character=None):
        self.venues = [f"sim-{number}" for number in range(5)]
        self.definitions = definitions(self.venues, stale_after_s=10, frozen_after_s=5)
        self.now_ns = 1_000 * SECOND_NS
        calm = Character(outages=0.0, jumps=0.0)
        self.source = SimulatedSource(
            definitions=self.definitions, seed="7", start_ns=self.now_ns, character=character or calm
        )

    async def __aenter__(self):
        await self.source.__aenter__()
        return self

    async def __aexit__(self, *error):
        await self.source.__aexit__(*error)

    async def look(self):
        self.now_ns += SECOND_NS
        return await self.source.quotes(now_ns=self.now_ns), self.now_ns

    def price(self, asset):
        """They stray by a few parts in ten thousand."""
        return Decimal(self.source.price(asset))


class Recorded:
    """Broken venues are in the file: it is written anew for each fault, and from its row on played on."""

    faults = CONTENT_FAULTS

    def __init__(self, folder):
        self.venues = [f"recorded-{number}" for number in range(5)]
        self.definitions = definitions(self.venues, stale_after_s=3, frozen_after_s=2)
        self.folder = folder
        self.step = 0
        self.broken = {}
        self.source = self._source()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        return None

    def spoil(self, faults):
        self.broken = {venue: (fault, self.step) for venue, fault in faults.items()}
        self.source = self._source()

    def mend(self):
        self.spoil({})

    async def look(self):
        self.step += 1
        now_ns = self.step * SECOND_NS
        return await self.source.quotes(now_ns=now_ns), now_ns

    def price(self, asset, step=None):
        step = self.step if step is None else step
        return ANCHORS[asset] * (1 + Decimal(step % 50) / 10_000)

    def _source(self):
        path = self.folder / "recording.csv"
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["time", "venue", "underlying", "bid", "ask"])
            for step in range(100):
                for venue in self.venues:
                    for asset in ASSETS:
                        self._write(rows, step, venue, asset)
        return RecordedSource(path=path, start_ns=0)

    def _write(self, rows, step, venue, asset):
        fault, since = self.broken.get(venue, ("", 0))
        if fault == "frozen" and step > since:
            return
        price = self.price(asset, step)
        bid, ask = price * (1 - HALF_SPREAD), price * (1 + HALF_SPREAD)
        if fault and step >= since:
            bid, ask = spoiled(fault, bid, ask)
        rows.writerow([step * 1000, venue, asset, bid, ask])


def spoiled(fault, bid, ask):
    return {
        "zero": (0, 0),
        "empty": (0, ask),
        "negative": (-bid, -ask),
        "nan": ("NaN", "NaN"),
        "signalling": ("sNaN", "sNaN"),
        "overflowing": ("1e9999999", "1e9999999"),
        "crossed": (ask, bid),
        "outlier": (bid * Decimal("1.3"), ask * Decimal("1.3")),
    }.get(fault, (bid, ask))


class Venues:
    """The five of the table, each ccxt's own class, over HTTP to the stub."""

    faults = FAULTS

    def __init__(self, folder):
        self.venues = list(VENUES)
        self.definitions = definitions(self.venues, stale_after_s=1.2, frozen_after_s=0.8)
        self.stub = VenueStub()
        self.dice = random.Random(7)

    async def __aenter__(self):
        await self.stub.__aenter__()
        self.source = venues.VenueSource(definitions=self.definitions, origins=self.stub.origins, request_timeout_s=0.3)
        await self.source.__aenter__()
        return self

    async def __aexit__(self, *error):
        await self.source.__aexit__(*error)
        await self.stub.__aexit__(*error)

    def spoil(self, faults):
        self.stub.faults = faults

    def mend(self):
        self.stub.faults = {}

    async def look(self):
        for asset in ASSETS:
            change = Decimal(self.dice.randrange(-10, 11)) / 1_000_000
            self.stub.prices[asset] *= 1 + change
        await asyncio.sleep(0.05)
        now_ns = time.time_ns()
        return await self.source.quotes(now_ns=now_ns), now_ns

    def price(self, asset):
        return self.stub.prices[asset]
