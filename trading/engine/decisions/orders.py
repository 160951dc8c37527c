"""Placing orders, and stops becoming active."""

from __future__ import annotations

from typing import Final

from trading.core.positions import Position
from trading.core.terms import (
    ACCOUNT_CANCEL_ONLY,
    ACCOUNT_NORMAL,
    EXPIRE_BOTH,
    EXPIRE_MAKER,
    FOK,
    GTC,
    INSTRUMENT_CANCEL_ONLY,
    INSTRUMENT_NORMAL,
    INSTRUMENT_POST_ONLY,
    LIMIT,
    MARKET,
    STOP,
    STOP_LIMIT,
    TRIGGER_BY_LAST,
)
from trading.engine.client_orders import known_client_order, order_content
from trading.engine.commands import PlaceOrder, TriggerOrder
from trading.engine.events import AnyEvent, OrderPlaced, OrderRejected, OrderRepeated, OrderTriggered
from trading.engine.execution import Execution
from trading.engine.refusal import refuse
from trading.engine.state import Account, Instrument, State

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
    code = (
        _shape_refusal(command)
        or _size_refusal(command, instrument)
        or _state_refusal(command, account, instrument)
        or _count_refusal(account, position)
    )
    if code:
        return refuse(command, code)
    order_id = state.next_id(1)
    if command.order_type == STOP or command.order_type == STOP_LIMIT:
        return [_placed(command, order_id, command.quantity_lots, 0, 0)]
    execution = Execution(
        position,
        command.side,
        command.order_type,
        command.quantity_lots,
        command.price_ticks,
        command.time_in_force,
        command.self_trade_prevention,
        command.post_only,
        command.reduce_only,
    )
    code = execution.plan()
    if code:
        return refuse(command, code)
    placed: list[AnyEvent] = [
        _placed(command, order_id, execution.resting_lots, execution.cut_lots, execution.open_loss_units)
    ]
    return placed + execution.events(state, order_id, 1)


def trigger_order(state: State, command: TriggerOrder) -> list[AnyEvent]:
    """A stop whose price was reached becomes a market or limit order, checked now; a refusal closes it."""
    order = state.untriggered.get(command.order_id)
    if order is None:
        return []
    position = order.position
    account: Account = position.account
    instrument: Instrument = position.instrument
    if instrument.state != INSTRUMENT_NORMAL:
        return []
    execution = Execution(
        position,
        order.side,
        order.order_type,
        order.open_lots,
        order.price_ticks,
        order.time_in_force,
        order.self_trade_prevention,
        order.post_only,
        order.reduce_only,
    )
    code = "account_restricted" if _is_restricted(account, order.reduce_only) else execution.plan()
    if code:
        return [OrderRejected(order.order_id, account.account_id, instrument.instrument_id, order.open_lots, code)]
    triggered: list[AnyEvent] = [
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
    return triggered + execution.events(state, order.order_id, 0)


def _shape_refusal(command: PlaceOrder) -> str:
    order_type, time_in_force = command.order_type, command.time_in_force
    is_stop = order_type == STOP or order_type == STOP_LIMIT
    if (
        (command.side != 1 and command.side != -1)
        or not LIMIT <= order_type <= STOP_LIMIT
        or not GTC <= time_in_force <= FOK
        or not EXPIRE_MAKER <= command.self_trade_prevention <= EXPIRE_BOTH
        or len(command.client_order_id) > LONGEST_CLIENT_ORDER_ID
        or (time_in_force == GTC and (order_type == MARKET or order_type == STOP))
        or (command.post_only and (order_type != LIMIT or time_in_force != GTC))
        or (command.trigger_price_ticks != 0) != is_stop
        or (command.trigger_by != 0) != is_stop
        or not 0 <= command.trigger_by <= TRIGGER_BY_LAST
    ):
        return "invalid_parameter"
    return ""


def _size_refusal(command: PlaceOrder, instrument: Instrument) -> str:
    parameters = instrument.parameters
    if not 1 <= command.quantity_lots <= parameters.maximum_order_lots:
        return "invalid_quantity"
    highest = parameters.maximum_price_ticks
    if command.order_type == MARKET or command.order_type == STOP:
        if command.price_ticks != 0:
            return "invalid_price"
    elif not 1 <= command.price_ticks <= highest:
        return "invalid_price"
    return "" if 0 <= command.trigger_price_ticks <= highest else "invalid_price"


def _is_restricted(account: Account, reduce_only: bool) -> bool:
    return account.state != ACCOUNT_NORMAL and (account.state >= ACCOUNT_CANCEL_ONLY or not reduce_only)


def _state_refusal(command: PlaceOrder, account: Account, instrument: Instrument) -> str:
    if account.state != ACCOUNT_NORMAL and _is_restricted(account, command.reduce_only):
        return "account_restricted"
    if instrument.state >= INSTRUMENT_CANCEL_ONLY or instrument.mark_price_ticks == 0:
        return "instrument_halted"
    is_limit_gtc = command.order_type == LIMIT and command.time_in_force == GTC
    return "post_only_mode" if instrument.state == INSTRUMENT_POST_ONLY and not is_limit_gtc else ""


def _count_refusal(account: Account, position: Position) -> str:
    limit = account.maximum_open_orders or position.instrument.parameters.maximum_open_orders
    return "too_many_open_orders" if position.open_orders >= limit else ""


def _placed(command: PlaceOrder, order_id: int, resting_lots: int, cut_lots: int, open_loss_units: int) -> OrderPlaced:
    return OrderPlaced(
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
    )
