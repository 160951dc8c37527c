"""Equity and margin of an account in the state, each position's share memoised until mark or position changes."""

from __future__ import annotations

from risk.core.margin import initial_margin_units
from trading.core.accounts import Account
from trading.core.positions import Position
from trading.engine.state import SETTLEMENT_ASSET


def leverage_of(position: Position) -> int:
    """The account's own leverage, else the instrument's default."""
    return position.leverage or position.instrument.default_leverage


def present_requirement(position: Position, leverage: int = 0) -> int:
    """Initial margin in units of the position and its open orders as they are; `leverage` in place of its own."""
    instrument = position.instrument
    return initial_margin_units(
        instrument.brackets,
        position.lots,
        position.buy_lots,
        position.sell_lots,
        position.open_loss_units,
        instrument.lot_value_units,
        leverage or position.leverage or instrument.default_leverage,
        instrument.taker_fee_ppb,
    )


def unrealised_pnl_units(position: Position) -> int:
    """The position's value at the present mark less what it cost."""
    return position.lots * position.instrument.lot_value_units - position.entry_value_units


def refresh(position: Position) -> None:
    """Bring the memoised initial margin and unrealised P&L up to the present mark."""
    position.initial_units = present_requirement(position)
    position.pnl_units = unrealised_pnl_units(position)
    position.margin_key = position.instrument.margin_key


def equity_and_initial(account: Account, besides: Position | None = None) -> tuple[int, int]:
    """(equity, sum of initial margins) of the account in units of the settlement asset.

    The initial margin of the position `besides` is left out, its unrealised P&L is not.
    """
    equity = account.collateral.get(SETTLEMENT_ASSET, 0)
    initial = 0
    for position in account.positions.values():
        if position is besides:
            equity += position.lots * position.instrument.lot_value_units - position.entry_value_units
            continue
        if position.margin_key != position.instrument.margin_key:
            refresh(position)
        equity += position.pnl_units
        initial += position.initial_units
    return equity, initial
