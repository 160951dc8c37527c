"""What a walk through the book did to both sides of each match, as events."""

from __future__ import annotations

from typing import Final

from trading.core.orders import NOT_SPECIAL, Order
from trading.core.positions import Position, fill_position
from trading.core.terms import PPB
from trading.engine.events import AnyEvent, OrderCancelled, TradeExecuted
from trading.engine.funding import funding_settled
from trading.engine.isolated import isolated_margin_changed
from trading.engine.state import DOMAINS, State

TRADE: Final = 0


def state_matches(
    matches: list[tuple[Order, int, int, int]],
    taker: Position,
    side: int,
    order_id: int,
    state: State,
    ids_used: int,
    events: list[AnyEvent],
    is_liquidation: bool = False,
) -> None:
    """Append the trades and makers' cancels of a walk that `order_id` made for the position `taker`, in walk order.

    Before its first fill a position pays the funding it owes; afterwards isolated ones have their margin adjusted.
    `matches` as in `Walk`; `ids_used`: how many ids the events before these took. The taker of a liquidation pays
    no fee here, and its margin is left to the liquidation.
    """
    instrument = taker.instrument
    instrument_id, taker_id = instrument.instrument_id, taker.account.account_id
    maker_fee_ppb = instrument.parameters.maker_fee_ppb
    funding_index = instrument.funding_index
    are_isolated = taker.isolated_units is not None and not is_liquidation
    first, trade_id = len(events), state.next_id(ids_used + 1)
    taker_lots, taker_entry, taker_owes = taker.lots, taker.entry_value_units, taker.is_unsettled()
    running: dict[int, tuple[int, int]] = {}
    icebergs: dict[int, tuple[int, int]] = {}
    for maker, lots, kind, taker_fee_units in matches:
        special = maker.special
        maker_position = maker.position
        maker_id, price = maker_position.account.account_id, maker.price_ticks
        if kind != TRADE:
            events.append(_maker_cancelled(maker, lots, kind, icebergs))
            continue
        lot_value = price * instrument.value_units
        if maker_position.funding_index != funding_index and maker_id not in running and maker_position.lots:
            events.append(funding_settled(maker_position))
        if taker_owes:
            events.append(funding_settled(taker))
            taker_owes = False
        lots_before, entry_before = maker_position.lots, maker_position.entry_value_units
        if maker_id in running:
            lots_before, entry_before = running[maker_id]
        maker_lots, maker_entry, maker_pnl = fill_position(lots_before, entry_before, -side, lots, lot_value)
        running[maker_id] = (maker_lots, maker_entry)
        taker_lots, taker_entry, taker_pnl = fill_position(taker_lots, taker_entry, side, lots, lot_value)
        trade = TradeExecuted(
            trade_id, instrument_id, price, lots, side,
            maker.order_id, maker_id, -(-lot_value * lots * maker_fee_ppb // PPB), maker_pnl, maker_lots, maker_entry,
            order_id, taker_id, taker_fee_units if not is_liquidation else 0, taker_pnl, taker_lots, taker_entry,
            _replenished_lots(maker, lots, icebergs) if special is not None and special.hidden_lots else 0,
        )  # fmt: skip
        events.append(trade)
        trade_id += DOMAINS
        if maker_position.isolated_units is not None:
            are_isolated = True
    if are_isolated:
        events += _isolated_margins(events[first:], instrument_id, state, None if is_liquidation else taker)


def _maker_cancelled(maker: Order, lots: int, reason: int, icebergs: dict[int, tuple[int, int]]) -> OrderCancelled:
    position = maker.position
    _, hidden_lots = icebergs.get(maker.order_id) or (0, (maker.special or NOT_SPECIAL).hidden_lots)
    account_id, instrument_id = position.account.account_id, position.instrument.instrument_id
    ticks = maker.price_ticks
    return OrderCancelled(maker.order_id, account_id, instrument_id, maker.side, ticks, lots, True, reason, hidden_lots)


def _isolated_margins(
    events: list[AnyEvent], instrument_id: int, state: State, taker: Position | None
) -> list[AnyEvent]:
    """What these trades make of the margins of isolated positions: makers' by their first fill, then the taker's."""
    makers: dict[int, list[TradeExecuted]] = {}
    trades = [event for event in events if isinstance(event, TradeExecuted)]
    for trade in trades:
        makers.setdefault(trade.maker_account_id, []).append(trade)
    changes: list[AnyEvent] = []
    for account_id, fills in makers.items():
        position = state.accounts[account_id].positions[instrument_id]
        if position.isolated_units is not None:
            gained_units = sum(fill.maker_realised_pnl_units - fill.maker_fee_units for fill in fills)
            after = fills[-1].maker_position_lots, fills[-1].maker_entry_value_units
            changes += isolated_margin_changed(position, *after, gained_units)
    if taker is not None and taker.isolated_units is not None and trades:
        gained_units = sum(fill.taker_realised_pnl_units - fill.taker_fee_units for fill in trades)
        after = trades[-1].taker_position_lots, trades[-1].taker_entry_value_units
        changes += isolated_margin_changed(taker, *after, gained_units)
    return changes


def _replenished_lots(maker: Order, lots: int, icebergs: dict[int, tuple[int, int]]) -> int:
    """What an iceberg shows next after a fill; `icebergs` keeps (shown, hidden) lots by order id during a walk."""
    special = maker.special or NOT_SPECIAL
    shown, hidden = icebergs.get(maker.order_id) or (maker.open_lots - special.hidden_lots, special.hidden_lots)
    shown -= lots
    replenished = min(special.display_lots, hidden) if shown == 0 else 0
    icebergs[maker.order_id] = (shown + replenished, hidden - replenished)
    return replenished
