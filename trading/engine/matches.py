"""What a walk through the book did to both sides of each match, as events."""

from __future__ import annotations

from typing import Final

from risk.core.margin import ceil_ppb
from trading.core.orders import NOT_SPECIAL, Order
from trading.core.positions import Position, fill_position
from trading.engine.events import AnyEvent, OrderCancelled, TradeExecuted
from trading.engine.funding import funding_settled
from trading.engine.isolated import isolated_margin_changed
from trading.engine.state import State

TRADE: Final = 0
_NO_GAIN: Final = (None, 0)


def state_matches(
    matches: list[tuple[Order, int, int]],
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
    `matches` as in `Execution`; `ids_used`: how many ids the events before these took. The taker of a liquidation pays
    no fee here, and its margin is left to the liquidation.
    """
    instrument = taker.instrument
    instrument_id, taker_id = instrument.instrument_id, taker.account.account_id
    maker_fee_ppb = instrument.parameters.maker_fee_ppb
    taker_fee_ppb = 0 if is_liquidation else instrument.taker_fee_ppb
    funding_index = instrument.funding_index
    taker_owes = taker.is_unsettled()
    taker_gain = 0
    isolated: dict[int, tuple[Position, int]] = {}
    taker_lots, taker_entry = taker.lots, taker.entry_value_units
    running: dict[int, tuple[int, int]] = {}
    icebergs: dict[int, tuple[int, int]] = {}
    for maker, lots, kind in matches:
        special = maker.special or NOT_SPECIAL
        maker_position = maker.position
        maker_id = maker_position.account.account_id
        price = maker.price_ticks
        if kind != TRADE:
            events.append(
                OrderCancelled(
                    maker.order_id, maker_id, instrument_id, -side, price, lots, True, kind, special.hidden_lots
                )
            )
            continue
        lot_value = price * instrument.value_units
        if maker_position.funding_index != funding_index and maker_id not in running and maker_position.lots:
            events.append(funding_settled(maker_position))
        if taker_owes:
            events.append(funding_settled(taker))
            taker_owes = False
        lots_before, entry_before = running.get(maker_id) or (maker_position.lots, maker_position.entry_value_units)
        maker_lots, maker_entry, maker_pnl = fill_position(lots_before, entry_before, -side, lots, lot_value)
        running[maker_id] = (maker_lots, maker_entry)
        taker_lots, taker_entry, taker_pnl = fill_position(taker_lots, taker_entry, side, lots, lot_value)
        ids_used += 1
        maker_fee, taker_fee = ceil_ppb(lot_value * lots, maker_fee_ppb), ceil_ppb(lot_value * lots, taker_fee_ppb)
        events.append(
            TradeExecuted(
                state.next_id(ids_used),
                instrument_id,
                price,
                lots,
                side,
                maker.order_id,
                maker_id,
                maker_fee,
                maker_pnl,
                maker_lots,
                maker_entry,
                order_id,
                taker_id,
                taker_fee,
                taker_pnl,
                taker_lots,
                taker_entry,
                _replenished_lots(maker, lots, icebergs) if special.hidden_lots else 0,
            )
        )
        if maker_position.isolated_units is not None:
            isolated[maker_id] = (maker_position, isolated.get(maker_id, _NO_GAIN)[1] + maker_pnl - maker_fee)
        taker_gain += taker_pnl - taker_fee
    for maker_id, (position, gained) in isolated.items():
        events.extend(isolated_margin_changed(position, *running[maker_id], gained))
    if taker.isolated_units is not None and not is_liquidation:
        events.extend(isolated_margin_changed(taker, taker_lots, taker_entry, taker_gain))


def _replenished_lots(maker: Order, lots: int, icebergs: dict[int, tuple[int, int]]) -> int:
    """What an iceberg shows next after a fill; `icebergs` keeps (shown, hidden) lots by order id during a walk."""
    special = maker.special or NOT_SPECIAL
    shown, hidden = icebergs.get(maker.order_id) or (maker.open_lots - special.hidden_lots, special.hidden_lots)
    shown -= lots
    replenished = min(special.display_lots, hidden) if shown == 0 else 0
    icebergs[maker.order_id] = (shown + replenished, hidden - replenished)
    return replenished
