"""Positions closed against a bankrupt one at its bankruptcy price, by rank (F17); and its passing to the fund."""

from __future__ import annotations

from typing import Final, NamedTuple

from risk.core.deleveraging import rank_ppb
from trading.core.positions import Position, fill_position
from trading.core.terms import CANCEL_DELEVERAGING
from trading.engine.decisions.cancels import cancelled
from trading.engine.events import AnyEvent
from trading.engine.funding import funding_settled
from trading.engine.isolated import isolated_after_fills
from trading.engine.requirements import cross_equity_units, isolated_equity_units
from trading.engine.risk_events import IsolatedMarginChanged, PositionAssigned
from trading.engine.state import State

MOST_COUNTERPARTS: Final = 100


class Close(NamedTuple):
    """What is closed against one counterpart, at which price."""

    counterpart: Position
    rank_scaled: int
    lots: int
    price_ticks: int


def deleverage(
    state: State, liquidation_id: int, position: Position, price_ticks: int
) -> tuple[int, int, list[AnyEvent]]:
    """(lots closed, the position's realised P&L in units, events) against the head of the queue on the other side."""
    lots, entry_value_units = position.lots, position.entry_value_units
    closed_lots = realised_units = 0
    events: list[AnyEvent] = []
    closes = _at_bankruptcy_price(state, position, price_ticks) or _at_own_prices(state, position)
    for place, close in enumerate(closes, 1):
        counterpart = close.counterpart
        events += [
            cancelled(order, CANCEL_DELEVERAGING)
            for _, order in sorted(counterpart.account.orders.items())
            if order.position is counterpart
        ]
        if counterpart.is_unsettled():
            events.append(funding_settled(counterpart))
        event = assigned(
            liquidation_id,
            position,
            (lots, entry_value_units),
            counterpart,
            close.lots,
            close.price_ticks,
            place,
            rank_ppb(close.rank_scaled),
        )
        events.append(event)
        events += _isolated_after_close(counterpart, event)
        lots, entry_value_units = event.position_lots, event.entry_value_units
        realised_units += event.realised_pnl_units
        closed_lots += close.lots
    return closed_lots, realised_units, events


def _at_bankruptcy_price(state: State, position: Position, price_ticks: int) -> list[Close]:
    """Everybody closes as many lots as its equity bears the loss of; none when nobody bears a single one."""
    instrument = position.instrument
    side = 1 if position.lots > 0 else -1
    lot_cost_units = side * (price_ticks - instrument.mark_price_ticks) * instrument.value_units
    left, closes = abs(position.lots), []
    for counterpart, rank in state.rank_queues.holders(state, instrument.instrument_id, -side):
        lots = min(left, abs(counterpart.lots))
        if lot_cost_units > 0:
            lots = min(lots, _bearable_units(counterpart) // lot_cost_units)
        if lots:
            closes.append(Close(counterpart, rank, lots, price_ticks))
            left -= lots
            if left == 0 or len(closes) == MOST_COUNTERPARTS:
                break
    return closes


def _at_own_prices(state: State, position: Position) -> list[Close]:
    """Everybody pays what it has and no more; the rest of the deficit stays where it is."""
    instrument = position.instrument
    side = 1 if position.lots > 0 else -1
    left, closes = abs(position.lots), []
    for counterpart, rank in state.rank_queues.holders(state, instrument.instrument_id, -side):
        lots = min(left, abs(counterpart.lots))
        borne_ticks = _bearable_units(counterpart) // (lots * instrument.value_units)
        closes.append(Close(counterpart, rank, lots, instrument.mark_price_ticks + side * borne_ticks))
        left -= lots
        if left == 0 or len(closes) == MOST_COUNTERPARTS:
            break
    return closes


def _bearable_units(counterpart: Position) -> int:
    """What its scope has to lose, owed funding paid."""
    if counterpart.isolated_units is None:
        return max(0, cross_equity_units(counterpart.account))
    return max(0, isolated_equity_units(counterpart))


def _isolated_after_close(counterpart: Position, event: PositionAssigned) -> list[AnyEvent]:
    """An isolated counterpart gets margin back as after trades, but pays itself what the close costs beyond that.

    With nothing held it has none any more; only a liquidation of it still settles what is missing.
    """
    if counterpart.isolated_units is None:
        return []
    held_units = counterpart.isolated_units - counterpart.owed_funding_units()
    after = event.counterparty_position_lots, event.counterparty_entry_value_units
    units = isolated_after_fills(counterpart, *after, held_units)
    liquidations = counterpart.account.liquidations
    if event.counterparty_position_lots or (liquidations is not None and event.instrument_id in liquidations):
        units += min(0, held_units - units + event.counterparty_realised_pnl_units)
    if units == held_units:
        return []
    return [IsolatedMarginChanged(event.counterparty_id, event.instrument_id, units)]


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
