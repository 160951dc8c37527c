"""What each account tells the engine, by the minute: orders, amends and cancels of its own, and fills."""

from typing import Any, Final

import msgspec

from trading.core.terms import CANCEL_REQUOTED, CANCEL_USER
from trading.engine import commands as c
from trading.engine import events as e
from trading.engine.events import Record
from trading.models import AccountActivity
from trading.models.market import MINUTE_NS
from trading.projections.projection import Handler, Projection
from trading.projections.tables import Table

OWN_COMMANDS: Final = (c.PlaceOrder, c.AmendOrder, c.MassQuote)
OWN_REASONS: Final = (CANCEL_USER, CANCEL_REQUOTED)


class ActivityRow(msgspec.Struct, gc=False):
    """The columns of `AccountActivity`, in its order."""

    account_id: int
    minute_ns: int
    messages: int = 0
    fills: int = 0


class Activity(Projection):
    """The engine's time never goes back, so only an account's newest minute can change."""

    name = "activity"
    tables = (Table(AccountActivity),)

    def __init__(self) -> None:
        self._newest: dict[int, ActivityRow] = {}
        self._changed: dict[tuple[int, int], ActivityRow] = {}

    def handlers(self) -> dict[type, Handler]:
        return {
            e.OrderPlaced: self._tell,
            e.SpecialOrderPlaced: self._tell,
            e.OrderAmended: self._tell,
            e.OrderCancelled: self._cancel,
            e.TradeExecuted: self._trade,
        }

    def load(self, cursor: Any) -> None:
        table = self.tables[0]
        rows = table.read(cursor, where=f"minute_ns = (SELECT max(minute_ns) FROM {table.name})")
        self._newest = {row[0]: ActivityRow(*row) for row in rows}

    def write(self, cursor: Any) -> None:
        self.tables[0].upsert(cursor, [msgspec.structs.astuple(row) for row in self._changed.values()])
        self._changed.clear()

    def _tell(self, record: Record, event: e.OrderPlaced | e.OrderAmended) -> None:
        """What follows from other commands is nobody's message, nor are attached orders."""
        if isinstance(record.command, OWN_COMMANDS) and record.command.account_id == event.account_id:
            self._running(event.account_id, record.time_ns).messages += 1

    def _cancel(self, record: Record, event: e.OrderCancelled) -> None:
        if event.reason in OWN_REASONS:
            self._running(event.account_id, record.time_ns).messages += 1

    def _trade(self, record: Record, event: e.TradeExecuted) -> None:
        self._running(event.maker_account_id, record.time_ns).fills += 1
        self._running(event.taker_account_id, record.time_ns).fills += 1

    def _running(self, account_id: int, time_ns: int) -> ActivityRow:
        minute_ns = time_ns - time_ns % MINUTE_NS
        row = self._newest.get(account_id)
        if row is None or row.minute_ns != minute_ns:
            row = self._newest[account_id] = ActivityRow(account_id, minute_ns)
        self._changed[account_id, minute_ns] = row
        return row
