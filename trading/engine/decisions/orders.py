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
from trading.engine.commands import PlaceOrder, PlaceSpecialOrder, TriggerOrder
from trading.engine.decisions.related import is_priced_rightly, special_refusal, state_attached, trails_rightly
from trading.engine.events import (
    AnyEvent,
    OrderPlaced,
    OrderRejected,
    OrderRepeated,
    OrderTriggered,
    SpecialOrderPlaced,
)
from trading.engine.execution import Execution, plan_resting
from trading.engine.fields import fields_of_order, ordinary_fields_of_order
from trading.engine.refusal import refuse
from trading.engine.state import DOMAINS, State

LONGEST_CLIENT_ORDER_ID: Final = 36
RESTING: Final = frozenset((GTC, GTD))


def place_special_order(state: State, command: PlaceSpecialOrder) -> list[AnyEvent]:
    return place_order(state, command, is_special=True)


def place_order(state: State, command: PlaceOrder, is_special: bool = False) -> list[AnyEvent]:
    """The rules of docs/engine-rules.md in their order, in one function as far as they concern nearly every order."""
    (_, _, account_id, instrument_id, client_order_id, side, order_type, quantity_lots, price_ticks, time_in_force,
     self_trade_prevention, post_only, reduce_only,
    ) = ordinary_fields_of_order(command) if is_special else fields_of_order(command)  # fmt: skip
    account = state.accounts.get(account_id)
    if account is None:
        return refuse(command, "account_not_found")
    position = account.positions.get(instrument_id)
    if position is None:
        if instrument_id not in state.instruments:
            return refuse(command, "instrument_not_found")
        position = Position(account, state.instruments[instrument_id])
    instrument = position.instrument
    if client_order_id:
        known = known_client_order(account, client_order_id, state.time_ns)
        if known is not None:
            return _known_already(command, *known)
    if (
        (side != 1 and side != -1)
        or not EXPIRE_MAKER <= self_trade_prevention <= EXPIRE_BOTH
        or (client_order_id and len(client_order_id) > LONGEST_CLIENT_ORDER_ID)
    ):
        return refuse(command, "invalid_parameter")
    is_market = False
    if is_special or order_type != LIMIT or time_in_force != GTC:
        is_market = order_type in MARKET_TYPES
        code = _refusal_of_shape(command, position, state.time_ns, is_special)
        if code:
            return refuse(command, code)
    if not 1 <= quantity_lots <= instrument.maximum_order_lots:
        return refuse(command, "invalid_quantity")
    if price_ticks != 0 if is_market else not 1 <= price_ticks <= instrument.maximum_price_ticks:
        return refuse(command, "invalid_price")
    if is_special and not _is_priced_rightly(command, instrument.maximum_price_ticks):
        return refuse(command, "invalid_price")
    if account.state != ACCOUNT_NORMAL or account.liquidations is not None or not instrument.is_unrestricted:
        code = _refusal_of_states(command, position)
        if code:
            return refuse(command, code)
    most_orders = account.maximum_open_orders or instrument.maximum_open_orders
    if position.open_orders + (len(command.attached) if is_special else 0) >= most_orders:
        return refuse(command, "too_many_open_orders")
    resting_lots, cut_lots, loss_units, code = quantity_lots, 0, 0, ""
    execution: Execution | None = None
    resting: tuple[str, int] | None = None
    if order_type == LIMIT and time_in_force == GTC and not reduce_only:
        resting = plan_resting(position, side, quantity_lots, price_ticks)
    if resting is not None:
        code, loss_units = resting
    elif not is_special or order_type not in TRIGGERED_TYPES:
        execution = Execution(position, command, quantity_lots, price_ticks)
        code = execution.plan()
        resting_lots, cut_lots, loss_units = execution.resting_lots, execution.cut_lots, execution.open_loss_units
    if code:
        return refuse(command, code)
    order_id = state.last_id + DOMAINS  # the next one
    if is_special:
        return _special_events(state, command, order_id, resting_lots, cut_lots, loss_units, execution)
    placed = OrderPlaced(
        order_id, account_id, instrument_id, client_order_id, side, order_type, quantity_lots, price_ticks,
        time_in_force, self_trade_prevention, post_only, reduce_only, 0, 0, resting_lots, cut_lots, loss_units,
    )  # fmt: skip
    events: list[AnyEvent] = [placed]
    if execution is not None and (execution.matches or resting_lots != quantity_lots):
        execution.state_events(state, order_id, 1, events)
    return events


def _known_already(command: PlaceOrder, content: int, order_id: int) -> list[AnyEvent]:
    if content == order_content(command):
        return [OrderRepeated(command.account_id, order_id)]
    return refuse(command, "duplicate_client_order_id")


def _special_events(
    state: State,
    command: PlaceOrder,
    order_id: int,
    resting_lots: int,
    cut_lots: int,
    open_loss_units: int,
    execution: Execution | None,
) -> list[AnyEvent]:
    """The events of a special order: what it asks for, what comes of it, and the orders attached to it."""
    placed = SpecialOrderPlaced(
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
        group_id=command.group_id,
        attached=command.attached,
    )
    events: list[AnyEvent] = [placed]
    filled_lots = 0
    if execution is not None:
        execution.state_events(state, order_id, 1, events)
        filled_lots = execution.filled_lots
    if command.attached and (resting_lots or filled_lots):
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


def _refusal_of_shape(command: PlaceOrder, position: Position, time_ns: int, is_special: bool) -> str:
    """Rules 3 and 4 for all but ordinary limit orders."""
    order_type, time_in_force = command.order_type, command.time_in_force
    if (
        not LIMIT <= order_type <= TRAILING_STOP
        or not GTC <= time_in_force <= GTD
        or (order_type in MARKET_TYPES and time_in_force in RESTING)
        or (command.post_only and not _is_plain(command))
    ):
        return "invalid_parameter"
    if is_special or order_type in TRIGGERED_TYPES or time_in_force == GTD:
        return _refusal_of_more(command, position, time_ns)
    return ""


def _refusal_of_more(command: PlaceOrder, position: Position, time_ns: int) -> str:
    """Rules 3 and 4 for what only some orders have."""
    waits, is_trailing = command.order_type in TRIGGERED_TYPES, command.order_type == TRAILING_STOP
    if (
        (command.trigger_price_ticks != 0) != (waits and not is_trailing)
        or (command.trigger_by != 0) != waits
        or not 0 <= command.trigger_by <= TRIGGER_BY_INDEX
        or (command.expires_at_ns <= time_ns if command.time_in_force == GTD else command.expires_at_ns != 0)
        or not trails_rightly(command)
    ):
        return "invalid_parameter"
    return special_refusal(command, position, _is_plain(command))


def _is_plain(command: PlaceOrder) -> bool:
    """Whether it is a limit order that may rest."""
    return command.order_type == LIMIT and command.time_in_force in RESTING


def _refusal_of_states(command: PlaceOrder, position: Position) -> str:
    """Rules 5 and 6: what account and instrument let nobody do now, or not this order."""
    account, instrument = position.account, position.instrument
    if account.may_not_place(command.reduce_only) or account.is_being_liquidated(position):
        return "account_restricted"
    if instrument.state >= INSTRUMENT_CANCEL_ONLY or instrument.mark_price_ticks == 0:
        return "instrument_halted"
    if instrument.state == INSTRUMENT_POST_ONLY and not _is_plain(command):
        return "post_only_mode"
    return ""


def _is_priced_rightly(command: PlaceOrder, highest: int) -> bool:
    return (
        0 <= command.trigger_price_ticks <= highest
        and 0 <= command.trailing_distance_ticks <= highest
        and 0 <= command.activation_price_ticks <= highest
        and all(is_priced_rightly(attached, highest) for attached in command.attached)
    )
