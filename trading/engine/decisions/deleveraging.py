"""Positions closed against a bankrupt one at its bankruptcy price, by rank (F17); and its passing to the fund."""

from __future__ import annotations

from typing import Final

from risk.core.deleveraging import RankedPosition, in_queue_order, rank_ppb, rank_scaled
from trading.core.accounts import Account
from trading.core.positions import Position, fill_position
from trading.core.terms import CANCEL_DELEVERAGING, INSURANCE_FUND
from trading.engine.decisions.cancels import cancelled
from trading.engine.events import AnyEvent
from trading.engine.funding import funding_settled
from trading.engine.isolated import isolated_margin_changed
from trading.engine.risk_events import PositionAssigned
from trading.engine.scopes import CROSS, held_in, margin_of
from trading.engine.state import State

MOST_COUNTERPARTS: Final = 100


def deleverage(
    state: State, liquidation_id: int, position: Position, price_ticks: int
) -> tuple[int, int, list[AnyEvent]]:
    """(lots closed, P&L of the position, events) against the head of the queue on the other side."""
    instrument_id = position.instrument.instrument_id
    lots, entry_value_units = position.lots, position.entry_value_units
    closed_lots = realised_units = 0
    events: list[AnyEvent] = []
    for place, ranked in enumerate(queue_against(state, position)[:MOST_COUNTERPARTS], 1):
        counterpart = state.accounts[ranked.account_id].positions[instrument_id]
        chosen = min(abs(lots), ranked.lots)
        events += [
            cancelled(order, CANCEL_DELEVERAGING)
            for _, order in sorted(counterpart.account.orders.items())
            if order.position is counterpart
        ]
        if counterpart.is_unsettled():
            events.append(funding_settled(counterpart))
        rank = rank_ppb(ranked.rank_scaled)
        event = assigned(
            liquidation_id, position, (lots, entry_value_units), counterpart, chosen, price_ticks, place, rank
        )
        events.append(event)
        if counterpart.isolated_units is not None:
            gained_units = event.counterparty_realised_pnl_units
            after = event.counterparty_position_lots, event.counterparty_entry_value_units
            events += isolated_margin_changed(counterpart, *after, gained_units)
        lots, entry_value_units = event.position_lots, event.entry_value_units
        realised_units += event.realised_pnl_units
        closed_lots += chosen
        if lots == 0:
            break
    return closed_lots, realised_units, events


def queue_against(state: State, position: Position) -> list[RankedPosition]:
    """Everybody who holds the other side, highest rank first; the insurance fund after all others."""
    instrument_id, side = position.instrument.instrument_id, 1 if position.lots > 0 else -1
    ranked: list[RankedPosition] = []
    last: list[RankedPosition] = []
    for account_id, account in state.accounts.items():
        other = account.positions.get(instrument_id)
        if other is None or other.lots * side >= 0:
            continue
        (last if account_id == INSURANCE_FUND else ranked).append(
            RankedPosition(account_id, abs(other.lots), _rank_scaled(account, other))
        )
    return in_queue_order(ranked) + last


def assigned(
    liquidation_id: int,
    position: Position,
    held: tuple[int, int],
    counterpart: Position,
    lots: int,
    price_ticks: int,
    place: int = 0,
    rank: int = 0,
) -> PositionAssigned:
    """The close of `lots` of a position, that is at `held` (lots, entry value) by now, against the counterpart."""
    instrument = position.instrument
    side = -1 if position.lots > 0 else 1
    lot_value_units = price_ticks * instrument.value_units
    own_lots, own_entry, own_pnl = fill_position(*held, side, lots, lot_value_units)
    other_lots, other_entry, other_pnl = fill_position(
        counterpart.lots, counterpart.entry_value_units, -side, lots, lot_value_units
    )
    return PositionAssigned(
        liquidation_id,
        instrument.instrument_id,
        price_ticks,
        lots,
        side,
        position.account.account_id,
        own_pnl,
        own_lots,
        own_entry,
        counterpart.account.account_id,
        other_pnl,
        other_lots,
        other_entry,
        place,
        rank,
    )


def _rank_scaled(account: Account, position: Position) -> int:
    """F17 with the position's share of its scope's equity, by maintenance margin."""
    scope = CROSS if position.isolated_units is None else position.instrument.instrument_id
    held = held_in(account, scope)
    equity, maintenances = margin_of(account, scope, held)
    share_units = equity * maintenances[held.index(position)] // sum(maintenances)
    return rank_scaled(
        lots=position.lots,
        entry_value_units=position.entry_value_units,
        equity_units=share_units,
        lot_value_units=position.instrument.lot_value_units,
    )
