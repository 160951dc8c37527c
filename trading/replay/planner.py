"""Plans the commands that keep the replay's own book equal to the recorded one, and learns from their answers.

Commands are planned ahead of the answers: since nobody else need trade here, the planner knows what each of its own
commands will do. An answer that shows something else makes the level suspect, and the next plan sets it anew. Pure:
ids come from the given prefix and a counter, deadlines from whoever sends the commands. Levels are named as in `book`.
"""

from typing import Final, NamedTuple

from sortedcontainers import SortedDict

from trading.core.terms import BUY, EXPIRE_TAKER, GTC, IOC, LIMIT, SELL
from trading.engine.commands import (
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    Command,
    PlaceOrder,
    UpdateMarkPrice,
)
from trading.engine.events import TradeExecuted
from trading.engine.replies import Outcome
from trading.replay.book import RecordedBook, middle_ticks
from trading.replay.instrument import INSTRUMENT_ID, PARAMETERS

NO_DEADLINE: Final = 0
CLOSED: Final = frozenset({"order_not_found", "order_already_closed"})


class Resting:
    """An own order as it will be once everything sent is done. `order_id` is 0 until its placing is answered."""

    __slots__ = ("client_order_id", "open_lots", "order_id", "total_lots")

    def __init__(self, client_order_id: str, lots: int) -> None:
        self.client_order_id = client_order_id
        self.order_id = 0
        self.total_lots = lots
        self.open_lots = lots


class Step(NamedTuple):
    """A command and what its answer should show: the level's order with `lots` open, or a trade's `fills` by level."""

    command: Command
    level: int = 0
    order: Resting | None = None
    lots: int = 0
    fills: dict[int, int] | None = None


class Planner:
    """`account_id` keeps the book, `taker_account_ids` send the recorded trades in turn."""

    def __init__(self, *, book: RecordedBook, account_id: int, taker_account_ids: list[int], prefix: bytes) -> None:
        self.book = book
        self.account_id = account_id
        self.taker_account_ids = taker_account_ids
        self.own = {BUY: SortedDict(), SELL: SortedDict()}
        self.must_restart = False
        self._prefix = prefix
        self._counter = 0
        self._dirty: dict[int, None] = {}
        self._suspects: set[int] = set()
        self._mark_price_ticks = 0

    def touch(self, levels: list[int]) -> None:
        """These levels of the recorded book may have changed."""
        self._dirty.update(dict.fromkeys(levels))

    def restart(self) -> list[Step]:
        """Forgets all own orders: one command cancels them, the next plan places the whole recorded book."""
        for levels in self.own.values():
            levels.clear()
        self._suspects.clear()
        self._dirty = dict.fromkeys(self.book.levels())
        self._mark_price_ticks = 0
        self.must_restart = False
        return [Step(CancelAllOrders(self._command_id(), NO_DEADLINE, self.account_id, INSTRUMENT_ID))]

    def plan(self) -> list[Step]:
        """What makes the own book equal to the recorded one: the mark, then what takes away, then what adds."""
        away, adding = [], []
        for level in self._dirty | dict.fromkeys(sorted(self._suspects)):
            target_lots = self.book.lots(level)
            order = self._orders(level).get(level)
            if order is not None and order.open_lots == target_lots and level not in self._suspects:
                continue
            if order is not None and not self._is_amendable(order, level, target_lots):
                away.append(self._cancel(level, order))
                order = None
            if order is None:
                if target_lots:
                    adding.append(self._place(level, target_lots))
            else:
                steps = away if target_lots < order.open_lots else adding
                steps.append(self._amend(level, order, target_lots))
        self._dirty.clear()
        self._suspects.clear()
        return self._mark() + away + adding

    def suspect_best(self) -> None:
        """The engine showed other best prices than the recording: the best levels are set anew."""
        bid_ticks, ask_ticks = self.book.best()
        self._suspects.update(level for level in (bid_ticks, -ask_ticks) if level)

    def take(self, *, side: int, price_ticks: int, quantity_lots: int) -> Step:
        """A recorded trade: what it fills is taken from the own orders, best first."""
        orders, worst = self.own[-side], -side * price_ticks
        fills: dict[int, int] = {}
        left_lots = quantity_lots
        while left_lots and orders and orders.peekitem(-1)[0] >= worst:
            level, order = orders.peekitem(-1)
            fills[level] = min(left_lots, order.open_lots)
            left_lots -= fills[level]
            order.open_lots -= fills[level]
            if not order.open_lots:
                del orders[level]
        self.touch(list(fills))
        command_id = self._command_id()
        account_id = self.taker_account_ids[self._counter % len(self.taker_account_ids)]
        command = PlaceOrder(
            command_id,
            NO_DEADLINE,
            account_id,
            INSTRUMENT_ID,
            "",
            side,
            LIMIT,
            quantity_lots,
            price_ticks,
            IOC,
            EXPIRE_TAKER,
        )
        return Step(command, fills=fills)

    def answered(self, step: Step, outcome: Outcome) -> None:
        """Compares what happened with what was planned."""
        if step.fills is not None:
            self._compare_fills(step.fills, outcome)
        elif step.order is not None and outcome.order is not None:
            view = outcome.order
            step.order.order_id = view.order_id
            if view.quantity_lots - view.filled_lots - view.cancelled_lots != step.lots:
                self._suspects.add(step.level)

    def refused(self, step: Step, code: str) -> None:
        """A refused placing leaves no order, a refused amend or trade leaves its levels suspect."""
        command = step.command
        if isinstance(command, AmendOrder):
            self._suspects.add(step.level)
        elif isinstance(command, CancelOrder | CancelAllOrders):
            self.must_restart = self.must_restart or code not in CLOSED
        elif step.fills is not None:
            self._suspects.update(step.fills)
        elif self._orders(step.level).get(step.level) is step.order and step.order is not None:
            del self._orders(step.level)[step.level]

    def _compare_fills(self, planned: dict[int, int], outcome: Outcome) -> None:
        actual: dict[int, int] = {}
        for event in outcome.events:
            if isinstance(event, TradeExecuted) and event.maker_account_id == self.account_id:
                level = -event.taker_side * event.price_ticks
                actual[level] = actual.get(level, 0) + event.quantity_lots
        self._suspects.update(level for level in planned | actual if planned.get(level) != actual.get(level))

    def _mark(self) -> list[Step]:
        bid_ticks, ask_ticks = self.book.best()
        mark_price_ticks = middle_ticks(bid_ticks, ask_ticks) if bid_ticks and ask_ticks else 0
        if mark_price_ticks in (0, self._mark_price_ticks):
            return []
        self._mark_price_ticks = mark_price_ticks
        return [Step(UpdateMarkPrice(self._command_id(), NO_DEADLINE, INSTRUMENT_ID, mark_price_ticks))]

    def _is_amendable(self, order: Resting, level: int, target_lots: int) -> bool:
        """An order whose id is not known yet, or whose total would grow too large, makes room for a new one."""
        total_lots = order.total_lots - order.open_lots + target_lots
        is_known = order.order_id != 0 and level not in self._suspects
        return is_known and target_lots > 0 and total_lots <= PARAMETERS.maximum_order_lots

    def _place(self, level: int, lots: int) -> Step:
        command_id = self._command_id()
        order = Resting(f"replay-{self._prefix.hex()}-{self._counter}", lots)
        self._orders(level)[level] = order
        command = PlaceOrder(
            command_id,
            NO_DEADLINE,
            self.account_id,
            INSTRUMENT_ID,
            order.client_order_id,
            BUY if level > 0 else SELL,
            LIMIT,
            lots,
            abs(level),
            GTC,
            EXPIRE_TAKER,
        )
        return Step(command, level, order, lots)

    def _amend(self, level: int, order: Resting, lots: int) -> Step:
        order.total_lots += lots - order.open_lots
        order.open_lots = lots
        command = AmendOrder(self._command_id(), NO_DEADLINE, self.account_id, order.order_id, order.total_lots, 0)
        return Step(command, level, order, lots)

    def _cancel(self, level: int, order: Resting) -> Step:
        del self._orders(level)[level]
        client_order_id = "" if order.order_id else order.client_order_id
        return Step(
            CancelOrder(self._command_id(), NO_DEADLINE, self.account_id, order.order_id, client_order_id), level
        )

    def _orders(self, level: int) -> SortedDict:
        return self.own[BUY if level > 0 else SELL]

    def _command_id(self) -> bytes:
        """16 bytes: the prefix (8) and a counter."""
        self._counter += 1
        return self._prefix + self._counter.to_bytes(8, "big")
