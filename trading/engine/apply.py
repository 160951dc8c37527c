"""The only code that changes the state: `begin` and `finish` frame a record, `apply` folds one event.

Live engine, recovery, followers and the simulator all go through here. Nothing in here can refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trading.core.orders import Order, release_open_loss
from trading.core.positions import Position
from trading.core.terms import BUY, INSTRUMENT_NORMAL, STOP, STOP_LIMIT
from trading.engine import events as e
from trading.engine.client_orders import forget_expired, mark_closed, order_content
from trading.engine.commands import (
    ActivateParameters,
    InternalCommand,
    JournaledCommand,
    TriggerOrder,
    TrimReduceOnly,
)
from trading.engine.events import AnyEvent
from trading.engine.state import (
    COMMAND_ID_GENERATION_NS,
    DOMAINS,
    Account,
    Instrument,
    State,
)


def begin(state: State, time_ns: int, command: JournaledCommand) -> None:
    """Open the next record: sequence, engine time, generations of command ids; an internal command leaves its queue."""
    assert time_ns >= state.time_ns
    state.sequence += 1
    state.time_ns = time_ns
    state.subject = None
    if time_ns - state.generation_started_ns >= COMMAND_ID_GENERATION_NS:
        state.previous_command_ids = state.recent_command_ids
        state.recent_command_ids = {}
        state.generation_started_ns = time_ns
    if not command.command_id and isinstance(command, (TriggerOrder, TrimReduceOnly)):
        _, waiting = state.pending.popleft()
        assert waiting == command
        if isinstance(command, TriggerOrder) and command.order_id in state.untriggered:
            state.untriggered[command.order_id].is_queued = False


def finish(state: State, command: JournaledCommand, events: list[AnyEvent]) -> None:
    """Close the record: remember a new command id with its sequence, drop a timer that has fired."""
    command_id = command.command_id
    if command_id:
        if not (events and isinstance(events[0], e.CommandRepeated)):
            state.recent_command_ids[command_id] = state.sequence
    elif isinstance(command, ActivateParameters):
        due_ns, _ = state.instruments[command.instrument_id].scheduled.pop(command.version)
        state.timers.remove((due_ns, command.instrument_id, command.version))


def apply(state: State, event: AnyEvent) -> None:
    """Fold one event into the state."""
    FOLDS[type(event)](state, event)


def _nothing(state: State, event: Any) -> None:
    pass


def _open_account(state: State, event: e.AccountOpened) -> None:
    if event.account_id not in state.accounts:
        state.accounts[event.account_id] = Account(event.account_id, event.user_id)


def _change_account_state(state: State, event: e.AccountStateChanged) -> None:
    state.accounts[event.account_id].state = event.state


def _change_account_limits(state: State, event: e.AccountLimitsChanged) -> None:
    state.accounts[event.account_id].maximum_open_orders = event.maximum_open_orders


def _list_instrument(state: State, event: e.InstrumentListed) -> None:
    state.instruments[event.terms.instrument_id] = Instrument(event.terms, event.parameters)


def _schedule_parameters(state: State, event: e.ParametersScheduled) -> None:
    instrument = state.instruments[event.instrument_id]
    version = event.parameters.version
    instrument.newest_version = version
    instrument.scheduled[version] = (event.effective_at_ns, event.parameters)
    state.timers.add((event.effective_at_ns, event.instrument_id, version))


def _change_parameters(state: State, event: e.ParametersChanged) -> None:
    instrument = state.instruments[event.instrument_id]
    instrument.parameters = event.parameters
    instrument.newest_version = max(instrument.newest_version, event.parameters.version)
    instrument.margin_key += 1


def _change_instrument_state(state: State, event: e.InstrumentStateChanged) -> None:
    instrument = state.instruments[event.instrument_id]
    instrument.state = event.state
    _queue_triggers(state, instrument)


def _update_mark_price(state: State, event: e.MarkPriceUpdated) -> None:
    instrument = state.instruments[event.instrument_id]
    instrument.mark_price_ticks = event.mark_price_ticks
    instrument.margin_key += 1
    _queue_triggers(state, instrument)


def _transfer_collateral(state: State, event: e.CollateralTransferred) -> None:
    state.accounts[event.account_id].collateral[event.asset] = event.balance_units
    moved = state.transferred_units.get(event.asset, 0)
    state.transferred_units[event.asset] = moved + event.amount_units


def _change_leverage(state: State, event: e.LeverageChanged) -> None:
    position = _position(state, event.account_id, event.instrument_id)
    position.leverage = event.leverage
    position.margin_key = -1


def _place_order(state: State, event: e.OrderPlaced) -> None:
    position = _position(state, event.account_id, event.instrument_id)
    account: Account = position.account
    order = Order(
        event.order_id,
        position,
        event.client_order_id,
        event.side,
        event.order_type,
        event.quantity_lots,
        event.price_ticks,
        event.time_in_force,
        event.self_trade_prevention,
        event.post_only,
        event.reduce_only,
        event.trigger_price_ticks,
        event.trigger_by,
    )
    order.created_at_ns = state.time_ns
    order.sequence = state.sequence
    state.id_counter = event.order_id // DOMAINS
    state.subject = order
    if event.client_order_id:
        forget_expired(account, state.time_ns)
        account.client_orders[event.client_order_id] = (order_content(event), event.order_id)
    if event.resting_lots == 0:
        mark_closed(account, event.client_order_id, state.time_ns)
        return
    account.orders[event.order_id] = order
    position.open_orders += 1
    if event.order_type == STOP or event.order_type == STOP_LIMIT:
        order.is_untriggered = True
        order.open_lots = event.resting_lots
        state.untriggered[event.order_id] = order
        instrument: Instrument = position.instrument
        instrument.trigger_book(event.trigger_by).add(order)
        _queue_triggers(state, instrument)
    else:
        _rest(order, event.resting_lots, event.open_loss_units)


def _execute_trade(state: State, event: e.TradeExecuted) -> None:
    maker_account = state.accounts[event.maker_account_id]
    taker_account = state.accounts[event.taker_account_id]
    maker = maker_account.orders[event.maker_order_id]
    taker = state.subject
    assert taker is not None and taker.order_id == event.taker_order_id
    instrument: Instrument = maker.position.instrument
    value_units = event.price_ticks * event.quantity_lots * instrument.value_units
    for order in (maker, taker):
        order.filled_lots += event.quantity_lots
        order.filled_value_units += value_units
    _take_off_book(state, maker, event.quantity_lots)
    state.id_counter = event.trade_id // DOMAINS

    asset = instrument.settlement_asset
    position = maker.position
    position.lots = event.maker_position_lots
    position.entry_value_units = event.maker_entry_value_units
    position.margin_key = -1
    _credit(maker_account, asset, event.maker_realised_pnl_units - event.maker_fee_units)
    position = taker.position
    position.lots = event.taker_position_lots
    position.entry_value_units = event.taker_entry_value_units
    position.margin_key = -1
    _credit(taker_account, asset, event.taker_realised_pnl_units - event.taker_fee_units)
    fees_units = event.maker_fee_units + event.taker_fee_units
    state.fees_units[asset] = state.fees_units.get(asset, 0) + fees_units

    for position in (maker.position, taker.position):
        if position.reduce_only_orders and position.exceeds_reduce_only():
            account_id: int = position.account.account_id
            _queue(state, TrimReduceOnly(b"", 0, account_id, event.instrument_id))
    instrument.last_price_ticks = event.price_ticks
    _queue_triggers(state, instrument)


def _reduce_order(state: State, event: e.OrderReduced) -> None:
    _take_off_book(state, state.accounts[event.account_id].orders[event.order_id], event.cancelled_lots)


def _cancel_order(state: State, event: e.OrderCancelled) -> None:
    order = state.accounts[event.account_id].orders.get(event.order_id)
    if order is None:
        return
    if state.subject is None:
        state.subject = order
    if event.rested:
        _take_off_book(state, order, event.cancelled_lots)
    elif order.is_untriggered:
        _forget_trigger(state, order)
        order.open_lots = 0
        _close(state, order)


def _amend_order(state: State, event: e.OrderAmended) -> None:
    order = state.accounts[event.account_id].orders[event.order_id]
    state.subject = order
    order.quantity_lots = event.quantity_lots
    order.sequence = state.sequence
    if event.untriggered:
        order.price_ticks = event.price_ticks
        order.open_lots = event.resting_lots
        _queue_triggers(state, order.position.instrument)
    elif event.requeued:
        _take_off_book(state, order, order.open_lots, closes=False)
        order.price_ticks = event.price_ticks
        if event.resting_lots:
            _rest(order, event.resting_lots, event.open_loss_units)
        else:
            _close(state, order)
    elif event.resting_lots < order.open_lots:
        _take_off_book(state, order, order.open_lots - event.resting_lots)


def _trigger_order(state: State, event: e.OrderTriggered) -> None:
    order = state.untriggered[event.order_id]
    _forget_trigger(state, order)
    state.subject = order
    order.sequence = state.sequence
    order.open_lots = 0
    if event.resting_lots:
        _rest(order, event.resting_lots, event.open_loss_units)
    else:
        _close(state, order)


def _reject_order(state: State, event: e.OrderRejected) -> None:
    order = state.untriggered[event.order_id]
    _forget_trigger(state, order)
    state.subject = order
    order.sequence = state.sequence
    order.open_lots = 0
    _close(state, order)


def _position(state: State, account_id: int, instrument_id: int) -> Position:
    account = state.accounts[account_id]
    position = account.positions.get(instrument_id)
    if position is None:
        position = account.positions[instrument_id] = Position(account, state.instruments[instrument_id])
    return position


def _credit(account: Account, asset: str, units: int) -> None:
    account.collateral[asset] = account.collateral.get(asset, 0) + units


def _rest(order: Order, lots: int, open_loss_units: int) -> None:
    """Put the order into the book behind all others at its price."""
    position = order.position
    order.open_lots = lots
    position.instrument.book.ladder(order.side).add(order)
    if order.reduce_only:
        hold_reduce_only(position, order.side, lots)
        if position.reduce_only_orders is None:
            position.reduce_only_orders = {}
        position.reduce_only_orders[order.order_id] = order
        return
    order.open_loss_units = open_loss_units
    hold(position, order.side, lots, open_loss_units)


def hold(position: Position, side: int, lots: int, open_loss_units: int) -> None:
    """Count open lots and their open loss into the position's margin (negative: out of it)."""
    if side == BUY:
        position.buy_lots += lots
    else:
        position.sell_lots += lots
    position.open_loss_units += open_loss_units
    position.margin_key = -1


def hold_reduce_only(position: Position, side: int, lots: int) -> None:
    """Count open lots into those that may only reduce the position (negative: out of them)."""
    if side == BUY:
        position.reduce_buy_lots += lots
    else:
        position.reduce_sell_lots += lots


def _take_off_book(state: State, order: Order, lots: int, closes: bool = True) -> None:
    """Take lots off a resting order and release what they held; with the last lot the order closes."""
    position = order.position
    order.sequence = state.sequence
    if order.reduce_only:
        hold_reduce_only(position, order.side, -lots)
    else:
        released = release_open_loss(order, lots)
        order.open_loss_units -= released
        hold(position, order.side, -lots, -released)
    position.instrument.book.ladder(order.side).reduce(order, lots)
    if order.open_lots == 0:
        if order.reduce_only:
            assert position.reduce_only_orders is not None
            del position.reduce_only_orders[order.order_id]
        if closes:
            _close(state, order)


def _close(state: State, order: Order) -> None:
    position = order.position
    account: Account = position.account
    order.sequence = state.sequence
    position.open_orders -= 1
    del account.orders[order.order_id]
    mark_closed(account, order.client_order_id, state.time_ns)


def _forget_trigger(state: State, order: Order) -> None:
    order.is_untriggered = False
    instrument: Instrument = order.position.instrument
    instrument.trigger_book(order.trigger_by).remove(order)
    del state.untriggered[order.order_id]


def _queue(state: State, command: InternalCommand) -> None:
    state.pending.append((state.sequence, command))


def _queue_triggers(state: State, instrument: Instrument) -> None:
    """Queue every stop whose condition now holds; only while the instrument trades normally."""
    if instrument.state != INSTRUMENT_NORMAL or not state.untriggered:
        return
    for triggers, price_ticks in (
        (instrument.triggers_by_mark, instrument.mark_price_ticks),
        (instrument.triggers_by_last, instrument.last_price_ticks),
    ):
        if price_ticks:
            for order in triggers.reached(price_ticks):
                if not order.is_queued:
                    order.is_queued = True
                    _queue(state, TriggerOrder(b"", 0, order.order_id))


FOLDS: dict[type, Callable[[State, Any], None]] = {
    e.CommandRefused: _nothing,
    e.CommandRepeated: _nothing,
    e.OrderRepeated: _nothing,
    e.AccountOpened: _open_account,
    e.AccountStateChanged: _change_account_state,
    e.AccountLimitsChanged: _change_account_limits,
    e.InstrumentListed: _list_instrument,
    e.ParametersScheduled: _schedule_parameters,
    e.ParametersChanged: _change_parameters,
    e.InstrumentStateChanged: _change_instrument_state,
    e.MarkPriceUpdated: _update_mark_price,
    e.CollateralTransferred: _transfer_collateral,
    e.LeverageChanged: _change_leverage,
    e.OrderPlaced: _place_order,
    e.TradeExecuted: _execute_trade,
    e.OrderReduced: _reduce_order,
    e.OrderCancelled: _cancel_order,
    e.OrderAmended: _amend_order,
    e.OrderTriggered: _trigger_order,
    e.OrderRejected: _reject_order,
}
