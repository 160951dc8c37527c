"""Accounts: opening, gate, limits, collateral, leverage."""

from __future__ import annotations

from typing import Final

from risk.core.margin import maximum_leverage
from trading.core.positions import Position
from trading.core.terms import ACCOUNT_CANCEL_ONLY, ACCOUNT_FROZEN, ACCOUNT_NORMAL, INSURANCE_FUND, SETTLEMENT_ASSET
from trading.engine.commands import (
    OpenAccount,
    SetAccountLimits,
    SetAccountState,
    SetLeverage,
    TransferCollateral,
)
from trading.engine.events import (
    AccountLimitsChanged,
    AccountOpened,
    AccountStateChanged,
    AnyEvent,
    CollateralTransferred,
    LeverageChanged,
)
from trading.engine.isolated import initial_alone_units
from trading.engine.refusal import refuse
from trading.engine.requirements import equity_and_initial, fund_margin_units, present_requirement
from trading.engine.scopes import CROSS
from trading.engine.state import State

MAXIMUM_TRANSFER_UNITS: Final = 10**15
MAXIMUM_COLLATERAL_UNITS: Final = 10**16
HIGHEST_LEVERAGE: Final = 1000


def open_account(state: State, command: OpenAccount) -> list[AnyEvent]:
    if command.account_id <= 0 or command.user_id <= 0:
        return refuse(command, "invalid_parameter")
    known = state.accounts.get(command.account_id)
    if known is not None and known.user_id != command.user_id:
        return refuse(command, "invalid_parameter")
    return [AccountOpened(command.account_id, command.user_id)]


def set_account_state(state: State, command: SetAccountState) -> list[AnyEvent]:
    if command.account_id not in state.accounts or command.account_id == INSURANCE_FUND:
        return refuse(command, "account_not_found")
    if not ACCOUNT_NORMAL <= command.state <= ACCOUNT_FROZEN:
        return refuse(command, "invalid_parameter")
    if command.expected_state and command.expected_state != state.accounts[command.account_id].state:
        return refuse(command, "idempotency_conflict")
    return [AccountStateChanged(command.account_id, command.state)]


def set_account_limits(state: State, command: SetAccountLimits) -> list[AnyEvent]:
    if command.account_id not in state.accounts or command.account_id == INSURANCE_FUND:
        return refuse(command, "account_not_found")
    if command.maximum_open_orders < 0:
        return refuse(command, "invalid_parameter")
    return [AccountLimitsChanged(command.account_id, command.maximum_open_orders)]


def transfer_collateral(state: State, command: TransferCollateral) -> list[AnyEvent]:
    """Money in is taken unless it overflows; money out must leave the margin covered, unrealised gains apart.

    The insurance fund, frozen to all else, keeps its own margin.
    """
    account = state.accounts.get(command.account_id)
    if account is None:
        return refuse(command, "account_not_found")
    amount = command.amount_units
    if command.asset != SETTLEMENT_ASSET or amount == 0 or abs(amount) > MAXIMUM_TRANSFER_UNITS:
        return refuse(command, "invalid_parameter")
    collateral = account.collateral_units or 0
    if amount < 0:
        is_fund = command.account_id == INSURANCE_FUND
        is_liquidated = account.liquidations is not None and CROSS in account.liquidations
        if is_liquidated or (account.state >= ACCOUNT_CANCEL_ONLY and not is_fund):
            return refuse(command, "account_restricted")
        equity, initial = equity_and_initial(account)
        if is_fund:
            initial = fund_margin_units(account)
        if -amount > max(0, min(collateral - account.isolated_units(), equity) - initial):
            return refuse(command, "insufficient_funds")
    elif collateral + amount > MAXIMUM_COLLATERAL_UNITS:
        return refuse(command, "invalid_parameter")
    balance = collateral + amount
    return [CollateralTransferred(command.account_id, command.asset, amount, balance, command.transfer_id)]


def set_leverage(state: State, command: SetLeverage) -> list[AnyEvent]:
    account = state.accounts.get(command.account_id)
    if account is None:
        return refuse(command, "account_not_found")
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return refuse(command, "instrument_not_found")
    position = account.positions.get(command.instrument_id) or Position(account, instrument)
    if account.state == ACCOUNT_FROZEN or account.is_being_liquidated(position):
        return refuse(command, "account_restricted")
    leverage = command.leverage
    if not 1 <= leverage <= HIGHEST_LEVERAGE:
        return refuse(command, "invalid_parameter")
    largest_lots = max(abs(position.lots + position.buy_lots), abs(position.lots - position.sell_lots))
    notional_units = largest_lots * instrument.lot_value_units
    if leverage > maximum_leverage(instrument.brackets, notional_units):
        return refuse(command, "leverage_too_high")
    equity, others = equity_and_initial(account, position)
    required = present_requirement(position, leverage)
    if required > present_requirement(position) and others + required > equity:
        return refuse(command, "insufficient_margin")
    if position.isolated_units is not None and position.lots:
        equity = position.isolated_units + position.pnl_at(instrument.lot_value_units)
        if equity < initial_alone_units(position, position.lots, leverage):
            return refuse(command, "insufficient_margin")
    return [LeverageChanged(command.account_id, command.instrument_id, leverage)]
