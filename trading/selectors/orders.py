"""An account's orders. Nobody sees those of others: every function is asked for one account."""

from typing import Any, Final

from django.db import connection

from trading.engine.replies import OrderView

_SELECT: Final = """
SELECT o.order_id, o.account_id, o.instrument_id, o.client_order_id, o.side, o.order_type, o.quantity_lots,
    o.price_ticks, o.time_in_force, o.self_trade_prevention, o.post_only, o.reduce_only, o.trigger_price_ticks,
    o.trigger_by, o.status, CASE WHEN o.status = 5 THEN o.cancel_reason ELSE 0 END, o.reject_code, o.filled_lots,
    o.filled_tick_lots * i.value_units, o.cancelled_lots, o.created_at_ns, o.updated_at_ns, o.sequence,
    o.expires_at_ns, o.trailing_distance_ticks, o.trailing_rate_ppb, o.activation_price_ticks, o.display_lots,
    o.parent_order_id, o.group_id, o.is_quote
FROM trading_order o JOIN trading_instrument i USING (instrument_id)
WHERE o.account_id = %(account_id)s
"""
_OPEN: Final = " AND o.status <= 3"  # as in the index over open orders
_CLOSED: Final = " AND o.status > 3"


def orders(
    *,
    account_id: int,
    is_open: bool | None,
    limit: int,
    instrument_id: int | None = None,
    before_order_id: int | None = None,
) -> list[OrderView]:
    """Open or closed orders, or with None both; the newest placed first, those before `before_order_id` if given."""
    conditions = {None: "", True: _OPEN, False: _CLOSED}[is_open]
    if instrument_id is not None:
        conditions += " AND o.instrument_id = %(instrument_id)s"
    if before_order_id is not None:
        conditions += " AND o.order_id < %(before_order_id)s"
    return _read(
        conditions + " ORDER BY o.order_id DESC LIMIT %(limit)s",
        account_id=account_id,
        instrument_id=instrument_id,
        before_order_id=before_order_id,
        limit=limit,
    )


def order(*, account_id: int, order_id: int) -> OrderView | None:
    """None when the account has no such order."""
    return next(iter(_read(" AND o.order_id = %(order_id)s", account_id=account_id, order_id=order_id)), None)


def order_by_client_id(*, account_id: int, client_order_id: str) -> OrderView | None:
    """The latest order with this client order id; None when there is none."""
    found = _read(
        " AND o.client_order_id = %(client_order_id)s AND o.client_order_id <> '' ORDER BY o.order_id DESC LIMIT 1",
        account_id=account_id,
        client_order_id=client_order_id,
    )
    return next(iter(found), None)


def _read(conditions: str, **parameters: Any) -> list[OrderView]:
    with connection.cursor() as cursor:
        cursor.execute(_SELECT + conditions, parameters)
        return [OrderView(*row) for row in cursor.fetchall()]
