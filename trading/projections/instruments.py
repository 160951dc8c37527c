"""Instruments: terms, versions of parameters, state, prices and funding; the state of the exchange."""

from collections.abc import Iterator
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from trading.core.instruments import InstrumentParameters
from trading.core.terms import INSTRUMENT_NORMAL
from trading.engine import events as e
from trading.engine.events import Record
from trading.models import ExchangeState, FundingRate, Instrument, ParametersVersion
from trading.models.journal import DOMAIN
from trading.projections.owners import MARKET
from trading.projections.projection import Handler, Projection
from trading.projections.tables import Table


class InstrumentRow(msgspec.Struct, array_like=True):
    """The columns of `Instrument`, in its order."""

    instrument_id: int
    symbol: str
    kind: str
    underlying: str
    settlement_asset: str
    tick: str
    lot: str
    multiplier: str
    value_units: int
    parameters_version: int
    state: int
    mark_price_ticks: int
    marked_at_ns: int
    listed_at_ns: int
    sequence: int
    index_price_ticks: int = 0
    funding_rate_ppb: int = 0
    funded_period_ns: int = 0
    resume_at_ns: int = 0


class Instruments(Projection):
    name = "instruments"
    owner = MARKET
    tables = (Table(Instrument), Table(ParametersVersion), Table(ExchangeState), Table(FundingRate))

    def __init__(self) -> None:
        self._rows: dict[int, InstrumentRow] = {}
        self._changed: dict[int, InstrumentRow] = {}
        self._versions: dict[tuple[int, int], tuple[Any, ...]] = {}
        self._exchange: tuple[int, int, int] | None = None
        self._funded: list[tuple[int, ...]] = []

    def handlers(self) -> dict[type, Handler]:
        return {
            e.InstrumentListed: self._list,
            e.ParametersScheduled: self._schedule,
            e.ParametersChanged: self._change_parameters,
            e.InstrumentStateChanged: self._change_state,
            e.MarkPriceUpdated: self._update_mark,
            e.ResumptionScheduled: self._schedule_resumption,
            e.ExchangeStateChanged: self._change_exchange,
            e.FundingApplied: self._fund,
        }

    def load(self, cursor: Any) -> None:
        self._rows = {row[0]: InstrumentRow(*row) for row in self.tables[0].read(cursor)}

    def changes(self) -> Iterator[tuple[int, int, InstrumentRow]]:
        for row in self._changed.values():
            yield row.instrument_id, row.sequence, row

    def write(self, cursor: Any) -> None:
        instruments, versions, exchange, funded = self.tables
        instruments.upsert(cursor, [msgspec.structs.astuple(row) for row in self._changed.values()])
        versions.upsert(cursor, list(self._versions.values()))
        exchange.upsert(cursor, [self._exchange] if self._exchange else [])
        funded.append(cursor, self._funded)
        self._changed.clear()
        self._versions.clear()
        self._exchange = None
        self._funded = []

    def _list(self, record: Record, event: e.InstrumentListed) -> None:
        version, time_ns, sequence = event.parameters.version, record.time_ns, record.sequence
        row = InstrumentRow(*event.terms, version, INSTRUMENT_NORMAL, 0, 0, time_ns, sequence)
        self._rows[row.instrument_id] = self._changed[row.instrument_id] = row
        self._add_version(row.instrument_id, event.parameters, time_ns, sequence)

    def _schedule(self, record: Record, event: e.ParametersScheduled) -> None:
        self._add_version(event.instrument_id, event.parameters, event.effective_at_ns, 0)

    def _change_parameters(self, record: Record, event: e.ParametersChanged) -> None:
        self._change(event.instrument_id, record).parameters_version = event.parameters.version
        self._add_version(event.instrument_id, event.parameters, record.time_ns, record.sequence)

    def _change_state(self, record: Record, event: e.InstrumentStateChanged) -> None:
        row = self._change(event.instrument_id, record)
        row.state = event.state
        row.resume_at_ns = 0

    def _schedule_resumption(self, record: Record, event: e.ResumptionScheduled) -> None:
        self._change(event.instrument_id, record).resume_at_ns = event.resume_at_ns

    def _change_exchange(self, record: Record, event: e.ExchangeStateChanged) -> None:
        self._exchange = (DOMAIN, event.state, record.sequence)

    def _fund(self, record: Record, event: e.FundingApplied) -> None:
        row = self._change(event.instrument_id, record)
        row.funding_rate_ppb = event.rate_ppb
        row.funded_period_ns = event.period_ns
        numbers = (event.instrument_id, event.period_ns, event.rate_ppb, event.index_price_ticks)
        self._funded.append((*numbers, record.time_ns, record.sequence))

    def _update_mark(self, record: Record, event: e.MarkPriceUpdated) -> None:
        row = self._change(event.instrument_id, record)
        row.mark_price_ticks = event.mark_price_ticks
        row.marked_at_ns = record.time_ns
        row.index_price_ticks = event.index_price_ticks or row.index_price_ticks

    def _change(self, instrument_id: int, record: Record) -> InstrumentRow:
        row = self._changed[instrument_id] = self._rows[instrument_id]
        row.sequence = record.sequence
        return row

    def _add_version(
        self, instrument_id: int, parameters: InstrumentParameters, effective_at_ns: int, active_sequence: int
    ) -> None:
        version, *numbers, brackets, risk = parameters
        key = (instrument_id, version)
        self._versions[key] = (*key, *numbers, Jsonb(brackets), Jsonb(risk._asdict()), effective_at_ns, active_sequence)
