"""From the engine's outcome of an order command to the answer.

The read models are asked only where the outcome cannot tell: of an order placed before that has closed since, and
whether an order that is not open ever was.
"""

from collections.abc import Sequence
from typing import Final

from exchange.contract.errors import ApiError
from trading.api import answers, presenting
from trading.api.listed import scale_by_id
from trading.api.reading import reading_after
from trading.api.recent_orders import RECENT_ORDERS
from trading.api.scales import Scale
from trading.core.terms import ORDER_PARTIALLY_FILLED
from trading.engine.events import OrderPlaced, TradeExecuted
from trading.engine.replies import OrderView, Outcome
from trading.selectors import accounts, orders
from trading.selectors.sequences import journal_head

MAXIMUM_FILLS_SHOWN: Final = 500


def shown_order(outcome: Outcome, view: OrderView, *, scale: Scale) -> answers.OrderResult:
    """The order after the command, with the fills and attached orders that came of it."""
    attached_order_ids = [
        event.order_id
        for event in outcome.events
        if isinstance(event, OrderPlaced) and event.parent_order_id == view.order_id
    ]
    for order_id in (view.order_id, *attached_order_ids):
        RECENT_ORDERS.remember(account_id=view.account_id, order_id=order_id, instrument_id=view.instrument_id)
    fills = [
        presenting.taker_fill(event, side=view.side, sequence=outcome.sequence, time_ns=outcome.time_ns, scale=scale)
        for event in outcome.events
        if isinstance(event, TradeExecuted) and event.taker_order_id == view.order_id
    ]
    return presenting.order_result(view, fills=fills, attached_order_ids=attached_order_ids, scale=scale)


def instrument_id_of(*, account_id: int, order_id: int) -> int:
    """The instrument of an order of the account's own. Refuses with order_not_found, read_behind."""
    instrument_id = RECENT_ORDERS.instrument_id(account_id=account_id, order_id=order_id)
    if instrument_id is not None:
        return instrument_id
    reading = reading_after("orders", journal_head())
    row = orders.order(account_id=account_id, order_id=order_id)
    if row is None:
        raise reading.not_found("order_not_found")
    return row.instrument_id


def why_not_open(error: ApiError, *, account_id: int, order_id: int = 0, client_order_id: str = "") -> ApiError:
    """The engine forgets closed orders: its order_not_found is order_already_closed when the account had the order."""
    if error.code != "order_not_found":
        return error
    reading = reading_after("orders", journal_head())
    row = (
        orders.order(account_id=account_id, order_id=order_id)
        if order_id
        else orders.order_by_client_id(account_id=account_id, client_order_id=client_order_id)
    )
    if row is None:
        return reading.not_found("order_not_found")
    return ApiError("order_already_closed") if row.status > ORDER_PARTIALLY_FILLED else ApiError("read_behind")


def repeated_order(order_id: int, *, account_id: int, sequence: int) -> answers.OrderResult:
    """An order placed before, as it is now, with all its fills (of a great many the latest).

    Refuses with read_behind when the read models do not know it yet.
    """
    reached = min(reading_after(name, sequence).sequence for name in ("orders", "fills"))
    view = orders.order(account_id=account_id, order_id=order_id)
    if view is None or reached < sequence:
        raise ApiError("read_behind")
    rows = accounts.fills(account_id=account_id, order_id=order_id, limit=MAXIMUM_FILLS_SHOWN)
    scale = scale_by_id(view.instrument_id)
    fills = [presenting.fill(row, scale=scale) for row in rows]
    attached_order_ids = orders.attached_order_ids(account_id=account_id, parent_order_id=order_id)
    return presenting.order_result(
        view, fills=fills, attached_order_ids=attached_order_ids, is_repeated=True, scale=scale
    )


def kept_quote_ids(
    levels: Sequence[tuple[int, int]], *, account_id: int, instrument_id: int, sequence: int
) -> dict[tuple[int, int], int]:
    """The ids of the account's quotes at these (side, price_ticks) right after `sequence`.

    Empty while the read models are behind it: an earlier quote of the same price may have had another id.
    """
    reading = reading_after("orders", sequence)
    if reading.sequence < sequence:
        return {}
    return orders.quote_ids(levels, account_id=account_id, instrument_id=instrument_id, sequence=sequence)
