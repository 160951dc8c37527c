"""Positions: lots and cost after each fill, with what the position earned and paid over its life."""

from collections.abc import Iterator
from typing import Any

import msgspec

from trading.engine import events as e
from trading.engine.events import Record
from trading.models import Position
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


class Positions(Projection):
    name = "positions"
    owner = ACCOUNT
    tables = (Table(Position),)

    def __init__(self) -> None:
        self._rows: dict[tuple[int, int], PositionRow] = {}
        self._changed: dict[tuple[int, int], PositionRow] = {}

    def handlers(self) -> dict[type, Handler]:
        return {e.TradeExecuted: self._trade}

    def load(self, cursor: Any) -> None:
        self._rows = {row[:2]: PositionRow(*row) for row in self.tables[0].read(cursor)}

    def changes(self) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """Rows are without the account."""
        for row in self._changed.values():
            yield row.account_id, row.sequence, msgspec.structs.astuple(row)[1:]

    def write(self, cursor: Any) -> None:
        self.tables[0].upsert(cursor, [msgspec.structs.astuple(row) for row in self._changed.values()])
        self._changed.clear()

    def _trade(self, record: Record, event: e.TradeExecuted) -> None:
        row = self._change(event.maker_account_id, event.instrument_id, record)
        row.lots = event.maker_position_lots
        row.entry_value_units = event.maker_entry_value_units
        row.realised_pnl_units += event.maker_realised_pnl_units
        row.fee_units += event.maker_fee_units
        row = self._change(event.taker_account_id, event.instrument_id, record)
        row.lots = event.taker_position_lots
        row.entry_value_units = event.taker_entry_value_units
        row.realised_pnl_units += event.taker_realised_pnl_units
        row.fee_units += event.taker_fee_units

    def _change(self, account_id: int, instrument_id: int, record: Record) -> PositionRow:
        key = (account_id, instrument_id)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = PositionRow(account_id, instrument_id)
        row.updated_at_ns = record.time_ns
        row.sequence = record.sequence
        self._changed[key] = row
        return row
