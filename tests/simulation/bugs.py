"""Mistakes made on purpose, each a small patch of production code (or of the journal's storage) for a with-block.

The simulator must catch every one: `test_bugs.py` names the seed that does.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import msgspec

from tests.simulation import fake_journal, simulator
from trading.core import triggers
from trading.core.accounts import Account
from trading.core.order_book import Ladder
from trading.core.orders import Order
from trading.core.positions import Position, fill_position
from trading.core.terms import PPB
from trading.core.triggers import TriggerBook
from trading.engine import apply, client_orders, consequences, engine, execution, matches, snapshot
from trading.engine.commands import CancelAfter, FireCancelAfter, PlaceOrder, PlaceSpecialOrder
from trading.engine.decide import DECISIONS
from trading.engine.decisions import cancels, orders
from trading.engine.events import CancelAfterSet, CommandRepeated, OrderCancelled, TradeExecuted
from trading.engine.execution import Execution
from trading.engine.state import NEVER_NS, ORDER_EXPIRES, State
from trading.engine.walk import Walk
from trading.worker.group_commit import GroupCommit
from trading.worker.recovery import recover

BUGS: dict[str, Callable[[], Any]] = {}


def bug(function: Callable[[], Iterator[None]]) -> Callable[[], Any]:
    BUGS[function.__name__] = contextmanager(function)
    return BUGS[function.__name__]


@bug
def replies_before_the_commit():
    def commit(self: GroupCommit) -> None:
        self._tell(dict(self._open.replies))
        original(self)

    original = GroupCommit._commit
    with patch.object(GroupCommit, "_commit", commit):
        yield


@bug
def the_fence_is_skipped():
    def settle(self: Any) -> None:
        batch, committed = self._under_way
        self._database.batches.append(batch)
        self._under_way = None
        committed()

    with patch.object(fake_journal.FakeJournal, "settle", settle):
        yield


@bug
def a_lost_answer_makes_it_write_again():
    def settle(self: Any) -> None:
        batch, committed = self._under_way
        before = len(self._database.batches)
        try:
            original(self)
        except simulator.Crashed:
            if len(self._database.batches) == before:
                raise
            self._database.batches.append(batch)
            self._under_way = None
            committed()

    original = fake_journal.FakeJournal.settle
    with patch.object(fake_journal.FakeJournal, "settle", settle):
        yield


@bug
def fees_are_rounded_for_the_customer():
    def state_matches(found: Any, taker: Position, side: int, *more: Any) -> None:
        original(found, taker, side, *more)
        instrument, events = taker.instrument, more[3]
        for place, event in enumerate(events):
            if isinstance(event, TradeExecuted):
                units = event.price_ticks * event.quantity_lots * instrument.value_units
                maker_units = units * instrument.parameters.maker_fee_ppb // PPB
                taker_units = event.taker_fee_units and units * instrument.taker_fee_ppb // PPB
                fees = {"maker_fee_units": maker_units, "taker_fee_units": taker_units}
                events[place] = msgspec.structs.replace(event, **fees)

    original = execution.state_matches
    with patch.object(execution, "state_matches", state_matches):
        yield


@bug
def released_cost_is_rounded_for_the_customer():
    def fill(lots: int, entry: int, side: int, fill_lots: int, lot_value: int) -> tuple[int, int, int]:
        after, left, realised = fill_position(lots, entry, side, fill_lots, lot_value)
        if lots * side < 0 and entry * min(fill_lots, abs(lots)) % abs(lots):
            return after, left + 1, realised + 1
        return after, left, realised

    with patch.object(matches, "fill_position", fill):
        yield


@bug
def command_ids_are_forgotten_at_restart():
    def forgetful(**parts: Any) -> engine.Engine:
        recovered = recover(**parts)
        recovered.state.recent_command_ids.clear()
        return recovered

    with patch.object(simulator, "recover", forgetful):
        yield


@bug
def valid_until_is_ignored():
    def decline(state: State, command: Any) -> list[Any]:
        events = original(state, command)
        return events if isinstance(events[0], CommandRepeated) else DECISIONS[type(command)](state, command)

    original = apply.decline
    with patch.object(apply, "decline", decline):
        yield


@bug
def snapshots_lack_the_reduce_only_queue():
    def dump_position(instrument_id: int, position: Position) -> list[Any]:
        return [*original(instrument_id, position)[:-1], []]

    original = snapshot._dump_position
    with patch.object(snapshot, "_dump_position", dump_position):
        yield


@bug
def snapshots_lack_closed_client_orders():
    def dump_account(account: Any) -> list[Any]:
        fields = original(account)
        fields[5] = [entry for entry in fields[5] if entry[0] not in (account.closed_client_orders or {})]
        fields[6] = []
        return fields

    original = snapshot._dump_account
    with patch.object(snapshot, "_dump_account", dump_account):
        yield


@bug
def the_newest_order_trades_first():
    original = execution.Execution.walk

    def walk(self: Execution, opposite: Ladder) -> None:
        levels = list(opposite.walk())
        for level in levels:
            _turn(level)
        try:
            original(self, opposite)
        finally:
            for level in levels:
                _turn(level)

    with patch.object(Execution, "walk", walk):
        yield


def _turn(level: Any) -> None:
    order: Order | None = level.oldest
    while order is not None:
        order.older, order.newer = order.newer, order.older
        order = order.older
    level.oldest, level.newest = level.newest, level.oldest


@bug
def the_margin_check_forgets_fees():
    def forgetful(self: Walk, opposite: Ladder) -> None:
        original(self, opposite)
        self.taker_fees_units = 0

    original = Walk.walk
    with patch.object(Walk, "walk", forgetful):
        yield


@bug
def open_losses_hold_no_margin():
    with patch.object(execution, "open_loss_units", lambda *given: 0):
        yield


@bug
def reduce_only_may_flip():
    with patch.object(Execution, "_reduce_only_room", lambda self: ""):
        yield


@bug
def reduce_only_is_never_trimmed():
    with patch.object(Position, "needs_trim", lambda self: False):
        yield


@bug
def users_trade_with_themselves():
    original = Walk.walk

    def walk(self: Walk, opposite: Ladder) -> None:
        position = self.position
        self.position = position.mirror(Account(position.account.account_id, -1))
        original(self, opposite)
        self.position = position

    with patch.object(Walk, "walk", walk):
        yield


@bug
def a_sequence_is_skipped_after_a_refusal():
    def advance(state: State, time_ns: int, command: Any, events: list[Any] | None = None) -> list[Any]:
        events = original(state, time_ns, command, events)
        if events and type(events[0]).__name__ == "CommandRefused" and state.sequence % 7 == 0:
            state.sequence += 1
        return events

    original = engine.advance
    with patch.object(engine, "advance", advance):
        yield


@bug
def time_may_go_back_after_a_restart():
    """The clock is taken as it is; the worker's assertion ends the process again and again."""
    with patch.object(GroupCommit, "_stamp", lambda self: self._clock()):
        yield


@bug
def stops_trigger_in_a_halt():
    with patch.object(consequences, "INSTRUMENT_NORMAL", 4), patch.object(orders, "INSTRUMENT_NORMAL", 4):
        yield


@bug
def client_order_ids_are_free_after_the_close():
    with patch.object(client_orders, "CLIENT_ORDER_ID_WINDOW_NS", 0):
        yield


@bug
def the_open_orders_limit_is_off_by_one():
    def place(decide: Any, state: State, command: PlaceOrder) -> list[Any]:
        account = state.accounts.get(command.account_id)
        position = account.positions.get(command.instrument_id) if account is not None else None
        if position is None:
            return decide(state, command)
        position.open_orders -= 1
        try:
            return decide(state, command)
        finally:
            position.open_orders += 1

    kinds = (PlaceOrder, PlaceSpecialOrder)
    with patch.dict(DECISIONS, {kind: partial(place, DECISIONS[kind]) for kind in kinds}):
        yield


@bug
def take_profits_wait_like_stops():
    def waiting(self: TriggerBook, order: Order) -> Any:
        return self.rising if order.side > 0 else self.falling

    with patch.object(TriggerBook, "_waiting", waiting):
        yield


@bug
def snapshots_lack_expiries():
    original = snapshot._load_order

    def load_order(state: State, *given: Any) -> Order:
        with patch.object(State, "add_timer", lambda *ignored: None):
            return original(state, *given)

    with patch.object(snapshot, "_load_order", load_order), patch.object(State, "remove_timer", _remove_if_there):
        yield


def _remove_if_there(self: State, *timer: int) -> None:
    self.timers.discard(timer)
    self.next_timer_ns = self.timers[0][0] if self.timers else NEVER_NS


@bug
def renewing_a_switch_keeps_its_first_deadline():
    original = cancels.cancel_after

    def cancel_after(state: State, command: CancelAfter) -> list[Any]:
        (event,) = original(state, command)
        account = state.accounts.get(command.account_id)
        if isinstance(event, CancelAfterSet) and event.deadline_ns and account and account.cancel_after_ns:
            return [CancelAfterSet(event.account_id, account.cancel_after_ns)]
        return [event]

    with patch.dict(DECISIONS, {CancelAfter: cancel_after}):
        yield


@bug
def the_switch_spares_orders_that_wait():
    original = cancels.fire_cancel_after

    def fire(state: State, command: FireCancelAfter) -> list[Any]:
        events = original(state, command)
        waiting = [order_id for order_id in state.accounts[command.account_id].orders if order_id in state.untriggered]
        return [one for one in events if not (isinstance(one, OrderCancelled) and one.order_id in waiting)]

    with patch.dict(DECISIONS, {FireCancelAfter: fire}):
        yield


@bug
def orders_expire_a_moment_early():
    original = State.add_timer

    def add(self: State, due_ns: int, kind: int, first: int, second: int) -> None:
        original(self, due_ns - (kind == ORDER_EXPIRES), kind, first, second)

    def remove(self: State, due_ns: int, kind: int, first: int, second: int) -> None:
        removing(self, due_ns - (kind == ORDER_EXPIRES), kind, first, second)

    removing = State.remove_timer
    with patch.object(State, "add_timer", add), patch.object(State, "remove_timer", remove):
        yield


@bug
def an_expiring_order_does_not_rest():
    with patch.object(execution, "GTD", -1):
        yield


@bug
def trailing_stops_stay_where_they_became_active():
    original = TriggerBook._trail

    def trail(self: TriggerBook, order: Order, price_ticks: int) -> None:
        trigger_price_ticks = order.special.trigger_price_ticks
        original(self, order, price_ticks)
        if trigger_price_ticks:
            self.remove(order)
            order.special.trigger_price_ticks = trigger_price_ticks
            self.add(order)

    with patch.object(TriggerBook, "_trail", trail):
        yield


@bug
def a_trailing_rate_is_rounded_towards_the_price():
    original = triggers.trailing_trigger_ticks

    def rounded(order: Order) -> int:
        off = order.special.extreme_price_ticks * order.special.trailing_rate_ppb % PPB != 0
        return max(1, original(order) - order.side * off)

    with patch.object(triggers, "trailing_trigger_ticks", rounded):
        yield
