"""Inverse contracts, worth a fixed amount of the quote currency and settled in coin, as pure integer functions.

    value = lots * k / P,  P&L = lots * k * (1 / P0 - 1 / P1) (F1),  1 / P_bankrupt = 1 / P0 + margin / (lots * k) (F15)
with lots signed and k = `lot_tick_units`: ledger units of the coin that one lot is worth at a price of one tick.
Source: BitMEX's inverse perpetual contracts.
"""

from __future__ import annotations

from risk.core.rounding import ceiling, half_even


def inverse_value_units(*, lots: int, price_ticks: int, lot_tick_units: int) -> int:
    """The value in coin, signed as lots are; half to even, once a trade, so that both sides use the same."""
    return half_even(lots * lot_tick_units, price_ticks)


def inverse_pnl_units(*, lots: int, entry_price_ticks: int, exit_price_ticks: int, lot_tick_units: int) -> int:
    """P&L in coin between two prices, rounded down."""
    return lots * lot_tick_units * (exit_price_ticks - entry_price_ticks) // (entry_price_ticks * exit_price_ticks)


def inverse_bankruptcy_price_ticks(*, lots: int, entry_price_ticks: int, margin_units: int, lot_tick_units: int) -> int:
    """The last price at which margin and P&L are not below zero: up for a long, down for a short; 0: there is none."""
    numerator = entry_price_ticks * lots * lot_tick_units
    denominator = lots * lot_tick_units + margin_units * entry_price_ticks
    if lots > 0:
        return ceiling(numerator, denominator)
    return -numerator // -denominator if denominator < 0 else 0
