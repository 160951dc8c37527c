"""Client order ids: unique among an account's open orders and those closed in the last 24 hours."""

from __future__ import annotations

from trading.core.accounts import Account
from trading.engine.commands import PlaceOrder
from trading.engine.events import OrderPlaced
from trading.engine.state import CLIENT_ORDER_ID_WINDOW_NS, CLOSED_CLIENT_ORDER_IDS


def order_content(order: PlaceOrder | OrderPlaced) -> int:
    """All an order asks for, its client order id apart, packed into one int: equal ints mean equal content.

    -1, the content of no accepted order, when a field is out of range.
    """
    content = order.instrument_id
    for quantity in (
        order.quantity_lots,
        order.price_ticks,
        order.trigger_price_ticks,
        order.expires_at_ns,
        order.trailing_distance_ticks,
        order.trailing_rate_ppb,
        order.activation_price_ticks,
    ):
        if not 0 <= quantity < 1 << 62:
            return -1
        content = content << 62 | quantity
    for code in (order.order_type, order.time_in_force, order.self_trade_prevention, order.trigger_by, order.side + 1):
        if not 0 <= code < 16:
            return -1
        content = content << 4 | code
    content = content << 2 | order.post_only << 1 | order.reduce_only
    if order.display_lots or order.group_id or order.attached:
        return _related_content(order, content)
    return content


def _related_content(order: PlaceOrder | OrderPlaced, content: int) -> int:
    """Of orders that have more to them; below -1, so that it equals no other's."""
    numbers = [order.display_lots, order.group_id]
    for one in order.attached:
        numbers += (one.order_type, one.price_ticks, one.trigger_price_ticks, one.trigger_by)
        numbers += (one.trailing_distance_ticks, one.trailing_rate_ppb, one.activation_price_ticks)
    for number in numbers:
        if not 0 <= number < 1 << 62:
            return -1
        content = content << 62 | number
    return -2 - content


def known_client_order(account: Account, client_order_id: str, time_ns: int) -> tuple[int, int] | None:
    """(content, order id) under this client id, None when it is free."""
    if account.client_orders is None:
        return None
    known = account.client_orders.get(client_order_id)
    if known is None:
        return None
    closed_at_ns = (account.closed_client_orders or {}).get(client_order_id)
    if closed_at_ns is not None and time_ns - closed_at_ns >= CLIENT_ORDER_ID_WINDOW_NS:
        return None
    return known


def remember(account: Account, order: OrderPlaced, time_ns: int) -> None:
    """Take up the client id of an accepted order, and drop those closed 24 hours ago or earlier."""
    if account.client_orders is None:
        account.client_orders = {}
    closed = account.closed_client_orders
    while closed:  # in order of time
        client_order_id = next(iter(closed))
        if time_ns - closed[client_order_id] < CLIENT_ORDER_ID_WINDOW_NS:
            break
        _forget(account.client_orders, closed, client_order_id)
    account.client_orders[order.client_order_id] = (order_content(order), order.order_id)


def mark_closed(account: Account, client_order_id: str, time_ns: int) -> None:
    """Start the window of a closed order's client id; only the latest 10,000 are kept."""
    assert account.client_orders is not None
    closed = account.closed_client_orders
    if closed is None:
        closed = account.closed_client_orders = {}
    closed[client_order_id] = time_ns
    if len(closed) > CLOSED_CLIENT_ORDER_IDS:
        _forget(account.client_orders, closed, next(iter(closed)))


def _forget(known: dict[str, tuple[int, int]], closed: dict[str, int], client_order_id: str) -> None:
    del closed[client_order_id]
    del known[client_order_id]
