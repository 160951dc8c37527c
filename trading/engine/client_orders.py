"""Client order ids: unique among an account's open orders and those closed in the last 24 hours."""

from __future__ import annotations

from trading.engine.commands import PlaceOrder
from trading.engine.events import OrderPlaced
from trading.engine.state import CLIENT_ORDER_ID_WINDOW_NS, CLOSED_CLIENT_ORDER_IDS, Account


def order_content(order: PlaceOrder | OrderPlaced) -> int:
    """All an order asks for, its client order id apart, packed into one int: equal ints mean equal content.

    -1, the content of no accepted order, when a field is out of range.
    """
    content = order.instrument_id
    for quantity in (order.quantity_lots, order.price_ticks, order.trigger_price_ticks):
        if not 0 <= quantity < 1 << 62:
            return -1
        content = content << 62 | quantity
    for code in (order.order_type, order.time_in_force, order.self_trade_prevention, order.trigger_by, order.side + 1):
        if not 0 <= code < 16:
            return -1
        content = content << 4 | code
    return content << 2 | order.post_only << 1 | order.reduce_only


def known_client_order(account: Account, client_order_id: str, time_ns: int) -> tuple[int, int] | None:
    """(content, order id) under this client id, None when it is free."""
    known = account.client_orders.get(client_order_id)
    if known is None:
        return None
    closed_at_ns = account.closed_client_orders.get(client_order_id)
    if closed_at_ns is not None and time_ns - closed_at_ns >= CLIENT_ORDER_ID_WINDOW_NS:
        return None
    return known


def mark_closed(account: Account, client_order_id: str, time_ns: int) -> None:
    """Start the window of a closed order's client id; only the latest 10,000 are kept."""
    if not client_order_id:
        return
    account.closed_client_orders[client_order_id] = time_ns
    if len(account.closed_client_orders) > CLOSED_CLIENT_ORDER_IDS:
        _forget(account, next(iter(account.closed_client_orders)))


def forget_expired(account: Account, time_ns: int) -> None:
    """Drop the client ids of orders closed 24 hours ago or earlier; closes are in order of time."""
    closed = account.closed_client_orders
    while closed:
        client_order_id = next(iter(closed))
        if time_ns - closed[client_order_id] < CLIENT_ORDER_ID_WINDOW_NS:
            return
        _forget(account, client_order_id)


def _forget(account: Account, client_order_id: str) -> None:
    del account.closed_client_orders[client_order_id]
    del account.client_orders[client_order_id]
