"""Liquidations: each with its steps, in the order in which they were taken, and what each step did."""

from collections.abc import Iterator
from typing import Any

import msgspec

from trading.core.terms import CANCEL_LIQUIDATION, STEP_CANCEL
from trading.engine import events as e
from trading.engine.events import Record
from trading.models import Assignment, Liquidation, LiquidationStep
from trading.projections.owners import EXCHANGE
from trading.projections.projection import Handler, Projection
from trading.projections.tables import Table

EVERYBODY = 0  # the owner of the one stream


class LiquidationRow(msgspec.Struct, gc=False):
    """The columns of `Liquidation`, in its order."""

    liquidation_id: int
    account_id: int
    instrument_id: int
    started_at_ns: int
    started_sequence: int
    equity_units: int
    maintenance_units: int
    ended_at_ns: int = 0
    ended_equity_units: int = 0
    ended_maintenance_units: int = 0
    step_count: int = 0
    fee_units: int = 0
    sequence: int = 0
    deficit_units: int = 0


class StepRow(msgspec.Struct, array_like=True, gc=False):
    """The columns of `LiquidationStep`, in its order: nothing of whose it is, so that everybody may see it."""

    sequence: int
    liquidation_id: int
    instrument_id: int
    step: int
    lots: int
    equity_units: int
    maintenance_units: int
    mark_price_ticks: int
    bankruptcy_price_ticks: int
    limit_price_ticks: int
    order_id: int
    cancelled_orders: int
    filled_lots: int
    filled_tick_lots: int
    realised_pnl_units: int
    fee_units: int
    time_ns: int


class Liquidations(Projection):
    """A step is one record: what follows `LiquidationStepped` in it is what the step did."""

    name = "liquidations"
    owner = EXCHANGE
    tables = (Table(Liquidation), Table(LiquidationStep), Table(Assignment))

    def __init__(self) -> None:
        self._running: dict[int, LiquidationRow] = {}
        self._changed: dict[int, LiquidationRow] = {}
        self._steps: list[StepRow] = []
        self._assignments: list[tuple[int, ...]] = []

    def handlers(self) -> dict[type, Handler]:
        return {
            e.LiquidationStarted: self._start,
            e.LiquidationStepped: self._step,
            e.OrderCancelled: self._cancel,
            e.TradeExecuted: self._trade,
            e.PositionAssigned: self._assign,
            e.LiquidationFeeCharged: self._charge_fee,
            e.DeficitCovered: self._cover_deficit,
            e.LiquidationEnded: self._end,
        }

    def load(self, cursor: Any) -> None:
        rows = self.tables[0].read(cursor, where="ended_at_ns = 0")
        self._running = {row[0]: LiquidationRow(*row) for row in rows}

    def changes(self) -> Iterator[tuple[int, int, StepRow]]:
        """Only what was closed: the public is told of no cancelled orders."""
        for row in self._steps:
            if row.filled_lots:
                yield EVERYBODY, row.sequence, row

    def write(self, cursor: Any) -> None:
        liquidations, steps, assignments = self.tables
        liquidations.upsert(cursor, [msgspec.structs.astuple(row) for row in self._changed.values()])
        steps.append(cursor, [msgspec.structs.astuple(row) for row in self._steps])
        assignments.append(cursor, self._assignments)
        self._changed.clear()
        self._steps = []
        self._assignments = []

    def _start(self, record: Record, event: e.LiquidationStarted) -> None:
        liquidation_id = event.liquidation_id
        self._running[liquidation_id] = LiquidationRow(
            liquidation_id,
            event.account_id,
            event.instrument_id,
            record.time_ns,
            record.sequence,
            event.equity_units,
            event.maintenance_units,
        )
        self._change(liquidation_id, record)

    def _step(self, record: Record, event: e.LiquidationStepped) -> None:
        self._change(event.liquidation_id, record).step_count += 1
        row = StepRow(
            record.sequence,
            event.liquidation_id,
            event.instrument_id,
            event.step,
            event.lots,
            event.equity_units,
            event.maintenance_units,
            event.mark_price_ticks,
            event.bankruptcy_price_ticks,
            event.limit_price_ticks,
            event.order_id,
            *(0,) * 5,
            record.time_ns,
        )
        self._steps.append(row)

    def _step_of(self, record: Record) -> StepRow | None:
        """The step that this record is; None: it is another command's."""
        return self._steps[-1] if self._steps and self._steps[-1].sequence == record.sequence else None

    def _cancel(self, record: Record, event: e.OrderCancelled) -> None:
        step = self._step_of(record)
        if step is not None and step.step == STEP_CANCEL and event.reason == CANCEL_LIQUIDATION:
            step.cancelled_orders += 1

    def _trade(self, record: Record, event: e.TradeExecuted) -> None:
        step = self._step_of(record)
        if step is not None:
            step.filled_lots += event.quantity_lots
            step.filled_tick_lots += event.quantity_lots * event.price_ticks
            step.realised_pnl_units += event.taker_realised_pnl_units

    def _assign(self, record: Record, event: e.PositionAssigned) -> None:
        step = self._step_of(record)
        assert step is not None, f"record {record.sequence} assigns lots outside a step"
        step.filled_lots += event.quantity_lots
        step.filled_tick_lots += event.quantity_lots * event.price_ticks
        step.realised_pnl_units += event.realised_pnl_units
        before = self._assignments[-1] if self._assignments else (0, 0)
        number = before[1] + 1 if before[0] == record.sequence else 1
        self._assignments.append(
            (
                record.sequence,
                number,
                event.liquidation_id,
                event.instrument_id,
                event.account_id,
                event.counterparty_id,
                event.side,
                event.price_ticks,
                event.quantity_lots,
                event.realised_pnl_units,
                event.counterparty_realised_pnl_units,
                event.place,
                event.rank_ppb,
                record.time_ns,
            )
        )

    def _charge_fee(self, record: Record, event: e.LiquidationFeeCharged) -> None:
        self._change(event.liquidation_id, record).fee_units += event.fee_units
        step = self._step_of(record)
        assert step is not None, f"record {record.sequence} charges a fee outside a step"
        step.fee_units += event.fee_units

    def _cover_deficit(self, record: Record, event: e.DeficitCovered) -> None:
        self._change(event.liquidation_id, record).deficit_units += event.amount_units

    def _end(self, record: Record, event: e.LiquidationEnded) -> None:
        row = self._change(event.liquidation_id, record)
        row.ended_at_ns = record.time_ns
        row.ended_equity_units = event.equity_units
        row.ended_maintenance_units = event.maintenance_units
        del self._running[event.liquidation_id]

    def _change(self, liquidation_id: int, record: Record) -> LiquidationRow:
        row = self._changed[liquidation_id] = self._running[liquidation_id]
        row.sequence = record.sequence
        return row
