"""One round after the other: what venues quote becomes indices, indices become marks, and marks become commands.

The record of an index is committed before anything follows from it. Only a firm index moves a mark or is sampled for
funding; without one no command is sent at all, and after a while the guard stops trading.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from exchange.contract.errors import ApiError
from risk import selectors
from risk.core.index_price import INDEX_FIRM, IndexRecord
from risk.core.mark_price import MARK_MEDIAN_OF_THREE, MarkState, start_of_mark
from risk.feeds import counters
from risk.feeds.board import QuoteBoard
from risk.feeds.definitions import IndexDefinition
from risk.feeds.exchange_hold import keep_exchange, ladder_rules
from risk.feeds.guard import Firmness
from risk.feeds.holds import keep_guard
from risk.feeds.marks import NO_BOOK, Market, index_in_ticks, next_mark, premium
from risk.feeds.source import Quote
from risk.models import FeedHold, IndexTick, PremiumSample
from risk.services.records import record_round
from trading.core.terms import INSTRUMENT_NORMAL
from trading.engine.commands import UpdateMarkPrice
from trading.models import FundingForecast, Ticker
from trading.selectors.instruments import InstrumentView, list_instruments
from trading.selectors.market import book
from trading.selectors.operations import reader_states
from trading.services import gateway
from trading.services.funding_forecasts import remember_forecasts
from trading.services.requests import stamp

DEPTH: Final = 200  # levels a side that impact prices may take
LONGEST_GAP_NS: Final = 5 * 10**9  # after a longer one nobody knows what was in between
MARK_VALID_NS: Final = 3 * 10**9  # from the look at its quotes on, whatever took time since
BOOK_LAG_MS: Final = 5_000  # a book whose reader is further behind says nothing

logger = logging.getLogger(__name__)


class Pricing:
    """Keeps what one round leaves to the next: quotes, averages of marks, and since when each index is firm."""

    def __init__(self, definitions: Mapping[str, IndexDefinition], *, now_ns: int) -> None:
        self._definitions = definitions
        self._asset_of = {symbol: one.asset for one in definitions.values() for symbol in one.instruments}
        self._board = QuoteBoard()
        self._marks: dict[int, MarkState] = {}
        self._changed_at_ns = dict.fromkeys(definitions, now_ns)
        self._is_firm = dict.fromkeys(definitions, False)
        self._sampled_at_ns = 0
        self._round_at_ns = now_ns
        self._has_rested = False

    def rest(self) -> None:
        """Somebody else prices, or nobody can: for how long an index is firm or not counts from the next round on."""
        self._has_rested = True

    def round(self, quotes: Iterable[Quote], *, now_ns: int) -> bool:
        """Are all indices firm and their marks taken? Raises DatabaseError when the database is away."""
        self._board.learn(quotes, now_ns=now_ns)
        records = {
            asset: self._board.index(definition, now_ns=now_ns) for asset, definition in self._definitions.items()
        }
        counters.count(records)
        self._learn_firmness(records, now_ns)
        views = [view for view in list_instruments() if view.terms.symbol in self._asset_of]
        markets = self._markets(views, now_ns)
        prices = self._index_prices(views, records)
        normal = {view.terms.instrument_id for view in views if view.state == INSTRUMENT_NORMAL}
        tradable = {instrument_id: prices[instrument_id] for instrument_id in normal & prices.keys()}
        samples = self._samples(markets, tradable, now_ns)
        record_round(ticks=self._ticks(records, now_ns), samples=samples)
        remember_forecasts(_forecasts([markets[sample.instrument_id] for sample in samples], now_ns))
        self._keep_guards(views, now_ns)
        keep_exchange(self._firmness_of(views, now_ns), rules=ladder_rules(), now_ns=now_ns)
        return self._send_marks(markets, prices, now_ns) and all(self._is_firm.values())

    def _learn_firmness(self, records: Mapping[str, IndexRecord], now_ns: int) -> None:
        has_slept = now_ns - self._round_at_ns > LONGEST_GAP_NS
        for asset, record in records.items():
            is_firm = record.status == INDEX_FIRM
            if is_firm != self._is_firm[asset] or self._has_rested or (is_firm and has_slept):
                self._is_firm[asset], self._changed_at_ns[asset] = is_firm, now_ns
        self._round_at_ns, self._has_rested = now_ns, False

    def _firmness(self, asset: str, now_ns: int) -> Firmness:
        for_ns = now_ns - self._changed_at_ns[asset]
        return Firmness(for_ns, 0) if self._is_firm[asset] else Firmness(0, for_ns)

    def _firmness_of(self, views: Iterable[InstrumentView], now_ns: int) -> list[Firmness]:
        """Of each index that a listed instrument has."""
        assets = {self._asset_of[view.terms.symbol] for view in views}
        return [self._firmness(asset, now_ns) for asset in sorted(assets)]

    def _markets(self, views: Iterable[InstrumentView], now_ns: int) -> dict[int, Market]:
        last_prices = dict(Ticker.objects.values_list("instrument_id", "last_price_ticks"))
        is_behind = any(
            reader.lag_ms > BOOK_LAG_MS for reader in reader_states(now_ns=now_ns) if reader.name == "depth"
        )
        markets = {}
        for view in views:
            instrument_id, risk = view.terms.instrument_id, view.parameters.risk
            levels = NO_BOOK if is_behind else book(instrument_id=instrument_id, depth=DEPTH)
            rate_ppb = 0
            if risk.mark_method == MARK_MEDIAN_OF_THREE:
                rate_ppb = selectors.predicted_rate(instrument_id=instrument_id, risk=risk, now_ns=now_ns).rate_ppb
            markets[instrument_id] = Market(view.terms, risk, levels, last_prices.get(instrument_id, 0), rate_ppb)
        return markets

    def _index_prices(self, views: Iterable[InstrumentView], records: Mapping[str, IndexRecord]) -> dict[int, int]:
        """In the ticks of each instrument whose index is firm; a price below half a tick of it is none."""
        prices = {}
        for view in views:
            asset = self._asset_of[view.terms.symbol]
            if self._is_firm[asset]:
                prices[view.terms.instrument_id] = index_in_ticks(
                    index_price_ticks=records[asset].index_price_ticks,
                    index_tick=self._definitions[asset].tick,
                    terms=view.terms,
                )
        return {instrument_id: price_ticks for instrument_id, price_ticks in prices.items() if price_ticks}

    def _ticks(self, records: Mapping[str, IndexRecord], now_ns: int) -> list[IndexTick]:
        return [
            IndexTick.of(record, asset=asset, time_ns=now_ns, tick=self._definitions[asset].tick)
            for asset, record in records.items()
        ]

    def _samples(self, markets: Mapping[int, Market], prices: Mapping[int, int], now_ns: int) -> list[PremiumSample]:
        """One an instrument at every time of the cadence; what a late round would add is left out."""
        time_ns = now_ns - now_ns % selectors.SAMPLE_EVERY_NS
        if time_ns == self._sampled_at_ns:
            return []
        self._sampled_at_ns = time_ns
        return [
            PremiumSample(
                instrument_id=instrument_id,
                time_ns=time_ns,
                premium_ppb=premium(market=markets[instrument_id], index_price_ticks=price_ticks),
            )
            for instrument_id, price_ticks in prices.items()
            if markets[instrument_id].book is not NO_BOOK
        ]

    def _send_marks(self, markets: Mapping[int, Market], prices: Mapping[int, int], now_ns: int) -> bool:
        """Were all taken? None is sent, or executed, once the quotes they are made of were judged too long ago."""
        commands = []
        for instrument_id, index_price_ticks in prices.items():
            mark_price_ticks, self._marks[instrument_id] = next_mark(
                market=markets[instrument_id],
                index_price_ticks=index_price_ticks,
                state=self._marks.get(instrument_id) or start_of_mark(0),
                time_ns=now_ns,
            )
            command_id, _ = stamp()
            valid_until_ns = now_ns + MARK_VALID_NS
            commands.append(
                UpdateMarkPrice(command_id, valid_until_ns, instrument_id, mark_price_ticks, index_price_ticks)
            )
        if time.time_ns() - now_ns > MARK_VALID_NS:
            logger.warning("A round took too long for its marks to be sent.")
            return False
        try:
            outcomes = gateway.submit_many(commands)
        except ApiError:
            return False
        return not any(isinstance(outcome, ApiError) for outcome in outcomes)

    def _keep_guards(self, views: Iterable[InstrumentView], now_ns: int) -> None:
        rows = FeedHold.objects.in_bulk()
        for view in views:
            asset = self._asset_of[view.terms.symbol]
            keep_guard(
                instrument_id=view.terms.instrument_id,
                symbol=view.terms.symbol,
                row=rows.get(view.terms.instrument_id),
                firmness=self._firmness(asset, now_ns),
                rules=self._definitions[asset].guard,
                now_ns=now_ns,
            )


def _forecasts(markets: Iterable[Market], now_ns: int) -> Iterator[FundingForecast]:
    """With the samples that have just become rows."""
    for market in markets:
        instrument_id = market.terms.instrument_id
        estimate = selectors.predicted_rate(instrument_id=instrument_id, risk=market.risk, now_ns=now_ns)
        if estimate.samples:
            yield FundingForecast(instrument_id=instrument_id, **estimate._asdict())
