"""Which instrument an order of this process's customers is of, so that an amend needs no read before it is sent."""

from collections import OrderedDict
from threading import Lock
from typing import Final

MAXIMUM_ORDERS: Final = 100_000


class RecentOrders:
    """Remembers the orders answered last. Keyed by the account too: nobody learns of another's order through it."""

    def __init__(self, maximum_orders: int = MAXIMUM_ORDERS) -> None:
        self._instrument_ids: OrderedDict[tuple[int, int], int] = OrderedDict()
        self._maximum_orders = maximum_orders
        self._lock = Lock()

    def remember(self, *, account_id: int, order_id: int, instrument_id: int) -> None:
        with self._lock:
            self._instrument_ids[account_id, order_id] = instrument_id
            if len(self._instrument_ids) > self._maximum_orders:
                self._instrument_ids.popitem(last=False)

    def instrument_id(self, *, account_id: int, order_id: int) -> int | None:
        return self._instrument_ids.get((account_id, order_id))


RECENT_ORDERS: Final = RecentOrders()
