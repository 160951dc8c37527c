"""Liquidation and bankruptcy price of a position under cross margin (F15), as pure integer functions.

With Q = lots * value units (units a tick), C = collateral plus unrealised P&L of the other positions, M = their
maintenance margin and, in the bracket that holds at the result, rate r and cum c, equity meets maintenance at
    P = (entry - C + M - c) / (Q - |Q| * r)
Source: Binance's variables; equity = maintenance solved for P.
"""

from __future__ import annotations

from collections.abc import Sequence

from trading.core.instruments import Bracket
from trading.core.terms import PPB


def liquidation_price_ticks(
    *,
    lots: int,
    entry_value_units: int,
    value_units: int,
    brackets: Sequence[Bracket],
    other_equity_units: int,
    other_maintenance_units: int,
) -> int:
    """The mark at which equity falls to maintenance; rounded against the account, 0 when no positive price does it.

    lots: signed and not 0; value_units: one lot at one tick; other_*: collateral and all other positions together.
    """
    size_units = lots * value_units
    for position, bracket in enumerate(brackets):
        missing = entry_value_units - other_equity_units + other_maintenance_units - bracket.maintenance_cum_units
        numerator = missing * PPB
        denominator = size_units * PPB - abs(size_units) * bracket.maintenance_rate_ppb
        if numerator * denominator <= 0:
            continue
        notional_scaled = abs(size_units) * abs(numerator)
        is_last = position + 1 == len(brackets)
        # Not below its floor: the bracket before did not hold it, or it is in the gap that a rounded cum leaves there.
        if is_last or notional_scaled < brackets[position + 1].floor_units * abs(denominator):
            price = -(-numerator // denominator) if lots > 0 else numerator // denominator
            return max(price, 0)
    return 0


def bankruptcy_price_ticks(
    *,
    lots: int,
    mark_price_ticks: int,
    value_units: int,
    equity_units: int,
    maintenance_units: int,
    all_maintenance_units: int,
) -> int:
    """mark - s * e / q with e = the share of equity that falls to the position by maintenance margin.

    Rounded against the account: down for a long (it would sell lower), up for a short; at least 0.
    """
    share_scaled = equity_units * maintenance_units
    per_tick_scaled = lots * value_units * all_maintenance_units
    if per_tick_scaled == 0:
        return 0
    numerator = mark_price_ticks * per_tick_scaled - share_scaled
    price = numerator // per_tick_scaled if lots > 0 else -(-numerator // per_tick_scaled)
    return max(price, 0)
