"""The engine's whole state: accounts, instruments with their books, memory of ids, and what waits to be done.

Only `trading.engine.apply` changes it. Amounts are ledger units, prices ticks, quantities lots, times UTC nanoseconds.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from sortedcontainers import SortedList

from trading.core.accounts import Account
from trading.core.markets import Instrument
from trading.core.orders import Order
from trading.core.terms import ACCOUNT_FROZEN, INSTRUMENT_NORMAL, INSURANCE_FUND
from trading.engine.commands import InternalCommand
from trading.engine.liquidation_index import LiquidationIndex
from trading.engine.rank_queues import RankQueues

DOMAINS: Final = 64
COMMAND_ID_GENERATION_NS: Final = 120 * 1_000_000_000
CLIENT_ORDER_ID_WINDOW_NS: Final = 24 * 3600 * 1_000_000_000
CLOSED_CLIENT_ORDER_IDS: Final = 10_000
NEVER_NS: Final = (1 << 62) - 1  # in the year 2116; the largest number that compiled code keeps unboxed

# Kinds of timers, and what their two numbers are.
PARAMETERS_DUE: Final = 0  # instrument id, version
ORDER_EXPIRES: Final = 1  # order id, account id
CANCEL_AFTER_DUE: Final = 2  # account id, 0
RESUMPTION_DUE: Final = 3  # instrument id, 0


class State:
    """Everything. Internal commands wait in `urgent`, which is always worked off, or, triggers and others of which
    there may be very many, in `pending`. `waiting` are the liquidations (account id, scope) that wait for prices.

    `subject` is the order the running record is about, `traded` the instrument it traded in, first at
    `first_trade_ticks`; they are transient, not part of dump or hash. `liquidation_index`, `rank_queues`, and in
    `unwinding` and `settling` the instruments for which an UnwindFund or SettleFunding is queued, follow from the rest.
    `last_id` is the last order, trade or liquidation id given, the bare domain before the first.
    `next_timer_ns` is when the first of `timers` is due, NEVER_NS when there is none.
    """

    __slots__ = (
        "accounts",
        "domain",
        "exchange_state",
        "fees_units",
        "first_trade_ticks",
        "funding_units",
        "generation_started_ns",
        "instruments",
        "last_id",
        "liquidation_index",
        "next_timer_ns",
        "pending",
        "previous_command_ids",
        "rank_queues",
        "recent_command_ids",
        "sequence",
        "settling",
        "subject",
        "time_ns",
        "timers",
        "traded",
        "transferred_units",
        "untriggered",
        "unwinding",
        "urgent",
        "waiting",
    )

    def __init__(self, domain: int) -> None:
        assert 0 <= domain < DOMAINS
        self.domain = domain
        self.sequence = 0
        self.time_ns = 0
        self.last_id = domain
        self.exchange_state = INSTRUMENT_NORMAL
        self.accounts: dict[int, Account] = {INSURANCE_FUND: Account(INSURANCE_FUND, 0)}
        self.accounts[INSURANCE_FUND].state = ACCOUNT_FROZEN
        self.instruments: dict[int, Instrument] = {}
        self.untriggered: dict[int, Order] = {}
        self.fees_units: dict[str, int] = {}
        self.funding_units: dict[str, int] = {}
        self.transferred_units: dict[str, int] = {}
        self.generation_started_ns = 0
        self.recent_command_ids: dict[bytes, int] = {}
        self.previous_command_ids: dict[bytes, int] = {}
        self.pending: deque[tuple[int, InternalCommand]] = deque()
        self.urgent: deque[tuple[int, InternalCommand]] = deque()
        self.waiting: set[tuple[int, int]] = set()
        self.unwinding: set[int] = set()
        self.settling: set[int] = set()
        self.liquidation_index = LiquidationIndex()
        self.rank_queues = RankQueues()
        self.timers = SortedList()
        self.next_timer_ns = NEVER_NS
        self.subject: Order | None = None
        self.traded: Instrument | None = None
        self.first_trade_ticks = 0

    def add_timer(self, due_ns: int, kind: int, first: int, second: int) -> None:
        self.timers.add((due_ns, kind, first, second))
        self.next_timer_ns = self.timers[0][0]

    def remove_timer(self, due_ns: int, kind: int, first: int, second: int) -> None:
        self.timers.remove((due_ns, kind, first, second))
        self.next_timer_ns = self.timers[0][0] if self.timers else NEVER_NS

    def next_id(self, ahead: int) -> int:
        """The order, trade or liquidation id `ahead` (>= 1) steps from the last one given."""
        return self.last_id + ahead * DOMAINS

    def ids_given(self) -> int:
        """How many so far."""
        return self.last_id // DOMAINS
