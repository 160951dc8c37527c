"""Venues of a simulation: correlated jump-diffusions, one common price an asset, and venues that stray around it.

    log S <- log S + volatility * (c * Z_market + sqrt(1 - c^2) * Z_asset) + jump + pull * (log anchor - log S)
    log V <- log S + d,  d <- (1 - k) * d + noise * Z_venue;   bid, ask = V * (1 -+ half spread)
One step is one second. The same seed, starting prices and start give the same quotes at the same times.
"""

import math
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple, Self

from risk.feeds.definitions import SECOND_NS, IndexDefinition
from risk.feeds.source import Quote

LONGEST_GAP_STEPS: Final = 600  # after a longer one (the machine slept) the simulation goes on from where it was


class Character(NamedTuple):
    """How the simulated markets behave; deviations and rates are those of a second.

    `correlation` is that of each asset with the market. A jump is common to all assets and has the deviation
    `jump`; an outage ends with the chance `outage_end`, and meanwhile the venue repeats its last quote.
    """

    volatility: float = 0.00012
    correlation: float = 0.8
    pull: float = 1 / 20_000
    jumps: float = 1 / 3_600
    jump: float = 0.003
    venue_pull: float = 0.1
    venue_noise: float = 0.00003
    half_spread: float = 0.00008
    outages: float = 1 / 1_800
    outage_end: float = 1 / 40


class SimulatedSource:
    """A PriceSource for every venue of the definitions. `starts` may say by asset where a price goes on."""

    def __init__(
        self,
        *,
        definitions: Mapping[str, IndexDefinition],
        seed: str,
        start_ns: int,
        starts: Mapping[str, Decimal] | None = None,
        character: Character | None = None,
    ) -> None:
        self._character = character or Character()
        self._dice = random.Random(seed)
        self._at_ns = start_ns
        self._assets = [_Asset(definition, (starts or {}).get(name)) for name, definition in definitions.items()]
        venues = sorted({venue for asset in self._assets for venue in asset.strays})
        self._is_out = dict.fromkeys(venues, False)
        self._quotes: dict[tuple[str, str], Quote] = {}
        self._say()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def quotes(self, *, now_ns: int) -> Sequence[Quote]:
        steps = (now_ns - self._at_ns) // SECOND_NS
        if steps > LONGEST_GAP_STEPS:
            self._at_ns += (steps - 1) * SECOND_NS
            steps = 1
        for _ in range(steps):
            self._step()
        return list(self._quotes.values())

    def price(self, asset: str) -> float:
        """What the venues stray around, as of the last quotes."""
        return next(one.price for one in self._assets if one.name == asset)

    def _step(self) -> None:
        self._at_ns += SECOND_NS
        character, dice = self._character, self._dice
        market = dice.gauss(0, 1)
        jump = dice.gauss(0, character.jump) if dice.random() < character.jumps else 0.0
        for asset in self._assets:
            asset.move(market, jump, character, dice)
        for venue, was_out in self._is_out.items():
            chance = character.outage_end if was_out else character.outages
            self._is_out[venue] = was_out != (dice.random() < chance)
        self._say()

    def _say(self) -> None:
        for asset in self._assets:
            for venue in asset.strays:
                if not self._is_out[venue]:
                    half = self._character.half_spread * self._dice.uniform(0.5, 1.5)
                    self._quotes[venue, asset.name] = asset.quote(venue, half, self._at_ns)


class _Asset:
    def __init__(self, definition: IndexDefinition, start: Decimal | None) -> None:
        self.name = definition.asset
        self.strays = dict.fromkeys([*definition.weights, *filter(None, [definition.benchmark])], 0.0)
        self._tick = definition.tick
        self._anchor = math.log(definition.anchor)
        self._price = math.log(start or definition.anchor)

    @property
    def price(self) -> float:
        return math.exp(self._price)

    def move(self, market: float, jump: float, character: Character, dice: random.Random) -> None:
        own = math.sqrt(1 - character.correlation**2) * dice.gauss(0, 1)
        self._price += character.volatility * (character.correlation * market + own) + jump
        self._price += character.pull * (self._anchor - self._price)
        for venue in self.strays:
            self.strays[venue] *= 1 - character.venue_pull
            self.strays[venue] += character.venue_noise * dice.gauss(0, 1)

    def quote(self, venue: str, half_spread: float, at_ns: int) -> Quote:
        price = math.exp(self._price + self.strays[venue])
        bid, ask = (self._rounded(price * (1 + sign * half_spread)) for sign in (-1, 1))
        return Quote(venue, self.name, bid, ask, Decimal(0), at_ns)

    def _rounded(self, price: float) -> Decimal:
        return max(round(Decimal(price) / self._tick), 1) * self._tick
