"""The engine's whole state: accounts, instruments with their books, memory of ids, and what waits to be done.

Only `trading.engine.apply` changes it. Amounts are ledger units, prices ticks, quantities lots, times UTC nanoseconds.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from sortedcontainers import SortedList

from trading.core.instruments import InstrumentParameters, InstrumentTerms
from trading.core.order_book import OrderBook
from trading.core.orders import Order
from trading.core.positions import Position
from trading.core.terms import ACCOUNT_NORMAL, INSTRUMENT_NORMAL, TRIGGER_BY_LAST, TRIGGER_BY_MARK
from trading.core.triggers import TriggerBook
from trading.engine.commands import InternalCommand

SETTLEMENT_ASSET: Final = "USDT"
DOMAINS: Final = 64
COMMAND_ID_GENERATION_NS: Final = 120 * 1_000_000_000
CLIENT_ORDER_ID_WINDOW_NS: Final = 24 * 3600 * 1_000_000_000
CLOSED_CLIENT_ORDER_IDS: Final = 10_000


class Account:
    """A trading account. `orders` are all its open ones by id, `closed_client_orders` the close time by client id.

    `client_orders` maps a client order id, open or lately closed, to (content, order id).
    """

    __slots__ = (
        "account_id",
        "client_orders",
        "closed_client_orders",
        "collateral",
        "maximum_open_orders",
        "orders",
        "positions",
        "state",
        "user_id",
    )

    def __init__(self, account_id: int, user_id: int) -> None:
        self.account_id = account_id
        self.user_id = user_id
        self.state = ACCOUNT_NORMAL
        self.maximum_open_orders = 0
        self.collateral: dict[str, int] = {}
        self.positions: dict[int, Position] = {}
        self.orders: dict[int, Order] = {}
        self.client_orders: dict[str, tuple[int, int]] = {}
        self.closed_client_orders: dict[str, int] = {}


class Instrument:
    """A listed instrument. `margin_key` changes whenever mark price or parameters do; it is no state."""

    __slots__ = (
        "book",
        "instrument_id",
        "last_price_ticks",
        "margin_key",
        "mark_price_ticks",
        "newest_version",
        "parameters",
        "scheduled",
        "settlement_asset",
        "state",
        "terms",
        "triggers_by_last",
        "triggers_by_mark",
        "value_units",
    )

    def __init__(self, terms: InstrumentTerms, parameters: InstrumentParameters) -> None:
        self.terms = terms
        self.parameters = parameters
        self.instrument_id = terms.instrument_id
        self.settlement_asset = terms.settlement_asset
        self.value_units = terms.value_units
        self.newest_version = parameters.version
        self.scheduled: dict[int, tuple[int, InstrumentParameters]] = {}
        self.state = INSTRUMENT_NORMAL
        self.mark_price_ticks = 0
        self.last_price_ticks = 0
        self.margin_key = 0
        self.book = OrderBook()
        self.triggers_by_mark = TriggerBook()
        self.triggers_by_last = TriggerBook()

    def trigger_book(self, trigger_by: int) -> TriggerBook:
        assert trigger_by in (TRIGGER_BY_MARK, TRIGGER_BY_LAST)
        return self.triggers_by_mark if trigger_by == TRIGGER_BY_MARK else self.triggers_by_last


class State:
    """Everything. `subject` is the order the running record is about; it is transient, not part of dump or hash."""

    __slots__ = (
        "accounts",
        "domain",
        "fees_units",
        "generation_started_ns",
        "id_counter",
        "instruments",
        "pending",
        "previous_command_ids",
        "recent_command_ids",
        "sequence",
        "subject",
        "time_ns",
        "timers",
        "transferred_units",
        "untriggered",
    )

    def __init__(self, domain: int) -> None:
        assert 0 <= domain < DOMAINS
        self.domain = domain
        self.sequence = 0
        self.time_ns = 0
        self.id_counter = 0
        self.accounts: dict[int, Account] = {}
        self.instruments: dict[int, Instrument] = {}
        self.untriggered: dict[int, Order] = {}
        self.fees_units: dict[str, int] = {}
        self.transferred_units: dict[str, int] = {}
        self.generation_started_ns = 0
        self.recent_command_ids: dict[bytes, int] = {}
        self.previous_command_ids: dict[bytes, int] = {}
        self.pending: deque[tuple[int, InternalCommand]] = deque()
        self.timers = SortedList()
        self.subject: Order | None = None

    def next_id(self, ahead: int) -> int:
        """The order or trade id `ahead` (>= 1) steps from the last one given."""
        return (self.id_counter + ahead) * DOMAINS + self.domain
