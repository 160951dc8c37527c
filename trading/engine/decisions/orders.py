"""Placing orders, and stops becoming active."""

from __future__ import annotations

from typing import Final

from trading.core.orders import lots_to_hide
from trading.core.positions import Position
from trading.core.terms import (
    ACCOUNT_NORMAL,
    EXPIRE_BOTH,
    EXPIRE_MAKER,
    GTC,
    GTD,
    INSTRUMENT_CANCEL_ONLY,
    INSTRUMENT_NORMAL,
    INSTRUMENT_POST_ONLY,
    LIMIT,
    MARKET_TYPES,
    TRAILING_STOP,
    TRIGGER_BY_INDEX,
    TRIGGERED_TYPES,
)
from trading.engine.client_orders import known_client_order, order_content
from trading.engine.commands import PlaceOrder, TriggerOrder
from trading.engine.decisions.related import is_priced_rightly, special_refusal, state_attached, trails_rightly
from trading.engine.events import AnyEvent, OrderPlaced, OrderRejected, OrderRepeated, OrderTriggered
from trading.engine.execution import Execution
from trading.engine.refusal import refuse
from trading.engine.state import State

LONGEST_CLIENT_ORDER_ID: Final = 36


def place_order(state: State, command: PlaceOrder) -> list[AnyEvent]:
    account = state.accounts.get(command.account_id)
    if account is None:
        return refuse(command, "account_not_found")
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return refuse(command, "instrument_not_found")
    if command.client_order_id:
        known = known_client_order(account, command.client_order_id, state.time_ns)
        if known is not None:
            content, order_id = known
            if content == order_content(command):
                return [OrderRepeated(command.account_id, order_id)]
            return refuse(command, "duplicate_client_order_id")
    position = account.positions.get(command.instrument_id) or Position(account, instrument)
    code = _refusal(command, position, state.time_ns)
    if code:
        return refuse(command, code)
    order_id = state.next_id(1)
    execution: Execution | None = None
    resting_lots, cut_lots, open_loss_units = command.quantity_lots, 0, 0
    if command.order_type not in TRIGGERED_TYPES:
        execution = Execution(position, command, command.quantity_lots, command.price_ticks)
        code = execution.plan()
        if code:
            return refuse(command, code)
        resting_lots, cut_lots = execution.resting_lots, execution.cut_lots
        open_loss_units = execution.open_loss_units
    events: list[AnyEvent] = [
        OrderPlaced(
            order_id,
            command.account_id,
            command.instrument_id,
            command.client_order_id,
            command.side,
            command.order_type,
            command.quantity_lots,
            command.price_ticks,
            command.time_in_force,
            command.self_trade_prevention,
            command.post_only,
            command.reduce_only,
            command.trigger_price_ticks,
            command.trigger_by,
            resting_lots,
            cut_lots,
            open_loss_units,
            command.expires_at_ns,
            command.trailing_distance_ticks,
            command.trailing_rate_ppb,
            command.activation_price_ticks,
            command.display_lots,
            lots_to_hide(command.display_lots, resting_lots),
            0,
            command.group_id,
            False,
            False,
            command.attached,
        )
    ]
    if execution is not None and (execution.matches or resting_lots != command.quantity_lots):
        execution.state_events(state, order_id, 1, events)
    if command.attached:
        filled_lots = execution.filled_lots if execution is not None else 0
        if resting_lots or filled_lots:
            state_attached(state, command, order_id, filled_lots, events)
    return events


def trigger_order(state: State, command: TriggerOrder) -> list[AnyEvent]:
    """A stop whose price was reached becomes a market or limit order, checked now; a refusal closes it."""
    order = state.untriggered.get(command.order_id)
    if order is None:
        return []
    position = order.position
    account = position.account
    instrument = position.instrument
    if instrument.state != INSTRUMENT_NORMAL:
        return []
    execution = Execution(position, order, order.open_lots, order.price_ticks)
    is_restricted = account.may_not_place(order.reduce_only) or account.is_being_liquidated(position)
    code = "account_restricted" if is_restricted else execution.plan()
    if code:
        return [OrderRejected(order.order_id, account.account_id, instrument.instrument_id, order.open_lots, code)]
    events: list[AnyEvent] = [
        OrderTriggered(
            order.order_id,
            account.account_id,
            instrument.instrument_id,
            order.side,
            order.price_ticks,
            execution.resting_lots,
            execution.cut_lots,
            execution.open_loss_units,
        )
    ]
    execution.state_events(state, order.order_id, 0, events)
    return events


def _refusal(command: PlaceOrder, position: Position, time_ns: int) -> str:
    """Rules 3 to 7: shape, size, states, number of open orders."""
    order_type, time_in_force = command.order_type, command.time_in_force
    price_ticks, trigger_price_ticks = command.price_ticks, command.trigger_price_ticks
    is_market = order_type in MARKET_TYPES
    waits = order_type in TRIGGERED_TYPES
    rests = time_in_force == GTC or time_in_force == GTD
    is_plain = order_type == LIMIT and rests
    if (
        (command.side != 1 and command.side != -1)
        or not LIMIT <= order_type <= TRAILING_STOP
        or not GTC <= time_in_force <= GTD
        or not EXPIRE_MAKER <= command.self_trade_prevention <= EXPIRE_BOTH
        or len(command.client_order_id) > LONGEST_CLIENT_ORDER_ID
        or (rests and is_market)
        or (command.post_only and not is_plain)
        or (trigger_price_ticks != 0) != (waits and order_type != TRAILING_STOP)
        or (command.trigger_by != 0) != waits
        or not 0 <= command.trigger_by <= TRIGGER_BY_INDEX
        or (time_in_force == GTD and command.expires_at_ns <= time_ns)
        or (time_in_force != GTD and command.expires_at_ns != 0)
        or not trails_rightly(command)
    ):
        return "invalid_parameter"
    account, instrument = position.account, position.instrument
    if command.display_lots or command.group_id or command.attached:
        code = special_refusal(command, position, is_plain)
        if code:
            return code
    if not 1 <= command.quantity_lots <= instrument.maximum_order_lots:
        return "invalid_quantity"
    highest = instrument.maximum_price_ticks
    if price_ticks != 0 if is_market else not 1 <= price_ticks <= highest:
        return "invalid_price"
    if not 0 <= trigger_price_ticks <= highest:
        return "invalid_price"
    if not (0 <= command.trailing_distance_ticks <= highest and 0 <= command.activation_price_ticks <= highest):
        return "invalid_price"
    if command.attached and not all(is_priced_rightly(attached, highest) for attached in command.attached):
        return "invalid_price"
    if account.state != ACCOUNT_NORMAL and account.may_not_place(command.reduce_only):
        return "account_restricted"
    if account.liquidations is not None and account.is_being_liquidated(position):
        return "account_restricted"
    if instrument.state >= INSTRUMENT_CANCEL_ONLY or instrument.mark_price_ticks == 0:
        return "instrument_halted"
    if instrument.state == INSTRUMENT_POST_ONLY and not is_plain:
        return "post_only_mode"
    if position.open_orders + len(command.attached) >= (account.maximum_open_orders or instrument.maximum_open_orders):
        return "too_many_open_orders"
    return ""
