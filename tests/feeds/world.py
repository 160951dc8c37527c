"""A listed exchange whose engine lives in this process, and feeds whose venues say what the test tells them to."""

from decimal import Decimal

from risk.feeds.definitions import FOLDER, read_definitions
from risk.feeds.pricing import Pricing
from risk.feeds.source import Quote
from trading.projections.projector import Projector
from trading.projections.registry import PROJECTIONS
from trading.selectors.instruments import forget_instruments
from trading.services.first_listing import FIRST_LISTING
from trading.services.listings import list_instrument

ASSETS = ("BTC", "ETH")
VENUES = ("sim-north", "sim-east", "sim-south", "sim-west", "sim-centre")
PRICES = {"BTC": Decimal("60000"), "ETH": Decimal("3000")}
INSTRUMENTS = {"BTC": 1, "ETH": 2}


class Desk:
    """Rounds of one second each. `said` are texts of (bid, ask) by venue and asset; venues not in it are silent."""

    def __init__(self, gateway, clock):
        self.gateway, self.clock = gateway, clock
        self.projector = Projector(PROJECTIONS)
        self.definitions = read_definitions(FOLDER / "simulated.toml")
        for terms, parameters in FIRST_LISTING:
            list_instrument(terms=terms, parameters=parameters)
        self.read()
        self.pricing = self.anew()
        self.said = {}
        self.stamps = {}

    def anew(self):
        return Pricing(self.definitions, now_ns=self.clock.time_ns())

    def read(self):
        """Brings the rows up to the journal."""
        while self.projector.step():
            pass
        forget_instruments()

    def all_say(self, asset, price, venues=VENUES):
        for venue in venues:
            self.say(venue, asset, Decimal(price) * Decimal("0.9999"), Decimal(price) * Decimal("1.0001"))

    def say(self, venue, asset, bid, ask):
        self.said[venue, asset] = Decimal(bid), Decimal(ask)
        self.stamps.pop((venue, asset), None)

    def freeze(self, venue, asset):
        """The venue repeats what it said, with the time at which it said so."""
        self.stamps[venue, asset] = self.clock.time_ns()

    def round(self, count=1, *, seconds=1):
        """What the last of the rounds answered."""
        answer = None
        for _ in range(count):
            self.clock.advance(seconds)
            now_ns = self.clock.time_ns()
            quotes = [
                Quote(venue, asset, bid, ask, Decimal(0), self.stamps.get((venue, asset), now_ns))
                for (venue, asset), (bid, ask) in self.said.items()
            ]
            answer = self.pricing.round(quotes, now_ns=now_ns)
            self.read()
        return answer

    def instrument(self, asset):
        return self.gateway.engine.state.instruments[INSTRUMENTS[asset]]

    def mark(self, asset):
        return self.instrument(asset).mark_price_ticks

    def state(self, asset):
        return self.instrument(asset).state
