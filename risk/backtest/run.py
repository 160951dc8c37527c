"""Drives the engine through a scenario: prices, funding, makers, traders, each command stamped with simulated time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final, NamedTuple

from risk.backtest.audit import CROSS, Audit
from risk.backtest.bars import Bar, read_bars, resolve
from risk.backtest.market import Market
from risk.backtest.scenario import CHUNK_S, Scenario, VenueSpec
from risk.backtest.stage import Cast, set_stage
from risk.backtest.venues import Prices, chunks
from risk.feeds.definitions import SECOND_NS
from trading.core.terms import INSURANCE_FUND
from trading.engine.commands import Command, UpdateMarkPrice
from trading.engine.engine import Engine
from trading.engine.events import CommandRefused

SAMPLES: Final = 240
SCANS: Final = 80


class Sample(NamedTuple):
    """How things stand at a second of the scenario. Prices in ticks by market; margin ratios are maintenance over
    equity of the accounts that hold something, median, 90th and 99th of a hundred, in parts per thousand."""

    second: int
    marks: tuple[int, ...]
    indices: tuple[int, ...]
    fund_units: int
    liquidations: int
    deleveraged_notional_units: int
    open_notional_units: int
    ratios: tuple[int, int, int] | None


class Reached(NamedTuple):
    """How far a run is."""

    second: int
    price_steps: int
    events: int
    liquidations: int


class Run:
    """One run of a scenario. `report` is told now and then how far it is."""

    def __init__(self, scenario: Scenario, *, market_data_dir: str | None, report: Callable[[Reached], None]) -> None:
        self.scenario = scenario
        self.engine = Engine()
        self.audit = Audit()
        self.samples: list[Sample] = []
        self.refused: Counter[str] = Counter()
        self.index_statuses: Counter[int] = Counter()
        self.events = self.commands = self.price_steps = self.max_queue = 0
        self.fund_min_units = scenario.fund_units
        self.fund_start_units = scenario.fund_units
        self.price_seconds = self.scan_seconds = self.seconds = self.cpu_seconds = 0.0
        self.fund_below_zero = self.scans = self.missed_liquidations = self.ledger_imbalance_units = 0
        self._suspects: list[tuple[int, int]] = []
        self._data_dir = market_data_dir
        self._report = report
        self._time_ns = scenario.starts_s * SECOND_NS
        self._audit_rules()

    def run(self) -> None:
        """Raises BarsError for files that cannot be used, ScenarioError for a scenario that begins without prices."""
        started, started_cpu = perf_counter(), process_time()
        cast: Cast | None = None
        last_s = 0
        for second, prices in self._seconds():
            self._time_ns = (self.scenario.starts_s + second) * SECOND_NS
            if cast is None:
                cast = set_stage(self.scenario, self.engine, self.execute, prices)
            self._step(cast, second, prices)
            last_s = second
            if second % self._seconds_a_sample == 0:
                self._sample(cast, second)
        assert cast is not None
        self._sample(cast, last_s)
        self.ledger_imbalance_units += self.audit.ledger_imbalance_units(self.engine.state)
        self.seconds, self.cpu_seconds = perf_counter() - started, process_time() - started_cpu

    def execute(self, command: Command) -> None:
        """One command at the present time, and everybody who has to know of it."""
        records = self.engine.execute(command, self._time_ns)
        self.audit.observe(records)
        self.commands += 1
        self.events += sum(len(record.events) for record in records)
        first = records[0].events
        if len(records) == 1 and first and type(first[0]) is CommandRefused:
            self.refused[first[0].code] += 1
        if len(records) > 1:
            state = self.engine.state
            internal = sum(record.cause_sequence > 0 for record in records)
            self.max_queue = max(self.max_queue, internal + len(state.pending) + len(state.urgent))

    def _audit_rules(self) -> None:
        scenario = self.scenario
        self.audit.mark_tolerance_ppb = scenario.index.clamp_ppb + scenario.mark_bound_ppb
        self._seconds_a_sample = max((scenario.ends_s - scenario.starts_s) // SAMPLES, 1)
        self._samples_a_scan = max(SAMPLES // SCANS, 1)

    def _seconds(self) -> Iterator[tuple[int, list[Sequence[int | None]]]]:
        """(second from the start, prices of each market's venues then)."""
        scenario = self.scenario
        feeds = [
            chunks(scenario, spec.venues, Decimal(spec.listing.terms.tick), _reader(scenario, spec, self._data_dir))
            for spec in scenario.markets
        ]
        for number, hour in enumerate(zip(*feeds, strict=True)):
            opens = number * CHUNK_S
            length = min(CHUNK_S, scenario.ends_s - scenario.starts_s - opens)
            for offset in range(length):
                yield opens + offset, [_at(venues, offset) for venues in hour]

    def _step(self, cast: Cast, second: int, prices: list[Sequence[int | None]]) -> None:
        for market, venue_prices in zip(cast.markets, prices, strict=True):
            self.index_statuses[market.see(second, venue_prices).status] += 1
            state_command = market.state_command(self._time_ns)
            if state_command is not None:
                self.execute(state_command)
            price_command = market.price_command(self._time_ns)
            if price_command is not None:
                self._price(market, price_command)
        self._look_at_suspects(cast)
        is_premium_due = second % self.scenario.premium_every_s == 0
        for market, desk, crowd in zip(cast.markets, cast.desks, cast.crowds, strict=True):
            if is_premium_due:
                market.sample_premium()
            if market.is_funding_due(self._time_ns):
                self.execute(market.funding_command(self._time_ns))
            for quotes in desk.act(second):
                self.execute(quotes)
            if market.is_open():
                for order in crowd.act(desk.speed_ratio(), market.basis_ppb()):
                    self.execute(order)

    def _price(self, market: Market, command: UpdateMarkPrice) -> None:
        assert market.record is not None
        stale_after_ns = self.scenario.index.stale_after_ns
        said = [
            constituent.quote.price_nanoticks
            for constituent in market.record.constituents
            if constituent.quote.age_ns <= stale_after_ns and constituent.quote.price_nanoticks > 0
        ]
        self.audit.judge_mark(market.instrument_id, command.mark_price_ticks, said)
        began = process_time()
        self.execute(command)
        self.price_seconds += process_time() - began
        self.price_steps += 1
        fund_units = self.audit.equity_units(INSURANCE_FUND)
        self.fund_min_units = min(self.fund_min_units, fund_units)
        self.fund_below_zero += fund_units < 0 and self.audit.may_liquidate(INSURANCE_FUND, CROSS)

    def _sample(self, cast: Cast, second: int) -> None:
        ratios = None
        if len(self.samples) % self._samples_a_scan == 0:
            ratios = self._scan(cast)
        self.samples.append(
            Sample(
                second,
                tuple(market.instrument.mark_price_ticks for market in cast.markets),
                tuple(market.instrument.index_price_ticks for market in cast.markets),
                self.audit.equity_units(INSURANCE_FUND),
                self.audit.liquidations,
                self.audit.deleveraged_notional_units,
                self._open_notional_units(),
                ratios,
            )
        )
        self._report(Reached(second, self.price_steps, self.events, self.audit.liquidations))

    def _scan(self, cast: Cast) -> tuple[int, int, int]:
        """Everybody's margin ratio; who is short of maintenance and not in liquidation is looked at again."""
        began = process_time()
        scanned = self.audit.scan()
        self.scan_seconds += process_time() - began
        self.scans += 1
        self.ledger_imbalance_units += self.audit.ledger_imbalance_units(self.engine.state)
        self._suspects = [
            (account_id, scope) for account_id, scope, equity, maintenance in scanned if equity < maintenance
        ]
        ratios = sorted(maintenance * 1000 // max(equity, 1) for _, _, equity, maintenance in scanned) or [0]
        return tuple(min(ratios[len(ratios) * part // 100], 2000) for part in (50, 90, 99))  # type: ignore[return-value]

    def _look_at_suspects(self, cast: Cast) -> None:
        """A trade may leave an account short of maintenance until the next price; after that it is in liquidation,
        unless something it holds is halted."""
        suspects, self._suspects = self._suspects, []
        if suspects and all(market.is_firm for market in cast.markets):
            self.missed_liquidations += sum(self._is_missed(*suspect) for suspect in suspects)

    def _is_missed(self, account_id: int, scope: int) -> bool:
        equity, maintenance = self.audit.margin_units(account_id, scope)
        is_due = equity < maintenance and self.audit.may_liquidate(account_id, scope)
        return is_due and scope not in (self.engine.state.accounts[account_id].liquidations or ())

    def _open_notional_units(self) -> int:
        instruments = self.audit.instruments
        return sum(
            abs(lots) * instruments[number].mark_price_ticks * instruments[number].value_units
            for book in self.audit.books.values()
            for number, lots in book.lots.items()
        )


def _at(venues: list[Prices], offset: int) -> list[int | None]:
    return [prices[offset] for prices in venues]


def _reader(scenario: Scenario, spec: Any, data_dir: str | None) -> Callable[[VenueSpec], dict[int, Bar]]:
    tick = Decimal(spec.listing.terms.tick)

    def read(venue: VenueSpec) -> dict[int, Bar]:
        path: Path = resolve(venue.file, data_dir)
        return read_bars(path, tick=tick, starts_s=scenario.starts_s, ends_s=scenario.ends_s)

    return read
