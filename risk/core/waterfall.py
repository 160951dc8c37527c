"""Steps of a liquidation (F15, F16) and how far marks may move before one is near, as pure integer functions.

    isolated:  P_bankrupt = (entry value - margin) / Q                          Q = lots * value units, lots signed
    cross:     P_bankrupt = mark - e / Q,  e = equity * maintenance / all maintenance
A round of a liquidation closes one bracket tier or a share of the position, and no more than brings equity back to
maintenance; its orders are limited to the bankruptcy price and to a band around the mark; its fee ends with the equity.
Sources: Binance's variables of the liquidation price and its brackets, Hyperliquid's partial liquidation of 20 %,
dYdX's limits (no worse than the bankruptcy price, a fee that leaves equity at zero or above).

Bankruptcy prices are rounded towards the account's solvency (up for a long, down for a short): a close at that price
leaves it less than one tick's worth, and never below zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from risk.core.margin import bracket_at, ceil_ppb, maintenance_margin_units
from risk.core.rounding import ceiling
from trading.core.instruments import Bracket
from trading.core.terms import PPB

REDUCE_BY_TIER: Final = 1
REDUCE_BY_SHARE: Final = 2

REDUCTIONS: Final = {"tier": REDUCE_BY_TIER, "share": REDUCE_BY_SHARE}


class LiquidationRules(NamedTuple):
    """Parameters of liquidation.

    `share_ppb` is what REDUCE_BY_SHARE closes of a position in a round; `buffer_ppb` is how far above maintenance, as a
    part of it, a round may bring equity; `fee_ppb` is of the value closed; `band_ppb` is around the mark.
    """

    reduce_by: int
    share_ppb: int
    buffer_ppb: int
    fee_ppb: int
    band_ppb: int


def is_liquidatable(*, equity_units: int, maintenance_units: int) -> bool:
    return equity_units < maintenance_units


def isolated_bankruptcy_price_ticks(*, lots: int, entry_value_units: int, value_units: int, margin_units: int) -> int:
    """The last price at which isolated margin and P&L are not below zero; 0 when that is no positive price."""
    return _solvent_quotient(entry_value_units - margin_units, lots * value_units)


def cross_bankruptcy_price_ticks(
    *,
    lots: int,
    mark_price_ticks: int,
    value_units: int,
    equity_units: int,
    maintenance_units: int,
    all_maintenance_units: int,
) -> int:
    """The last price at which the position's share of equity is not used up; 0 when that is no positive price.

    Closing every position of the account at its own bankruptcy price leaves equity at zero or just above.
    """
    per_tick_scaled = lots * value_units * all_maintenance_units
    share_scaled = equity_units * maintenance_units
    return _solvent_quotient(mark_price_ticks * per_tick_scaled - share_scaled, per_tick_scaled)


def lots_to_close(
    *,
    lots: int,
    lot_value_units: int,
    brackets: Sequence[Bracket],
    equity_units: int,
    other_maintenance_units: int,
    rules: LiquidationRules,
) -> int:
    """How many lots of a position to close in one round; 0 when the account is not to be liquidated.

    The step of the rules, or less when fewer lots, closed at the mark and charged the fee, bring equity to maintenance
    and its buffer. lot_value_units: one lot at mark; other_maintenance_units: of all other positions.
    """
    held = abs(lots)

    def maintenance_after(closed: int) -> int:
        return other_maintenance_units + maintenance_margin_units(brackets, (held - closed) * lot_value_units)

    def is_enough(closed: int) -> bool:
        needed = ceil_ppb(maintenance_after(closed), PPB + rules.buffer_ppb)
        return equity_units - ceil_ppb(closed * lot_value_units, rules.fee_ppb) >= needed

    if not is_liquidatable(equity_units=equity_units, maintenance_units=maintenance_after(0)):
        return 0
    step = _step_lots(held, lot_value_units, brackets, rules)
    return _fewest(step, is_enough) if is_enough(step) else step


def liquidation_limit_price_ticks(
    *, lots: int, bankruptcy_price_ticks: int, mark_price_ticks: int, band_ppb: int
) -> int:
    """The limit of the order that closes lots of this sign: the worst price in the band that bankruptcy admits.

    0 when the bankruptcy price lies beyond the band's better end: no order may do it, the position is to be taken over.
    """
    lowest = max(ceiling(mark_price_ticks * (PPB - band_ppb), PPB), 1)
    highest = mark_price_ticks * (PPB + band_ppb) // PPB
    if lots > 0:
        price = max(bankruptcy_price_ticks, lowest)
        return price if price <= highest else 0
    price = min(bankruptcy_price_ticks, highest)
    return price if price >= lowest else 0


def liquidation_fee_units(*, closed_value_units: int, equity_units: int, fee_ppb: int) -> int:
    """The fee on what was closed, rounded up, at most the equity left after the close, at least 0."""
    return max(min(ceil_ppb(closed_value_units, fee_ppb), equity_units), 0)


def safe_bound_ticks(
    lots: int, mark_price_ticks: int, value_units: int, brackets: Sequence[Bracket], share_units: int
) -> int:
    """The mark down to which a long, or up to which a short loses at most `share_units` (>= 0) of equity less
    maintenance margin.

    Conservative and rounded inwards: a long's maintenance is taken not to fall with its mark, a short's to rise at the
    rate of the highest bracket it could reach. So equity stays at maintenance while each of an account's positions is
    within the bound of its share of the slack.
    """
    if lots > 0:
        return max(mark_price_ticks - share_units // (lots * value_units), 0)
    per_tick_units = -lots * value_units
    # Cums are rounded down and maintenance up: it may rise by as many units more than its rate says.
    certain_units = max(share_units - 1 - len(brackets), 0)
    rate_ppb = bracket_at(brackets, per_tick_units * mark_price_ticks + share_units).maintenance_rate_ppb
    return mark_price_ticks + certain_units * PPB // (per_tick_units * (PPB + rate_ppb))


def _step_lots(held: int, lot_value_units: int, brackets: Sequence[Bracket], rules: LiquidationRules) -> int:
    """What one round closes at most: into the next lower bracket, all in the lowest one; or a share, rounded up."""
    if rules.reduce_by == REDUCE_BY_SHARE:
        return ceil_ppb(held, rules.share_ppb)
    floor_units = bracket_at(brackets, held * lot_value_units).floor_units
    return held - max(floor_units - 1, 0) // lot_value_units


def _fewest(highest: int, is_enough: Callable[[int], bool]) -> int:
    """The fewest lots that are enough; `highest` are, and 0 are not."""
    low, high = 0, highest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _solvent_quotient(numerator: int, signed_size: int) -> int:
    """numerator / size: up for a long, down for a short, at least 0."""
    price = -(-numerator // signed_size) if signed_size > 0 else numerator // signed_size
    return max(price, 0)
