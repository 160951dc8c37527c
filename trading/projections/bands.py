"""The band of prices that limit orders may have now: the engine's own rule, from the marks it looks at."""

from typing import Any, Final

import msgspec

from trading.core.instruments import InstrumentParameters, InstrumentTerms
from trading.core.markets import Instrument
from trading.core.terms import INSTRUMENT_NORMAL
from trading.engine import events as e
from trading.engine.events import Record
from trading.models import PriceBand
from trading.projections.projection import Handler, Projection
from trading.projections.tables import Table


class Basis(msgspec.Struct, array_like=True, gc=False):
    """What a band is made of, and the next one after more marks."""

    terms: InstrumentTerms
    parameters: InstrumentParameters
    own_state: int
    mark_price_ticks: int
    lows: list[tuple[int, int]]
    highs: list[tuple[int, int]]


_bases: Final = msgspec.json.Decoder(Basis)


class PriceBands(Projection):
    name = "price_bands"
    tables = (Table(PriceBand),)

    def __init__(self) -> None:
        self._instruments: dict[int, Instrument] = {}
        self._changed: dict[int, int] = {}

    def handlers(self) -> dict[type, Handler]:
        return {
            e.InstrumentListed: self._list,
            e.ParametersChanged: self._change_parameters,
            e.InstrumentStateChanged: self._change_state,
            e.MarkPriceUpdated: self._update_mark,
            e.ResumptionScheduled: self._empty_window,
        }

    def load(self, cursor: Any) -> None:
        rows = self.tables[0].read(cursor)
        self._instruments = {row[0]: _instrument(_bases.decode(row[3])) for row in rows}

    def write(self, cursor: Any) -> None:
        rows = [_row(self._instruments[instrument_id], sequence) for instrument_id, sequence in self._changed.items()]
        self.tables[0].upsert(cursor, rows)
        self._changed.clear()

    def _list(self, record: Record, event: e.InstrumentListed) -> None:
        self._instruments[event.terms.instrument_id] = Instrument(event.terms, event.parameters)
        self._change(event.terms.instrument_id, record)

    def _change_parameters(self, record: Record, event: e.ParametersChanged) -> None:
        self._change(event.instrument_id, record).adopt(event.parameters)

    def _change_state(self, record: Record, event: e.InstrumentStateChanged) -> None:
        self._change(event.instrument_id, record).be_in(event.state, INSTRUMENT_NORMAL)

    def _update_mark(self, record: Record, event: e.MarkPriceUpdated) -> None:
        instrument = self._change(event.instrument_id, record)
        instrument.mark(event.mark_price_ticks)
        if instrument.watches_volatility():
            window_ns = instrument.parameters.risk.volatility_window_ns
            instrument.window.add(record.time_ns, event.mark_price_ticks, window_ns)
            instrument.set_band()

    def _empty_window(self, record: Record, event: e.ResumptionScheduled) -> None:
        if event.low_price_ticks:
            instrument = self._change(event.instrument_id, record)
            instrument.window.clear()
            instrument.set_band()

    def _change(self, instrument_id: int, record: Record) -> Instrument:
        self._changed[instrument_id] = record.sequence
        return self._instruments[instrument_id]


def _row(instrument: Instrument, sequence: int) -> tuple[Any, ...]:
    """The columns of `PriceBand`, in its order."""
    made_from = Basis(
        instrument.terms,
        instrument.parameters,
        instrument.own_state,
        instrument.mark_price_ticks,
        list(instrument.window.lows),
        list(instrument.window.highs),
    )
    band = instrument.band_low_ticks, instrument.band_high_ticks
    return instrument.instrument_id, *band, msgspec.json.encode(made_from).decode(), sequence


def _instrument(basis: Basis) -> Instrument:
    instrument = Instrument(basis.terms, basis.parameters)
    instrument.be_in(basis.own_state, INSTRUMENT_NORMAL)
    instrument.window.lows.extend(basis.lows)
    instrument.window.highs.extend(basis.highs)
    instrument.mark(basis.mark_price_ticks)
    return instrument
