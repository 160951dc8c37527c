"""How much of a bankrupt position the insurance fund can take over (F16), as pure integer functions.

    loss a lot = s * (P_bankrupt - mark) * value units;  the fund must afford it and margin, within its limit
Source: BitMEX's takeover at the bankruptcy price, and deleveraging of what its insurance fund cannot bear.
"""

from __future__ import annotations

from risk.core.margin import ceil_ppb


def deficit_units(*, lots: int, bankruptcy_price_ticks: int, mark_price_ticks: int, value_units: int) -> int:
    """What taking over these signed lots at the bankruptcy price loses at mark; 0 when it gains."""
    return max(lots * (bankruptcy_price_ticks - mark_price_ticks) * value_units, 0)


def takeover_lots(
    *,
    lots: int,
    bankruptcy_price_ticks: int,
    mark_price_ticks: int,
    value_units: int,
    free_units: int,
    held_lots: int,
    margin_ppb: int,
    limit_units: int,
) -> int:
    """How many of the signed lots, counted without sign, the fund takes over; the rest is to be deleveraged.

    free_units: the fund's equity less what its own positions must hold. It pays for the loss of each lot and for margin
    at `margin_ppb` of the lot's value at mark, rounded up; with 0 the fund's equity may go down to zero.
    held_lots: signed, what the fund holds in the instrument; it may come to at most limit_units of notional.
    """
    side = 1 if lots > 0 else -1
    lot_value_units = mark_price_ticks * value_units
    cost_units = side * (bankruptcy_price_ticks - mark_price_ticks) * value_units
    cost_units += ceil_ppb(lot_value_units, margin_ppb)
    affordable = free_units // cost_units if cost_units > 0 else abs(lots)
    room = limit_units // lot_value_units - side * held_lots
    return max(min(abs(lots), affordable, room), 0)
