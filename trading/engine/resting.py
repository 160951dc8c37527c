"""Parts of `apply`: orders entering and leaving the book, with what they hold of their position's margin."""

from __future__ import annotations

from trading.core.order_book import leave, requeue
from trading.core.orders import Order, lots_to_hide, release_open_loss, special_of
from trading.core.positions import Position
from trading.core.terms import BUY
from trading.engine.client_orders import mark_closed
from trading.engine.state import ORDER_EXPIRES, State


def rest(order: Order, lots: int, open_loss_units: int) -> None:
    """Put the order into the book behind all others at its price."""
    position, side = order.position, order.side
    book = position.instrument.book
    order.open_lots = lots
    special = order.special
    if special is not None:
        special.hidden_lots = lots_to_hide(special.display_lots, lots)
    (book.bids if side == BUY else book.asks).add(order)
    if order.reduce_only:
        hold_reduce_only(position, side, lots)
        position.special_orders().reduce_only[order.order_id] = order
        return
    if special is not None and special.is_quote:
        position.special_orders().quotes[order.order_id] = order
    if side == BUY:  # as `hold` does: nearly every command comes here or below
        position.buy_lots += lots
    else:
        position.sell_lots += lots
    order.open_loss_units = open_loss_units
    position.open_loss_units += open_loss_units


def hold(position: Position, side: int, lots: int, open_loss_units: int) -> None:
    """Count open lots and their open loss into the position's margin (negative: out of it)."""
    if side == BUY:
        position.buy_lots += lots
    else:
        position.sell_lots += lots
    position.open_loss_units += open_loss_units


def hold_reduce_only(position: Position, side: int, lots: int) -> None:
    """Count open lots into those that may only reduce the position (negative: out of them)."""
    if side == BUY:
        position.special_orders().reduce_buy_lots += lots
    else:
        position.special_orders().reduce_sell_lots += lots


def take_off_book(state: State, order: Order, lots: int, closes: bool = True) -> None:
    """Take lots off a resting order and release what they held; with the last lot the order closes."""
    position = order.position
    order.sequence = state.sequence
    if order.reduce_only:
        hold_reduce_only(position, order.side, -lots)
    else:
        if order.side == BUY:
            position.buy_lots -= lots
        else:
            position.sell_lots -= lots
        if order.open_loss_units:
            released = release_open_loss(order, lots)
            order.open_loss_units -= released
            position.open_loss_units -= released
    if lots < order.open_lots:
        order.open_lots -= lots
        return
    leave(order)
    if order.reduce_only:
        del position.special_orders().reduce_only[order.order_id]
    elif order.special is not None and order.special.is_quote:
        del position.special_orders().quotes[order.order_id]
    if closes:  # as `close` does, to which nearly every cancel and trade comes
        position.open_orders -= 1
        del position.account.orders[order.order_id]
        if order.special is not None or order.client_order_id:
            _end_terms(state, order)


def replenish(order: Order, lots: int) -> None:
    """An iceberg whose shown lots are used up shows `lots` more, behind all others at its price."""
    special_of(order).hidden_lots -= lots
    requeue(order)


def watch(order: Order) -> None:
    """Let an untriggered order watch its price."""
    position, special = order.position, special_of(order)
    position.instrument.trigger_book(special.trigger_by).add(order)
    if special.parent_order_id:
        position.special_orders().attached[order.order_id] = order


def close(state: State, order: Order) -> None:
    """An order that is not in the book has nothing open any more."""
    order.sequence = state.sequence
    order.position.open_orders -= 1
    del order.position.account.orders[order.order_id]
    _end_terms(state, order)


def _end_terms(state: State, order: Order) -> None:
    account, special = order.position.account, order.special
    if special is not None and special.expires_at_ns:
        state.remove_timer(special.expires_at_ns, ORDER_EXPIRES, order.order_id, account.account_id)
    if order.client_order_id:
        mark_closed(account, order.client_order_id, state.time_ns)
