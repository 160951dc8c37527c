"""The only code that changes the state: `advance` makes or follows one record, a fold applies one event of it.

Live engine, recovery, followers and the simulator all go through here. No fold can refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from trading.core.accounts import NO_ORDERS
from trading.core.markets import Instrument
from trading.core.orders import Order, is_untriggered, special_of
from trading.core.terms import SETTLEMENT_ASSET, TRIGGER_BY_INDEX, TRIGGER_BY_LAST, TRIGGER_BY_MARK
from trading.engine import events as e
from trading.engine.apply_accounts import ACCOUNT_FOLDS
from trading.engine.apply_risk import RISK_FOLDS, go_on_liquidating
from trading.engine.client_orders import mark_closed, remember
from trading.engine.commands import (
    ActivateParameters,
    JournaledCommand,
    Liquidate,
    SettleFunding,
    TriggerOrder,
    UnwindFund,
)
from trading.engine.consequences import (
    QUEUED_COMMANDS,
    count_quote_fill,
    end_parent,
    follow,
    forget_trigger,
    make_special,
    new_position,
    queue_liquidations,
    queue_settling,
    queue_triggers,
    queue_trim,
    queue_unwinding,
    size_attached,
    tell_related,
    watch_price,
)
from trading.engine.decide import DECISIONS, decline
from trading.engine.events import AnyEvent, CommandRepeated
from trading.engine.fields import fields_of_placed, fields_of_trade, ordinary_fields_of_placed
from trading.engine.funding import drop_settled
from trading.engine.resting import close, replenish, rest, take_off_book
from trading.engine.state import (
    COMMAND_ID_GENERATION_NS,
    ORDER_EXPIRES,
    PARAMETERS_DUE,
    RESUMPTION_DUE,
    State,
)


def advance(
    state: State, time_ns: int, command: JournaledCommand, events: list[AnyEvent] | None = None
) -> list[AnyEvent]:
    """The next record, whole: open it, decide it unless its events are known, apply these and close it; its events.

    time_ns: its stamp in UTC nanoseconds, not before `state.time_ns`, which whoever stamps or folds records sees to.
    One function, as a call costs as much as ten steps of what is done here with every command.
    """
    state.sequence += 1
    state.time_ns = time_ns
    state.subject = None
    if time_ns - state.generation_started_ns >= COMMAND_ID_GENERATION_NS:
        state.previous_command_ids = state.recent_command_ids
        state.recent_command_ids = {}
        state.generation_started_ns = time_ns
    command_id = command.command_id
    if not command_id and type(command) in QUEUED_COMMANDS:
        _leave_queue(state, command)
    if events is None:
        if (
            command_id in state.recent_command_ids  # an empty one never is
            or command_id in state.previous_command_ids
            or 0 < command.valid_until_ns < time_ns
        ):
            events = decline(state, command)
        else:
            events = DECISIONS[type(command)](state, command)
    event: AnyEvent | None = None
    for event in events:
        FOLDS[type(event)](state, event)
    traded = state.traded
    if traded is not None:
        state.traded = None
        if state.untriggered and traded.last_price_ticks != state.first_trade_ticks:
            follow(state, traded, TRIGGER_BY_LAST)
            queue_triggers(state, traded)
    if not command_id:
        _end_internal(state, command, events)
    elif type(event) is not CommandRepeated:  # which is its record's only event
        state.recent_command_ids[command_id] = state.sequence
    return events


def _leave_queue(state: State, command: JournaledCommand) -> None:
    """An internal command's turn has come."""
    _, waiting = (state.urgent or state.pending).popleft()
    assert waiting == command
    if isinstance(command, TriggerOrder) and command.order_id in state.untriggered:
        special_of(state.untriggered[command.order_id]).is_queued = False
    elif isinstance(command, UnwindFund):
        state.unwinding.remove(command.instrument_id)
    elif isinstance(command, SettleFunding):
        state.settling.remove(command.instrument_id)


def _end_internal(state: State, command: JournaledCommand, events: list[AnyEvent]) -> None:
    """What follows from the end of an internal command's record."""
    if isinstance(command, Liquidate):
        go_on_liquidating(state, command, events)
    elif isinstance(command, SettleFunding):
        if drop_settled(state, state.instruments[command.instrument_id]):
            queue_settling(state, command.instrument_id)
    elif isinstance(command, ActivateParameters):
        due_ns, _ = state.instruments[command.instrument_id].scheduled.pop(command.version)
        state.remove_timer(due_ns, PARAMETERS_DUE, command.instrument_id, command.version)


def _nothing(state: State, event: Any) -> None:
    pass


def _list_instrument(state: State, event: e.InstrumentListed) -> None:
    state.instruments[event.terms.instrument_id] = Instrument(event.terms, event.parameters)


def _schedule_parameters(state: State, event: e.ParametersScheduled) -> None:
    instrument = state.instruments[event.instrument_id]
    version = event.parameters.version
    instrument.newest_version = version
    instrument.scheduled[version] = (event.effective_at_ns, event.parameters)
    state.add_timer(event.effective_at_ns, PARAMETERS_DUE, event.instrument_id, version)


def _change_parameters(state: State, event: e.ParametersChanged) -> None:
    instrument = state.instruments[event.instrument_id]
    instrument.adopt(event.parameters)
    for account_id, account in state.accounts.items():
        if event.instrument_id in account.positions:
            state.liquidation_index.note(account_id)


def _change_instrument_state(state: State, event: e.InstrumentStateChanged) -> None:
    instrument = state.instruments[event.instrument_id]
    instrument.be_in(event.state, state.exchange_state)
    if instrument.resume_at_ns:
        state.remove_timer(instrument.resume_at_ns, RESUMPTION_DUE, event.instrument_id, 0)
        instrument.resume_at_ns = 0
    queue_triggers(state, instrument)


def _update_mark_price(state: State, event: e.MarkPriceUpdated) -> None:
    instrument = state.instruments[event.instrument_id]
    instrument.mark(event.mark_price_ticks)
    instrument.marked_at_ns = state.time_ns
    if event.index_price_ticks:
        instrument.index_price_ticks = event.index_price_ticks
    if instrument.watches_volatility():
        window_ns = instrument.parameters.risk.volatility_window_ns
        instrument.window.add(state.time_ns, event.mark_price_ticks, window_ns)
        instrument.set_band()
    follow(state, instrument, TRIGGER_BY_MARK)
    follow(state, instrument, TRIGGER_BY_INDEX)
    queue_triggers(state, instrument)
    if state.waiting:
        queue_liquidations(state)
    queue_unwinding(state, instrument)


def _place_special_order(state: State, event: e.SpecialOrderPlaced) -> None:
    _place_order(state, event, is_special=True)


def _place_order(state: State, event: e.OrderPlaced, is_special: bool = False) -> None:
    (order_id, account_id, instrument_id, client_order_id, side, order_type, quantity_lots, price_ticks, time_in_force,
     self_trade_prevention, post_only, reduce_only, _, trigger_by, resting_lots, _, open_loss_units,
    ) = ordinary_fields_of_placed(event) if is_special else fields_of_placed(event)  # fmt: skip
    account = state.accounts[account_id]
    position = account.positions.get(instrument_id)
    if position is None:
        position = new_position(state, account, instrument_id)
    order = Order()
    order.order_id = order_id
    order.position = position
    order.side = side
    order.price_ticks = price_ticks
    order.quantity_lots = quantity_lots
    order.open_lots = 0
    order.client_order_id = client_order_id
    order.order_type = order_type
    order.time_in_force = time_in_force
    order.self_trade_prevention = self_trade_prevention
    order.post_only = post_only
    order.reduce_only = reduce_only
    order.created_at_ns = state.time_ns
    order.sequence = state.sequence
    order.open_loss_units = 0
    order.filled_lots = 0
    order.filled_value_units = 0
    order.special = None
    if is_special:
        make_special(account, order, event)
    state.last_id = order_id
    if state.subject is None:
        state.subject = order
    if client_order_id:
        remember(account, event, state.time_ns)
    if resting_lots == 0:
        if client_order_id:
            mark_closed(account, client_order_id, state.time_ns)
        return
    if account.orders is NO_ORDERS:
        account.orders = {}
    account.orders[order_id] = order
    position.open_orders += 1
    if is_special and event.expires_at_ns:
        state.add_timer(event.expires_at_ns, ORDER_EXPIRES, order_id, account_id)
    if trigger_by:
        _wait_for_trigger(state, order, resting_lots)
    else:
        rest(order, resting_lots, open_loss_units)


def _wait_for_trigger(state: State, order: Order, lots: int) -> None:
    special = special_of(order)
    special.is_untriggered = True
    order.open_lots = lots
    state.untriggered[order.order_id] = order
    if not special.is_asleep:
        watch_price(state, order)


def _execute_trade(state: State, event: e.TradeExecuted) -> None:
    (trade_id, _, price_ticks, lots, _,
     maker_order_id, maker_account_id, maker_fee_units, maker_pnl_units, maker_lots, maker_entry_units,
     _, taker_account_id, taker_fee_units, taker_pnl_units, taker_lots, taker_entry_units,
     replenished_lots,
    ) = fields_of_trade(event)  # fmt: skip
    maker_account = state.accounts[maker_account_id]
    maker, taker = maker_account.orders[maker_order_id], state.subject
    assert taker is not None
    maker_position, taker_position = maker.position, taker.position
    instrument = maker_position.instrument
    value_units = price_ticks * lots * instrument.value_units
    maker.filled_lots += lots
    maker.filled_value_units += value_units
    taker.filled_lots += lots
    taker.filled_value_units += value_units
    take_off_book(state, maker, lots)
    if replenished_lots:
        replenish(maker, replenished_lots)
    state.last_id = trade_id

    asset = instrument.settlement_asset
    noted = state.liquidation_index.noted
    noted[maker_account_id] = noted[taker_account_id] = True
    if maker_position.lots == 0:
        maker_position.funding_index = instrument.funding_index
    maker_position.lots = maker_lots
    maker_position.entry_value_units = maker_entry_units
    maker_position.margin_key = -1
    if taker_position.lots == 0:
        taker_position.funding_index = instrument.funding_index
    taker_position.lots = taker_lots
    taker_position.entry_value_units = taker_entry_units
    taker_position.margin_key = -1
    taker_account = taker_position.account
    maker_units, taker_units = maker_pnl_units - maker_fee_units, taker_pnl_units - taker_fee_units
    if asset == SETTLEMENT_ASSET:  # what `credit` does, without its calls
        maker_account.collateral_units = (maker_account.collateral_units or 0) + maker_units
        taker_account.collateral_units = (taker_account.collateral_units or 0) + taker_units
    else:
        maker_account.credit(asset, maker_units)
        taker_account.credit(asset, taker_units)
    fees_units = state.fees_units
    fees_units[asset] = fees_units.get(asset, 0) + maker_fee_units + taker_fee_units

    if maker_position.special is not None:  # else there is nothing to trim: two calls spared
        queue_trim(state, maker_position)
    if taker_position.special is not None:
        queue_trim(state, taker_position)
    if maker.special is not None:
        tell_related(state, maker, lots)
    if taker.special is not None:
        tell_related(state, taker, lots)
    if maker.special is not None and maker.special.is_quote:
        count_quote_fill(state, maker, lots)
    instrument.last_price_ticks = price_ticks
    if state.traded is None:  # prices within a record only move one way: the first and the last tell all
        state.traded, state.first_trade_ticks = instrument, price_ticks
        if state.untriggered:
            follow(state, instrument, TRIGGER_BY_LAST)
            queue_triggers(state, instrument)


def _reduce_order(state: State, event: e.OrderReduced) -> None:
    take_off_book(state, state.accounts[event.account_id].orders[event.order_id], event.cancelled_lots)


def _cancel_order(state: State, event: e.OrderCancelled) -> None:
    order = state.accounts[event.account_id].orders.get(event.order_id)
    if order is None:  # it has filled or not, and what is left of it does not rest
        order = state.subject
        assert order is not None and order.order_id == event.order_id
    elif event.rested:
        take_off_book(state, order, event.cancelled_lots)
    elif is_untriggered(order):
        forget_trigger(state, order)
        order.open_lots = 0
        close(state, order)
    if state.subject is None:
        state.subject = order
    if order.special is not None and order.special.has_attached:
        end_parent(state, order)


def _amend_order(state: State, event: e.OrderAmended) -> None:
    order = state.accounts[event.account_id].orders[event.order_id]
    state.subject = order
    order.quantity_lots = event.quantity_lots
    order.sequence = state.sequence
    if event.untriggered:
        order.price_ticks = event.price_ticks
        order.open_lots = event.resting_lots
        if event.wakes:
            special_of(order).is_asleep = False
            watch_price(state, order)
        else:
            queue_triggers(state, order.position.instrument)
    elif event.requeued:
        take_off_book(state, order, order.open_lots, closes=False)
        order.price_ticks = event.price_ticks
        if event.resting_lots:
            rest(order, event.resting_lots, event.open_loss_units)
        else:
            close(state, order)
    elif event.resting_lots < order.open_lots:
        if order.special is not None:
            order.special.hidden_lots = event.hidden_lots
        take_off_book(state, order, order.open_lots - event.resting_lots)


def _trigger_order(state: State, event: e.OrderTriggered) -> None:
    order = state.untriggered[event.order_id]
    forget_trigger(state, order)
    state.subject = order
    order.sequence = state.sequence
    order.open_lots = 0
    if event.resting_lots:
        rest(order, event.resting_lots, event.open_loss_units)
    else:
        close(state, order)


def _reject_order(state: State, event: e.OrderRejected) -> None:
    order = state.untriggered[event.order_id]
    forget_trigger(state, order)
    state.subject = order
    order.sequence = state.sequence
    order.open_lots = 0
    close(state, order)
    if order.special is not None and order.special.has_attached:
        size_attached(state, order)


FOLDS: Final[dict[type, Callable[[State, Any], None]]] = {
    e.CommandRefused: _nothing,
    e.CommandRepeated: _nothing,
    e.OrderRepeated: _nothing,
    e.InstrumentListed: _list_instrument,
    e.ParametersScheduled: _schedule_parameters,
    e.ParametersChanged: _change_parameters,
    e.InstrumentStateChanged: _change_instrument_state,
    e.MarkPriceUpdated: _update_mark_price,
    e.OrderPlaced: _place_order,
    e.SpecialOrderPlaced: _place_special_order,
    e.TradeExecuted: _execute_trade,
    e.OrderReduced: _reduce_order,
    e.OrderCancelled: _cancel_order,
    e.OrderAmended: _amend_order,
    e.OrderTriggered: _trigger_order,
    e.OrderRejected: _reject_order,
    **ACCOUNT_FOLDS,
    **RISK_FOLDS,
}
