"""Accounts as the engine knows them: whose they are, state, limits, leverages."""

from typing import Any

import msgspec

from trading.core.terms import ACCOUNT_NORMAL
from trading.engine import events as e
from trading.engine.events import Record
from trading.models import AccountLeverage, EngineAccount
from trading.projections.projection import Handler, Projection
from trading.projections.tables import Table


class AccountRow(msgspec.Struct):
    """The columns of `EngineAccount`, in its order."""

    account_id: int
    user_id: int
    state: int
    maximum_open_orders: int
    opened_at_ns: int
    sequence: int


class Accounts(Projection):
    name = "accounts"
    tables = (Table(EngineAccount), Table(AccountLeverage))

    def __init__(self) -> None:
        self._rows: dict[int, AccountRow] = {}
        self._changed: dict[int, AccountRow] = {}
        self._leverages: dict[tuple[int, int], tuple[int, ...]] = {}

    def handlers(self) -> dict[type, Handler]:
        return {
            e.AccountOpened: self._open,
            e.AccountStateChanged: self._change_state,
            e.AccountLimitsChanged: self._change_limits,
            e.LeverageChanged: self._change_leverage,
        }

    def load(self, cursor: Any) -> None:
        self._rows = {row[0]: AccountRow(*row) for row in self.tables[0].read(cursor)}

    def write(self, cursor: Any) -> None:
        accounts, leverages = self.tables
        accounts.upsert(cursor, [msgspec.structs.astuple(row) for row in self._changed.values()])
        leverages.upsert(cursor, list(self._leverages.values()))
        self._changed.clear()
        self._leverages.clear()

    def _open(self, record: Record, event: e.AccountOpened) -> None:
        """Opening an account again changes nothing."""
        if event.account_id not in self._rows:
            row = AccountRow(event.account_id, event.user_id, ACCOUNT_NORMAL, 0, record.time_ns, record.sequence)
            self._rows[row.account_id] = self._changed[row.account_id] = row

    def _change_state(self, record: Record, event: e.AccountStateChanged) -> None:
        self._change(event.account_id, record).state = event.state

    def _change_limits(self, record: Record, event: e.AccountLimitsChanged) -> None:
        self._change(event.account_id, record).maximum_open_orders = event.maximum_open_orders

    def _change_leverage(self, record: Record, event: e.LeverageChanged) -> None:
        key = (event.account_id, event.instrument_id)
        self._leverages[key] = (*key, event.leverage, record.sequence)

    def _change(self, account_id: int, record: Record) -> AccountRow:
        row = self._changed[account_id] = self._rows[account_id]
        row.sequence = record.sequence
        return row
