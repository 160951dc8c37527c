"""Equity and margin of an account in the state, each position's share memoised until mark or position changes."""

from __future__ import annotations

from risk.core.margin import initial_margin_units
from trading.core.positions import Position
from trading.engine.state import SETTLEMENT_ASSET, Account, Instrument


def leverage_of(position: Position) -> int:
    """The account's own leverage, else the instrument's default."""
    leverage: int = position.leverage or position.instrument.parameters.default_leverage
    return leverage


def requirement_with(
    position: Position, lots: int, buy_lots: int, sell_lots: int, open_loss_units: int, leverage: int
) -> int:
    """Initial margin in units if the position and its open orders were these, at the present mark and parameters."""
    instrument: Instrument = position.instrument
    parameters = instrument.parameters
    return initial_margin_units(
        parameters.brackets,
        lots,
        buy_lots,
        sell_lots,
        open_loss_units,
        instrument.mark_price_ticks * instrument.value_units,
        leverage,
        parameters.taker_fee_ppb,
    )


def refresh(position: Position) -> None:
    """Bring the memoised initial margin and unrealised P&L up to the present mark."""
    position.initial_units = present_requirement(position)
    position.pnl_units = unrealised_pnl_units(position)
    position.margin_key = position.instrument.margin_key


def unrealised_pnl_units(position: Position) -> int:
    """The position's value at the present mark less what it cost."""
    instrument: Instrument = position.instrument
    return position.lots * instrument.mark_price_ticks * instrument.value_units - position.entry_value_units


def present_requirement(position: Position) -> int:
    """Initial margin in units of the position and its open orders as they are."""
    return requirement_with(
        position,
        position.lots,
        position.buy_lots,
        position.sell_lots,
        position.open_loss_units,
        leverage_of(position),
    )


def equity_and_initial(account: Account, besides: Position | None = None) -> tuple[int, int]:
    """(equity, sum of initial margins) of the account in units of the settlement asset.

    The initial margin of the position `besides` is left out, its unrealised P&L is not.
    """
    equity = account.collateral.get(SETTLEMENT_ASSET, 0)
    initial = 0
    for position in account.positions.values():
        if position is besides:
            if position.lots or position.entry_value_units:
                equity += unrealised_pnl_units(position)
            continue
        if position.margin_key != position.instrument.margin_key:
            refresh(position)
        equity += position.pnl_units
        initial += position.initial_units
    return equity, initial
