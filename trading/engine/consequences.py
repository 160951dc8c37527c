"""Parts of `apply`: what an event causes. Internal commands are queued here, triggers follow their prices."""

from __future__ import annotations

from typing import Final

from trading.core.accounts import Account
from trading.core.markets import Instrument
from trading.core.orders import Order, Special, special_of
from trading.core.positions import Position
from trading.core.terms import INSTRUMENT_NORMAL, INSURANCE_FUND
from trading.engine import events as e
from trading.engine.commands import (
    CancelGroup,
    FireMarketMakerProtection,
    InternalCommand,
    Liquidate,
    SettleFunding,
    SizeAttached,
    TriggerOrder,
    TrimReduceOnly,
    UnwindFund,
)
from trading.engine.resting import watch
from trading.engine.scopes import held_in
from trading.engine.state import State

QUEUED_COMMANDS: Final = frozenset(
    (
        TriggerOrder,
        TrimReduceOnly,
        SizeAttached,
        CancelGroup,
        FireMarketMakerProtection,
        SettleFunding,
        Liquidate,
        UnwindFund,
    )
)


def forget_trigger(state: State, order: Order) -> None:
    position, special = order.position, special_of(order)
    special.is_untriggered = False
    if not special.is_asleep:
        position.instrument.trigger_book(special.trigger_by).remove(order)
        if special.parent_order_id:
            del position.special_orders().attached[order.order_id]
    del state.untriggered[order.order_id]


def watch_price(state: State, order: Order) -> None:
    """The order watches its price from now on."""
    watch(order)
    instrument = order.position.instrument
    follow(state, instrument, special_of(order).trigger_by)
    queue_triggers(state, instrument)


def make_special(account: Account, order: Order, event: e.OrderPlaced) -> None:
    """Give a new order what only special ones have."""
    if event.group_id:
        _join_group(account, event)
    terms = event.expires_at_ns, event.trigger_by, event.display_lots, event.group_id, event.attached
    if any(terms) or event.parent_order_id or event.is_quote:
        special = order.special = Special()
        special.expires_at_ns = event.expires_at_ns
        special.group_id = event.group_id
        special.trigger_price_ticks = event.trigger_price_ticks
        special.trigger_by = event.trigger_by
        special.display_lots = event.display_lots
        special.trailing_distance_ticks = event.trailing_distance_ticks
        special.trailing_rate_ppb = event.trailing_rate_ppb
        special.activation_price_ticks = event.activation_price_ticks
        special.parent_order_id = event.parent_order_id
        special.is_asleep = event.is_asleep
        special.is_quote = event.is_quote


def _join_group(account: Account, event: e.OrderPlaced) -> None:
    """An attached order tells its parent that it is there, any other makes the order whose group it joins a member."""
    first = account.orders.get(event.group_id)
    if first is not None and event.parent_order_id:
        special_of(first).has_attached = True
    elif first is not None:
        if first.special is None:
            first.special = Special()
        first.special.group_id = event.group_id


def tell_related(state: State, order: Order, filled_lots: int) -> None:
    """An order was filled: attached ones follow in size; with the first fill the others of its group are to go."""
    special = special_of(order)
    if special.has_attached:
        size_attached(state, order)
    elif special.group_id and not special.parent_order_id and order.filled_lots == filled_lots:
        account_id = order.position.account.account_id
        queue(state, CancelGroup(b"", 0, account_id, special.group_id, order.order_id, True))


def size_attached(state: State, order: Order) -> None:
    queue(state, SizeAttached(b"", 0, order.position.account.account_id, order.order_id, order.filled_lots))


def end_parent(state: State, order: Order) -> None:
    """An order with attached ones was cancelled: without a fill they go too, else when they can reduce nothing."""
    if order.filled_lots == 0:
        size_attached(state, order)
    elif order.position.needs_trim():
        position = order.position
        queue(state, TrimReduceOnly(b"", 0, position.account.account_id, position.instrument.instrument_id))


def count_quote_fill(state: State, quote: Order, lots: int) -> None:
    position = quote.position
    protection = position.special_orders().protection
    if protection is None or protection.is_frozen(state.time_ns):
        return
    if protection.count(state.time_ns, quote.side * lots):
        account_id, instrument_id = position.account.account_id, position.instrument.instrument_id
        queue(state, FireMarketMakerProtection(b"", 0, account_id, instrument_id))


def queue(state: State, command: InternalCommand) -> None:
    state.urgent.append((state.sequence, command))


def queue_later(state: State, command: InternalCommand) -> None:
    """Behind the triggers that wait: there may be very many of these."""
    state.pending.append((state.sequence, command))


def queue_liquidations(state: State) -> None:
    """The liquidations that waited for prices and halts and need not any more."""
    for account_id, scope in sorted(state.waiting):
        held = held_in(state.accounts[account_id], scope)
        if all(position.instrument.is_ready(state.time_ns) for position in held):
            state.waiting.remove((account_id, scope))
            queue_later(state, Liquidate(b"", 0, account_id, scope))


def queue_unwinding(state: State, instrument: Instrument) -> None:
    """The insurance fund tries to get rid of what it holds with every price."""
    instrument_id = instrument.instrument_id
    position = state.accounts[INSURANCE_FUND].positions.get(instrument_id)
    if position is None or position.lots == 0 or instrument_id in state.unwinding:
        return
    if instrument.is_ready(state.time_ns):
        state.unwinding.add(instrument_id)
        queue_later(state, UnwindFund(b"", 0, instrument_id))


def queue_settling(state: State, instrument_id: int) -> None:
    state.settling.add(instrument_id)
    queue_later(state, SettleFunding(b"", 0, instrument_id))


def queue_trim(state: State, position: Position) -> None:
    """Reduce-only orders follow a position that has changed."""
    if position.needs_trim():
        queue(state, TrimReduceOnly(b"", 0, position.account.account_id, position.instrument.instrument_id))


def new_position(state: State, account: Account, instrument_id: int) -> Position:
    position = account.positions[instrument_id] = Position(account, state.instruments[instrument_id])
    return position


def follow(state: State, instrument: Instrument, trigger_by: int) -> None:
    """Trailing stops go along with the price that has moved, in every state of the instrument."""
    price_ticks = instrument.trigger_price_ticks(trigger_by)
    if state.untriggered and price_ticks:
        instrument.trigger_book(trigger_by).follow(price_ticks)


def queue_triggers(state: State, instrument: Instrument) -> None:
    """Queue every stop whose condition now holds; only while the instrument trades normally."""
    if not state.untriggered or instrument.state != INSTRUMENT_NORMAL:
        return
    for triggers, price_ticks in (
        (instrument.triggers_by_mark, instrument.mark_price_ticks),
        (instrument.triggers_by_last, instrument.last_price_ticks),
        (instrument.triggers_by_index, instrument.index_price_ticks),
    ):
        if price_ticks:
            for order in triggers.reached(price_ticks):
                special = special_of(order)
                if not special.is_queued:
                    special.is_queued = True
                    if special.group_id:
                        account_id = order.position.account.account_id
                        first = CancelGroup(b"", 0, account_id, special.group_id, order.order_id, False)
                        state.pending.append((state.sequence, first))
                    state.pending.append((state.sequence, TriggerOrder(b"", 0, order.order_id)))
