"""What fills make of an isolated position's own margin."""

from __future__ import annotations

from risk.core.margin import initial_margin_units
from trading.core.positions import Position
from trading.engine.events import AnyEvent
from trading.engine.requirements import cross_equity_units, leverage_of
from trading.engine.risk_events import IsolatedMarginChanged


def initial_alone_units(position: Position, lots: int, leverage: int = 0) -> int:
    """Initial margin of so many lots without any orders; `leverage` in place of the position's own."""
    return initial_margin_units(position.instrument, lots, 0, 0, 0, leverage or leverage_of(position))


def isolated_after_fills(
    position: Position, lots: int, entry_value_units: int, held_units: int, free_units: int | None = None
) -> int:
    """The margin of an isolated position that comes to these lots and entry value, in ledger units.

    It gives back its share of what is closed, and gets initial margin and open loss of what is added: with `free_units`
    (the account's cross equity as if the position had no margin at all) at most what is there.
    held_units: its margin, owed funding paid.
    """
    before, entry_before = position.lots, position.entry_value_units
    if lots == 0:
        return 0
    if lots * before < 0:
        before = entry_before = held_units = 0
    elif abs(lots) <= abs(before):
        return held_units - held_units * (abs(before) - abs(lots)) // abs(before)
    value_units = (lots - before) * position.instrument.lot_value_units
    needed = max(0, initial_alone_units(position, lots) - initial_alone_units(position, before))
    needed += max(0, entry_value_units - entry_before - value_units)
    if free_units is not None:
        needed = min(needed, max(0, free_units - held_units))
    return held_units + needed


def isolated_margin_changed(position: Position, lots: int, entry_value_units: int, gained_units: int) -> list[AnyEvent]:
    """The event that adjusts an isolated position's margin once a record's fills brought it here; none without change.

    gained_units: realised P&L less fees of these fills.
    """
    account, before = position.account, position.isolated_units
    assert before is not None
    owed_units = position.owed_funding_units()
    free_units = cross_equity_units(account) + before - owed_units + gained_units
    after = isolated_after_fills(position, lots, entry_value_units, before - owed_units, free_units)
    if after == before - owed_units:
        return []
    return [IsolatedMarginChanged(account.account_id, position.instrument.instrument_id, after)]
