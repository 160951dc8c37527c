"""An account's orders. Nobody sees those of others: every function is asked for one account."""

from collections.abc import Sequence
from typing import Any, Final

from django.db import connection

from trading.engine.replies import OrderView
from trading.models import Order

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

_QUOTES: Final = """
SELECT level.side, level.price_ticks, latest.order_id
FROM unnest(%(sides)s::smallint[], %(prices)s::bigint[]) AS level(side, price_ticks) CROSS JOIN LATERAL (
    SELECT order_id FROM trading_order WHERE account_id = %(account_id)s AND instrument_id = %(instrument_id)s
        AND side = level.side AND price_ticks = level.price_ticks AND is_quote AND created_sequence <= %(sequence)s
    ORDER BY order_id DESC LIMIT 1) AS latest
"""


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


def attached_order_ids(*, account_id: int, parent_order_id: int) -> list[int]:
    """In the order in which they were given."""
    rows = Order.objects.filter(account_id=account_id, parent_order_id=parent_order_id, parent_order_id__gt=0)
    return list(rows.order_by("order_id").values_list("order_id", flat=True))


def quote_ids(
    levels: Sequence[tuple[int, int]], *, account_id: int, instrument_id: int, sequence: int
) -> dict[tuple[int, int], int]:
    """The ids of the account's latest quotes at these (side, price_ticks), of those placed up to `sequence`."""
    parameters = {
        "account_id": account_id,
        "instrument_id": instrument_id,
        "sequence": sequence,
        "sides": [side for side, _ in levels],
        "prices": [price_ticks for _, price_ticks in levels],
    }
    with connection.cursor() as cursor:
        cursor.execute(_QUOTES, parameters)
        return {(side, price_ticks): order_id for side, price_ticks, order_id in cursor.fetchall()}


def _read(conditions: str, **parameters: Any) -> list[OrderView]:
    with connection.cursor() as cursor:
        cursor.execute(_SELECT + conditions, parameters)
        return [OrderView(*row) for row in cursor.fetchall()]
