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
    return initial_margin_units(
        position.instrument,
        position.lots,
        position.buy_lots,
        position.sell_lots,
        position.open_loss_units,
        leverage or leverage_of(position),
    )


def refresh(position: Position) -> None:
    """Bring the memoised initial margin and unrealised P&L up to the present mark."""
    instrument, lots = position.instrument, position.lots
    position.initial_units = initial_margin_units(
        instrument,
        lots,
        position.buy_lots,
        position.sell_lots,
        position.open_loss_units,
        position.leverage or instrument.default_leverage,
    )
    position.pnl_units = lots * instrument.lot_value_units - position.entry_value_units
    position.margin_key = instrument.margin_key


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
