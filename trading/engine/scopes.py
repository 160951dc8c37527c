"""Scopes of liquidation: an account's isolated position (its instrument id), or all its cross positions (0).

Equity here is settled money: funding counts once it is settled. Marks are those in force, or with `marked` and
`lot_value_units` one instrument's as it is about to be.
"""

from __future__ import annotations

from typing import Final

from risk.core.margin import maintenance_margin_units
from risk.core.waterfall import safe_bound_ticks
from trading.core.accounts import Account
from trading.core.markets import Instrument
from trading.core.positions import Position
from trading.engine.liquidation_index import SafeMark

CROSS: Final = 0


def held_by_scope(account: Account) -> dict[int, list[Position]]:
    """The scopes in which the account holds lots, each with those positions by instrument id; sorted."""
    cross: list[Position] = []
    isolated: list[Position] = []
    for position in account.positions.values():
        if position.lots:
            if position.isolated_units is None:
                cross.append(position)
            else:
                isolated.append(position)
    if len(cross) > 1:
        cross.sort(key=_instrument_id)
    scopes = {CROSS: cross} if cross else {}
    if isolated:
        for position in sorted(isolated, key=_instrument_id):
            scopes[position.instrument.instrument_id] = [position]
    return scopes


def held_in(account: Account, scope: int) -> list[Position]:
    """The positions of a scope that hold lots, by instrument id."""
    return held_by_scope(account).get(scope, [])


def margin_of(
    account: Account, scope: int, held: list[Position], marked: Instrument | None = None, lot_value_units: int = 0
) -> tuple[int, list[int]]:
    """(equity, maintenance margin of each held position) of a scope, in ledger units."""
    if scope == CROSS:
        equity = account.collateral_units or 0
        if len(held) < len(account.positions):  # else none of them is isolated
            equity -= account.isolated_units()
    else:
        equity = account.positions[scope].isolated_units or 0
    maintenance = []
    for position in held:
        instrument, lots = position.instrument, position.lots
        value_units = lot_value_units if instrument is marked else instrument.lot_value_units
        signed_units = lots * value_units
        equity += signed_units - position.entry_value_units
        maintenance.append(maintenance_margin_units(instrument.brackets, signed_units if lots > 0 else -signed_units))
    return equity, maintenance


def cross_safe_marks(account: Account, marked: Instrument | None, lot_value_units: int) -> list[SafeMark] | None:
    """As `margin_of` and `safe_marks` in one go for an account without isolated positions, in any order.

    None when it has any, or equity is below maintenance.
    """
    slack_units = account.collateral_units or 0
    all_notional_units = 0
    held: list[tuple[Instrument, int, int]] = []
    for position in account.positions.values():
        if position.isolated_units is not None:
            return None
        lots = position.lots
        if lots:
            instrument = position.instrument
            signed_units = lots * (lot_value_units if instrument is marked else instrument.lot_value_units)
            notional_units = signed_units if lots > 0 else -signed_units
            maintenance_units = maintenance_margin_units(instrument.brackets, notional_units)
            slack_units += signed_units - position.entry_value_units - maintenance_units
            all_notional_units += notional_units
            held.append((instrument, lots, notional_units))
    if slack_units < 0:
        return None
    return _shared_out(held, slack_units, all_notional_units, marked, lot_value_units)


def safe_marks(
    held: list[Position], slack_units: int, marked: Instrument | None = None, lot_value_units: int = 0
) -> list[SafeMark]:
    """For each held position: equity stays at maintenance while every mark is not beyond its own.

    slack_units: equity less maintenance, not below 0, spread by notional.
    """
    sized = []
    for position in held:
        instrument = position.instrument
        value_units = lot_value_units if instrument is marked else instrument.lot_value_units
        sized.append((instrument, position.lots, abs(position.lots) * value_units))
    all_notional_units = sum(notional_units for _, _, notional_units in sized)
    return _shared_out(sized, slack_units, all_notional_units, marked, lot_value_units)


def _shared_out(
    held: list[tuple[Instrument, int, int]],
    slack_units: int,
    all_notional_units: int,
    marked: Instrument | None,
    lot_value_units: int,
) -> list[SafeMark]:
    """Of (instrument, lots, notional) each, with its share of the slack by notional."""
    marks: list[SafeMark] = []
    for instrument, lots, notional_units in held:
        instrument_id, value_units = instrument.instrument_id, instrument.value_units
        mark_ticks = lot_value_units // value_units if instrument is marked else instrument.mark_price_ticks
        share_units = slack_units
        if notional_units != all_notional_units:
            share_units = slack_units * notional_units // all_notional_units
        ticks = safe_bound_ticks(lots, mark_ticks, value_units, instrument.brackets, share_units)
        marks.append((instrument_id, ticks) if lots > 0 else (-instrument_id, -ticks))
    return marks


def _instrument_id(position: Position) -> int:
    return position.instrument.instrument_id
