"""One market of a backtest: from what its venues say to index, mark and the commands that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from risk.backtest.scenario import MarketSpec, Scenario
from risk.backtest.venues import Venue
from risk.core.funding import FundingRules, average_premium_ppb, funding_rate_ppb, premium_ppb
from risk.core.index_price import INDEX_FIRM, IndexRecord, index_price
from risk.core.mark_price import MarkInputs, MarkRules, impact_price_nanoticks, mark_price, start_of_mark
from risk.feeds.definitions import SECOND_NS, GuardRules
from risk.feeds.guard import Firmness, Hold, next_hold
from trading.core.markets import Instrument
from trading.core.order_book import Ladder, orders_of
from trading.core.terms import INSTRUMENT_HALTED, INSTRUMENT_NORMAL, PPB
from trading.engine.commands import ApplyFunding, SetInstrumentState, UpdateMarkPrice

HOUR_NS: Final = 3_600 * SECOND_NS


class Guard:
    """The guard of the feeds (`risk.feeds.guard`) with what it has to remember."""

    def __init__(self, rules: GuardRules) -> None:
        self._rules = rules
        self._hold: Hold | None = None
        self._was_firm = True
        self._since_ns = 0

    def next_state(self, now_ns: int, present: int, is_firm: bool) -> int | None:
        """The state to set now, None: it stays."""
        if is_firm != self._was_firm:
            self._was_firm, self._since_ns = is_firm, now_ns
        length_ns = now_ns - self._since_ns
        firmness = Firmness(length_ns, 0) if is_firm else Firmness(0, length_ns)
        before = self._hold
        self._hold = next_hold(
            present=present,
            found=INSTRUMENT_NORMAL,  # nobody else stops a market for good here
            hold=before,
            firmness=firmness,
            now_ns=now_ns,
            rules=self._rules,
        )
        if self._hold is not None:
            return None if self._hold.state == present else self._hold.state
        return before.floor_state if before is not None else None


class Market:
    """Prices of one instrument. `record` is the last index with its constituents, `instrument` the engine's own."""

    def __init__(self, spec: MarketSpec, scenario: Scenario, instrument: Instrument) -> None:
        self.spec = spec
        self.instrument = instrument
        self.instrument_id = instrument.instrument_id
        self.record: IndexRecord | None = None
        self.is_firm = False
        self._venues = [Venue(venue) for venue in spec.venues]
        self._rules = scenario.index
        self._guard = Guard(scenario.guard)
        risk = spec.listing.parameters.risk
        self._risk = risk
        self._mark_rules = MarkRules(
            risk.mark_method, risk.basis_average_ns, risk.basis_clamp_ppb, scenario.mark_bound_ppb, SECOND_NS, 30
        )
        self._starts_ns = scenario.starts_s * SECOND_NS
        self._mark_state = start_of_mark(self._starts_ns)
        self._rate_ppb = 0
        self._premiums: list[int] = []

    def see(self, second: int, prices_nanoticks: Sequence[int | None]) -> IndexRecord:
        """Take in what the venues have at this second."""
        quotes = [venue.quote(second, price) for venue, price in zip(self._venues, prices_nanoticks, strict=True)]
        self.record = index_price(quotes=quotes, rules=self._rules)
        self.is_firm = self.record.status == INDEX_FIRM
        return self.record

    def is_open(self) -> bool:
        """Whether everybody may trade: there is a firm index and nothing has halted the market."""
        return self.is_firm and self.instrument.own_state == INSTRUMENT_NORMAL

    def state_command(self, time_ns: int) -> SetInstrumentState | None:
        state = self._guard.next_state(time_ns, self.instrument.own_state, self.is_firm)
        return None if state is None else SetInstrumentState(b"", 0, self.instrument_id, state)

    def price_command(self, time_ns: int) -> UpdateMarkPrice | None:
        """None while the index is not firm: no price is better than a bad one."""
        if self.record is None or not self.is_firm:
            return None
        index_ticks = self.record.index_price_ticks
        bid, ask = self._impact_prices()
        interval_ns = self._risk.funding_interval_ns
        inputs = MarkInputs(
            time_ns=time_ns,
            index_price_ticks=index_ticks,
            bid_nanoticks=bid,
            ask_nanoticks=ask,
            last_price_ticks=self.instrument.last_price_ticks,
            funding_rate_ppb=self._rate_ppb,
            time_to_funding_ns=interval_ns - time_ns % interval_ns,
            funding_interval_ns=interval_ns,
        )
        mark_ticks, self._mark_state = mark_price(inputs=inputs, rules=self._mark_rules, state=self._mark_state)
        return UpdateMarkPrice(b"", 0, self.instrument_id, mark_ticks, index_ticks)

    def is_funding_due(self, time_ns: int) -> bool:
        """Once a period after the first one has begun; a halted market waits for its reopening."""
        funded_until_ns = max(self.instrument.funded_until_ns, self._starts_ns)
        is_over = time_ns - time_ns % self._risk.funding_interval_ns > funded_until_ns
        return is_over and self.instrument.own_state != INSTRUMENT_HALTED

    def sample_premium(self) -> None:
        if self.record is None or not self.is_firm:
            return
        bid, ask = self._impact_prices()
        self._premiums.append(
            premium_ppb(
                impact_bid_nanoticks=bid, impact_ask_nanoticks=ask, index_price_ticks=self.record.index_price_ticks
            )
        )

    def funding_command(self, time_ns: int) -> ApplyFunding:
        """For the period that ended last; the premiums sampled so far are used up."""
        risk = self._risk
        premium = average_premium_ppb(premium_sum_ppb=sum(self._premiums), samples=len(self._premiums))
        self._premiums.clear()
        rules = FundingRules(
            risk.funding_interest_ppb,
            risk.funding_clamp_ppb,
            risk.funding_cap_ppb,
            risk.funding_interval_ns,
        )
        self._rate_ppb = funding_rate_ppb(average_premium_ppb=premium, rules=rules)
        period_ns = time_ns - time_ns % risk.funding_interval_ns
        return ApplyFunding(b"", 0, self.instrument_id, period_ns, self._rate_ppb)

    def basis_ppb(self) -> int:
        """How far the middle of the book is from the index; 0 while one side is empty."""
        bid = self.instrument.book.bids.best_price_ticks()
        ask = self.instrument.book.asks.best_price_ticks()
        index = self.instrument.index_price_ticks
        return ((bid + ask) * PPB // (2 * index)) - PPB if bid and ask and index else 0

    def _impact_prices(self) -> tuple[int, int]:
        book = self.instrument.book
        return self._impact_price(book.bids), self._impact_price(book.asks)

    def _impact_price(self, ladder: Ladder) -> int:
        return impact_price_nanoticks(
            side=ladder.side,
            levels=((order.price_ticks, order.open_lots) for level in ladder.walk() for order in orders_of(level)),
            notional_units=self._risk.impact_notional_units,
            value_units=self.instrument.value_units,
        )
