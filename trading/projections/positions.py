"""Positions: lots and cost after each fill, what the position earned and paid over its life, funding, margin mode."""

from collections.abc import Iterator
from typing import Any

import msgspec

from risk.core.funding import advance_funding_index
from trading.engine import events as e
from trading.engine.events import Record
from trading.models import FundingIndex, Position
from trading.projections.owners import ACCOUNT
from trading.projections.projection import Handler, Projection
from trading.projections.tables import Table


class PositionRow(msgspec.Struct, gc=False):
    """The columns of `Position`, in its order."""

    account_id: int
    instrument_id: int
    lots: int = 0
    entry_value_units: int = 0
    realised_pnl_units: int = 0
    fee_units: int = 0
    updated_at_ns: int = 0
    sequence: int = 0
    is_isolated: bool = False
    isolated_units: int = 0
    funding_units: int = 0
    funding_index: int = 0


class Positions(Projection):
    name = "positions"
    owner = ACCOUNT
    tables = (Table(Position), Table(FundingIndex))

    def __init__(self) -> None:
        self._rows: dict[tuple[int, int], PositionRow] = {}
        self._changed: dict[tuple[int, int], PositionRow] = {}
        self._value_units: dict[int, int] = {}
        self._funding: dict[int, int] = {}
        self._funded: set[int] = set()

    def handlers(self) -> dict[type, Handler]:
        return {
            e.InstrumentListed: self._list,
            e.TradeExecuted: self._trade,
            e.PositionAssigned: self._assign,
            e.FundingApplied: self._fund,
            e.FundingSettled: self._settle_funding,
            e.MarginModeChanged: self._change_mode,
            e.IsolatedMarginChanged: self._change_margin,
            e.DeficitCovered: self._cover_deficit,
        }

    def load(self, cursor: Any) -> None:
        positions, indices = self.tables
        self._rows = {row[:2]: PositionRow(*row[:-1], int(row[-1])) for row in positions.read(cursor)}
        for instrument_id, value_units, funding_index in indices.read(cursor):
            self._value_units[instrument_id] = value_units
            self._funding[instrument_id] = int(funding_index)

    def changes(self) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """Rows are without the account, and without the funding index, which has no bound."""
        for row in self._changed.values():
            yield row.account_id, row.sequence, msgspec.structs.astuple(row)[1:-1]

    def write(self, cursor: Any) -> None:
        positions, indices = self.tables
        positions.upsert(cursor, [msgspec.structs.astuple(row) for row in self._changed.values()])
        funded = sorted(self._funded)
        indices.upsert(cursor, [(each, self._value_units[each], self._funding[each]) for each in funded])
        self._changed.clear()
        self._funded.clear()

    def _list(self, record: Record, event: e.InstrumentListed) -> None:
        instrument_id = event.terms.instrument_id
        self._value_units[instrument_id] = event.terms.value_units
        self._funding[instrument_id] = 0
        self._funded.add(instrument_id)

    def _trade(self, record: Record, event: e.TradeExecuted) -> None:
        row = self._change(event.maker_account_id, event.instrument_id, record)
        self._hold(row, event.maker_position_lots, event.maker_entry_value_units, event.maker_realised_pnl_units)
        row.fee_units += event.maker_fee_units
        row = self._change(event.taker_account_id, event.instrument_id, record)
        self._hold(row, event.taker_position_lots, event.taker_entry_value_units, event.taker_realised_pnl_units)
        row.fee_units += event.taker_fee_units

    def _assign(self, record: Record, event: e.PositionAssigned) -> None:
        row = self._change(event.account_id, event.instrument_id, record)
        self._hold(row, event.position_lots, event.entry_value_units, event.realised_pnl_units)
        row = self._change(event.counterparty_id, event.instrument_id, record)
        lots, entry_value_units = event.counterparty_position_lots, event.counterparty_entry_value_units
        self._hold(row, lots, entry_value_units, event.counterparty_realised_pnl_units)

    def _hold(self, row: PositionRow, lots: int, entry_value_units: int, pnl_units: int) -> None:
        """Funding counts from the opening on; one that is held was settled before this."""
        if row.lots == 0:
            row.funding_index = self._funding[row.instrument_id]
        row.lots = lots
        row.entry_value_units = entry_value_units
        row.realised_pnl_units += pnl_units

    def _fund(self, record: Record, event: e.FundingApplied) -> None:
        instrument_id = event.instrument_id
        self._funding[instrument_id] = advance_funding_index(
            funding_index=self._funding[instrument_id],
            price_ticks=event.index_price_ticks,
            value_units=self._value_units[instrument_id],
            rate_ppb=event.rate_ppb,
        )
        self._funded.add(instrument_id)

    def _settle_funding(self, record: Record, event: e.FundingSettled) -> None:
        row = self._change(event.account_id, event.instrument_id, record)
        row.funding_units += event.charge_units
        row.funding_index = self._funding[event.instrument_id]
        if row.is_isolated:
            row.isolated_units -= event.charge_units

    def _change_mode(self, record: Record, event: e.MarginModeChanged) -> None:
        row = self._change(event.account_id, event.instrument_id, record)
        row.is_isolated = event.is_isolated
        row.isolated_units = event.isolated_units

    def _change_margin(self, record: Record, event: e.IsolatedMarginChanged) -> None:
        self._change(event.account_id, event.instrument_id, record).isolated_units = event.isolated_units

    def _cover_deficit(self, record: Record, event: e.DeficitCovered) -> None:
        if event.instrument_id:
            self._change(event.account_id, event.instrument_id, record).isolated_units += event.amount_units

    def _change(self, account_id: int, instrument_id: int, record: Record) -> PositionRow:
        key = (account_id, instrument_id)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = PositionRow(account_id, instrument_id)
        row.updated_at_ns = record.time_ns
        row.sequence = record.sequence
        self._changed[key] = row
        return row
