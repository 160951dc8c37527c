"""Scopes of liquidation: an account's isolated position (its instrument id), or all its cross positions (0).

Equity here is settled money: funding counts once it is settled. Marks are those in force, or with `marked` and
`lot_value_units` one instrument's as it is about to be.
"""

from __future__ import annotations

from typing import Final

from risk.core.margin import maintenance_margin_units
from risk.core.waterfall import HIGHEST_TICKS, HeldPosition, safe_intervals
from trading.core.accounts import Account
from trading.core.markets import Instrument
from trading.core.positions import Position
from trading.engine.state import SETTLEMENT_ASSET

CROSS: Final = 0


def held_by_scope(account: Account) -> dict[int, list[Position]]:
    """The scopes in which the account holds lots, each with those positions by instrument id; sorted."""
    held: dict[int, list[Position]] = {}
    for instrument_id, position in sorted(account.positions.items()):
        if position.lots:
            held.setdefault(CROSS if position.isolated_units is None else instrument_id, []).append(position)
    return dict(sorted(held.items()))


def held_in(account: Account, scope: int) -> list[Position]:
    """The positions of a scope that hold lots, by instrument id."""
    return held_by_scope(account).get(scope, [])


def margin_of(
    account: Account, scope: int, held: list[Position], marked: Instrument | None = None, lot_value_units: int = 0
) -> tuple[int, list[int]]:
    """(equity, maintenance margin of each held position) of a scope, in ledger units."""
    if scope == CROSS:
        equity = account.collateral.get(SETTLEMENT_ASSET, 0) - account.isolated_units()
    else:
        equity = account.positions[scope].isolated_units or 0
    maintenance = []
    for position in held:
        instrument = position.instrument
        value_units = lot_value_units if instrument is marked else instrument.lot_value_units
        equity += position.pnl_at(value_units)
        maintenance.append(maintenance_margin_units(instrument.brackets, abs(position.lots) * value_units))
    return equity, maintenance


def safe_marks(
    held: list[Position], slack_units: int, marked: Instrument | None = None, lot_value_units: int = 0
) -> list[tuple[int, int, int]]:
    """(instrument id, low, high) for each held position: equity stays at maintenance while all marks are within.

    A low or high of 0 is no bound. slack_units: equity less maintenance, not below 0.
    """
    positions = []
    for position in held:
        instrument = position.instrument
        is_marked = instrument is marked
        mark_ticks = lot_value_units // instrument.value_units if is_marked else instrument.mark_price_ticks
        positions.append(HeldPosition(position.lots, mark_ticks, instrument.value_units, instrument.brackets))
    intervals = safe_intervals(slack_units=slack_units, positions=positions)
    return [
        (position.instrument.instrument_id, safe.low_ticks, 0 if safe.high_ticks >= HIGHEST_TICKS else safe.high_ticks)
        for position, safe in zip(held, intervals, strict=True)
    ]
