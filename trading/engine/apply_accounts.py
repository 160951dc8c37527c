"""Parts of `apply`: what events of accounts change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trading.core.accounts import Account
from trading.core.protection import MarketMakerProtection
from trading.engine import events as e
from trading.engine.consequences import new_position
from trading.engine.state import CANCEL_AFTER_DUE, State


def _open_account(state: State, event: e.AccountOpened) -> None:
    if event.account_id not in state.accounts:
        state.accounts[event.account_id] = Account(event.account_id, event.user_id)


def _change_account_state(state: State, event: e.AccountStateChanged) -> None:
    state.accounts[event.account_id].state = event.state


def _change_account_limits(state: State, event: e.AccountLimitsChanged) -> None:
    state.accounts[event.account_id].maximum_open_orders = event.maximum_open_orders


def _transfer_collateral(state: State, event: e.CollateralTransferred) -> None:
    state.accounts[event.account_id].credit(event.asset, event.amount_units)
    moved = state.transferred_units.get(event.asset, 0)
    state.transferred_units[event.asset] = moved + event.amount_units
    state.liquidation_index.note(event.account_id)


def _change_leverage(state: State, event: e.LeverageChanged) -> None:
    account = state.accounts[event.account_id]
    position = account.positions.get(event.instrument_id) or new_position(state, account, event.instrument_id)
    position.leverage = event.leverage
    position.margin_key = -1


def _set_cancel_after(state: State, event: e.CancelAfterSet) -> None:
    account = state.accounts[event.account_id]
    if account.cancel_after_ns:
        state.remove_timer(account.cancel_after_ns, CANCEL_AFTER_DUE, event.account_id, 0)
    account.cancel_after_ns = event.deadline_ns
    if event.deadline_ns:
        state.add_timer(event.deadline_ns, CANCEL_AFTER_DUE, event.account_id, 0)


def _set_protection(state: State, event: e.MarketMakerProtectionSet) -> None:
    account = state.accounts[event.account_id]
    position = account.positions.get(event.instrument_id) or new_position(state, account, event.instrument_id)
    special = position.special_orders()
    special.protection = None
    if event.window_ns:
        special.protection = MarketMakerProtection(
            event.window_ns, event.quantity_lots, event.delta_lots, event.freeze_ns
        )


def _fire_protection(state: State, event: e.MarketMakerProtectionFired) -> None:
    protection = state.accounts[event.account_id].positions[event.instrument_id].special_orders().protection
    assert protection is not None
    protection.fire(event.frozen_until_ns)


ACCOUNT_FOLDS: dict[type, Callable[[State, Any], None]] = {
    e.AccountOpened: _open_account,
    e.AccountStateChanged: _change_account_state,
    e.AccountLimitsChanged: _change_account_limits,
    e.CollateralTransferred: _transfer_collateral,
    e.LeverageChanged: _change_leverage,
    e.CancelAfterSet: _set_cancel_after,
    e.MarketMakerProtectionSet: _set_protection,
    e.MarketMakerProtectionFired: _fire_protection,
}
