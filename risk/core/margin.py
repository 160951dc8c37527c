"""Margin as pure integer functions: brackets (F9), initial and maintenance requirement, open-order margin.

Source: the bracket tables of Binance and Hyperliquid (margin = notional * rate - cum). Amounts are ledger units of the
settlement asset, rates parts per billion, quantities lots. Requirements are rounded up.
"""

from __future__ import annotations

from collections.abc import Sequence

from trading.core.instruments import Bracket
from trading.core.markets import Instrument
from trading.core.terms import PPB


def ceil_ppb(amount: int, rate_ppb: int) -> int:
    """amount * rate, rounded towards plus infinity (fees are dearer, rebates smaller, requirements higher)."""
    return -(-amount * rate_ppb // PPB)


def bracket_at(brackets: Sequence[Bracket], notional_units: int) -> Bracket:
    """The last bracket whose floor is not above the notional."""
    if len(brackets) == 1 or notional_units < brackets[1].floor_units:  # nearly everybody
        return brackets[0]
    found = brackets[1]
    for bracket in brackets:
        if bracket.floor_units > notional_units:
            break
        found = bracket
    return found


def maintenance_margin_units(brackets: Sequence[Bracket], notional_units: int) -> int:
    """ceil(notional * maintenance rate) - cum, at least 0."""
    bracket = bracket_at(brackets, notional_units)
    units = (notional_units * bracket.maintenance_rate_ppb + PPB - 1) // PPB - bracket.maintenance_cum_units
    return units if units > 0 else 0


def side_requirement_units(instrument: Instrument, notional_lots: int, open_lots: int, leverage: int) -> int:
    """max(ceil(notional / leverage), bracket initial) plus the taker fee on what is still open on that side."""
    notional_units = notional_lots * instrument.lot_value_units
    for ceiling_units, rate_ppb, cum_units in instrument.initial_steps:  # noqa: B007 - the last one looked at counts
        if notional_units < ceiling_units:
            break
    # Nothing here is negative: adding the divisor less one rounds up, and is cheaper than negating twice.
    units = (notional_units + leverage - 1) // leverage
    if rate_ppb * leverage > PPB:  # else the bracket asks for no more, cum being 0 or above
        by_bracket = (notional_units * rate_ppb + PPB - 1) // PPB - cum_units
        if by_bracket > units:
            units = by_bracket
    if open_lots:
        units += (open_lots * instrument.lot_fee_ppb_units + PPB - 1) // PPB
    return units


def initial_margin_units(
    instrument: Instrument, lots: int, buy_lots: int, sell_lots: int, open_loss_units: int, leverage: int
) -> int:
    """Initial margin of one position with its open orders, at the instrument's present mark and parameters.

    lots: signed position; buy_lots, sell_lots: resting orders without reduce-only.
    The worse of "all buys fill" and "all sells fill", plus the open losses of the resting orders.
    """
    if not (lots or buy_lots or sell_lots):
        return 0
    bought_lots, sold_lots = lots + buy_lots, lots - sell_lots
    if bought_lots < 0:  # cheaper than abs()
        bought_lots = -bought_lots
    if sold_lots < 0:
        sold_lots = -sold_lots
    # A side's requirement rises with its notional and with its open lots: where both are larger, one side decides.
    if bought_lots >= sold_lots and buy_lots >= sell_lots:
        return side_requirement_units(instrument, bought_lots, buy_lots, leverage) + open_loss_units
    sells_units = side_requirement_units(instrument, sold_lots, sell_lots, leverage)
    if sold_lots >= bought_lots and sell_lots >= buy_lots:
        return sells_units + open_loss_units
    buys_units = side_requirement_units(instrument, bought_lots, buy_lots, leverage)
    return (buys_units if buys_units > sells_units else sells_units) + open_loss_units


def open_loss_units(side: int, price_ticks: int, mark_price_ticks: int, lots: int, value_units: int) -> int:
    """What an order would lose at once, marked to market, if it filled at its price: max(0, s * (price - mark)) * q."""
    worse_ticks = side * (price_ticks - mark_price_ticks)
    return worse_ticks * lots * value_units if worse_ticks > 0 else 0


def maximum_leverage(brackets: Sequence[Bracket], notional_units: int) -> int:
    """The highest whole leverage the bracket of this notional admits: floor(1 / initial rate)."""
    return PPB // bracket_at(brackets, notional_units).initial_rate_ppb
