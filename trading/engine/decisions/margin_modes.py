"""Cross and isolated margin of a position: switching, adding and taking away."""

from __future__ import annotations

from trading.core.accounts import Account
from trading.core.positions import Position
from trading.core.terms import ACCOUNT_FROZEN
from trading.engine.commands import ChangeIsolatedMargin, SetMarginMode
from trading.engine.decisions.accounts import MAXIMUM_TRANSFER_UNITS
from trading.engine.events import AnyEvent
from trading.engine.isolated import initial_alone_units
from trading.engine.refusal import refuse
from trading.engine.requirements import contribution, equity_and_initial, present_requirement
from trading.engine.risk_events import IsolatedMarginChanged, MarginModeChanged
from trading.engine.scopes import CROSS
from trading.engine.state import State


def set_margin_mode(state: State, command: SetMarginMode) -> list[AnyEvent]:
    """Isolate a position with its full initial margin, or let it share the account's, when that holds it."""
    account = state.accounts.get(command.account_id)
    if account is None:
        return refuse(command, "account_not_found")
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return refuse(command, "instrument_not_found")
    position = account.positions.get(command.instrument_id) or Position(account, instrument)
    if account.state == ACCOUNT_FROZEN or account.is_being_liquidated(position):
        return refuse(command, "account_restricted")
    units = position.isolated_units
    if command.is_isolated != (units is not None):
        units = _needed_alone_units(position) if command.is_isolated else None
        if (units is None or units > 0) and not _holds_with(account, position, units):
            return refuse(command, "insufficient_margin")
    return [MarginModeChanged(command.account_id, command.instrument_id, command.is_isolated, units or 0)]


def change_isolated_margin(state: State, command: ChangeIsolatedMargin) -> list[AnyEvent]:
    account = state.accounts.get(command.account_id)
    if account is None:
        return refuse(command, "account_not_found")
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return refuse(command, "instrument_not_found")
    position = account.positions.get(command.instrument_id) or Position(account, instrument)
    is_cross_liquidated = account.liquidations is not None and CROSS in account.liquidations
    if account.state == ACCOUNT_FROZEN or account.is_being_liquidated(position) or is_cross_liquidated:
        return refuse(command, "account_restricted")
    amount, units = command.amount_units, position.isolated_units
    if units is None or position.lots == 0 or not 0 < abs(amount) <= MAXIMUM_TRANSFER_UNITS:
        return refuse(command, "invalid_parameter")
    if amount > 0:
        equity, initial = equity_and_initial(account)
        collateral = (account.collateral_units or 0) - account.isolated_units()
        if amount > max(0, min(collateral, equity) - initial):
            return refuse(command, "insufficient_funds")
    else:
        equity = units + amount + position.pnl_at(instrument.lot_value_units) - max(0, position.owed_funding_units())
        if units + amount < 0 or equity < initial_alone_units(position, position.lots):
            return refuse(command, "insufficient_margin")
    return [IsolatedMarginChanged(command.account_id, command.instrument_id, units + amount)]


def _needed_alone_units(position: Position) -> int:
    """Initial margin, and what the position has lost and owes already."""
    if position.lots == 0:
        return 0
    lost_units = max(0, -position.pnl_at(position.instrument.lot_value_units))
    return initial_alone_units(position, position.lots) + lost_units + max(0, position.owed_funding_units())


def _holds_with(account: Account, position: Position, isolated_units: int | None) -> bool:
    """Whether cross equity covers all requirements with the position in the other mode."""
    equity, initial = equity_and_initial(account)
    changed = position.mirror(account)
    changed.isolated_units = isolated_units
    equity += contribution(changed) - contribution(position)
    initial += present_requirement(changed) - present_requirement(position)
    return equity >= initial
