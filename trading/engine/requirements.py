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
    instrument: Instrument = position.instrument
    position.initial_units = requirement_with(
        position,
        position.lots,
        position.buy_lots,
        position.sell_lots,
        position.open_loss_units,
        leverage_of(position),
    )
    value_units = position.lots * instrument.mark_price_ticks * instrument.value_units
    position.pnl_units = value_units - position.entry_value_units
    position.margin_key = instrument.margin_key


def equity_and_initial(account: Account) -> tuple[int, int]:
    """(equity, sum of initial margins) of the account, in units of the settlement asset."""
    equity = account.collateral.get(SETTLEMENT_ASSET, 0)
    initial = 0
    for position in account.positions.values():
        if position.margin_key != position.instrument.margin_key:
            refresh(position)
        equity += position.pnl_units
        initial += position.initial_units
    return equity, initial
