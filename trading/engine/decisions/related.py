"""Orders that are more than one: icebergs, orders attached to others, groups in which one cancels the other."""

from __future__ import annotations

from trading.core.orders import NOT_SPECIAL, Order, is_untriggered
from trading.core.positions import Position
from trading.core.terms import (
    CANCEL_GROUP,
    CANCEL_PARENT,
    GTC,
    INSTRUMENT_NORMAL,
    IOC,
    LARGEST_ICEBERG,
    MARKET_TYPES,
    PPB,
    TRAILING_STOP,
    TRIGGER_BY_INDEX,
    TRIGGER_BY_MARK,
    TRIGGERED_TYPES,
)
from trading.engine.commands import AttachedOrder, CancelGroup, PlaceOrder, SizeAttached
from trading.engine.decisions.amends import amended_in_place
from trading.engine.decisions.cancels import cancelled
from trading.engine.events import AnyEvent, SpecialOrderPlaced
from trading.engine.execution import Execution
from trading.engine.state import State

MOST_ATTACHED = 2


def special_refusal(command: PlaceOrder, position: Position, is_plain: bool) -> str:
    """What rules 3 and 4 say of an iceberg's size, of attached orders and of the group, "" when all is well.

    `is_plain`: the order is a limit that may rest.
    """
    display_lots, attached = command.display_lots, command.attached
    if (
        display_lots < 0
        or (display_lots and (not is_plain or command.reduce_only))
        or len(attached) > MOST_ATTACHED
        or (attached and (command.reduce_only or command.group_id))
        or not all(_is_shaped_rightly(one) for one in attached)
    ):
        return "invalid_parameter"
    if command.group_id:
        code = _group_refusal(command.group_id, position)
        if code:
            return code
    if display_lots and not display_lots <= command.quantity_lots <= LARGEST_ICEBERG * display_lots:
        return "invalid_quantity"
    return ""


def is_priced_rightly(order: AttachedOrder, highest: int) -> bool:
    """Rule 4 for one attached order."""
    price_ticks = order.price_ticks
    return (
        (price_ticks == 0 if order.order_type in MARKET_TYPES else 1 <= price_ticks <= highest)
        and 0 <= order.trigger_price_ticks <= highest
        and 0 <= order.trailing_distance_ticks <= highest
        and 0 <= order.activation_price_ticks <= highest
    )


def trails_rightly(order: PlaceOrder | AttachedOrder) -> bool:
    """A trailing stop has a distance or a rate below 1, and perhaps an activation price; no other order has any."""
    distance_ticks, rate_ppb = order.trailing_distance_ticks, order.trailing_rate_ppb
    if order.order_type == TRAILING_STOP:
        return (distance_ticks != 0) != (rate_ppb != 0) and 0 <= rate_ppb < PPB
    return distance_ticks == 0 and rate_ppb == 0 and order.activation_price_ticks == 0


def state_attached(state: State, command: PlaceOrder, order_id: int, filled_lots: int, events: list[AnyEvent]) -> None:
    """Append the orders attached to one that was just placed: as large as its fills, or asleep while it has none.

    `events` are those of the order so far; all but the first and the makers' cancels are trades with an id each.
    """
    ids_used = 1 + sum(hasattr(event, "trade_id") for event in events)
    lots = filled_lots or command.quantity_lots
    for ahead, attached in enumerate(command.attached, ids_used + 1):
        events.append(
            SpecialOrderPlaced(
                state.next_id(ahead),
                command.account_id,
                command.instrument_id,
                "",
                -command.side,
                attached.order_type,
                lots,
                attached.price_ticks,
                IOC if attached.order_type in MARKET_TYPES else GTC,
                command.self_trade_prevention,
                False,
                True,
                attached.trigger_price_ticks,
                attached.trigger_by,
                lots,
                0,
                0,
                0,
                attached.trailing_distance_ticks,
                attached.trailing_rate_ppb,
                attached.activation_price_ticks,
                parent_order_id=order_id,
                group_id=order_id,
                is_asleep=filled_lots == 0,
            )
        )


def size_attached(state: State, command: SizeAttached) -> list[AnyEvent]:
    """Attached orders are as large as what their parent has filled; without a fill they end with it."""
    filled_lots = command.filled_lots
    events: list[AnyEvent] = []
    for _, order in sorted(state.accounts[command.account_id].orders.items()):
        special = order.special or NOT_SPECIAL
        if special.parent_order_id != command.parent_order_id or not special.is_untriggered:
            continue
        if filled_lots == 0:
            events.append(cancelled(order, CANCEL_PARENT))
        elif special.is_asleep or order.quantity_lots != filled_lots:
            events.append(amended_in_place(order, filled_lots, filled_lots, wakes=special.is_asleep))
    return events


def cancel_group(state: State, command: CancelGroup) -> list[AnyEvent]:
    """The others of a group go before one of them is triggered, or after one of them was filled."""
    others = [
        order
        for order_id, order in sorted(state.accounts[command.account_id].orders.items())
        if order_id != command.order_id and _is_of_group(order, command.group_id)
    ]
    if not command.is_filled:
        chosen = state.untriggered.get(command.order_id)
        if chosen is None or chosen.position.instrument.state != INSTRUMENT_NORMAL:
            return []
        if all(is_untriggered(order) for order in others) and _would_be_rejected(chosen):
            return []
    return [cancelled(order, CANCEL_GROUP) for order in others]


def _is_of_group(order: Order, group_id: int) -> bool:
    return order.order_id == group_id or (order.special or NOT_SPECIAL).group_id == group_id


def _would_be_rejected(order: Order) -> bool:
    """Whether its trigger would come to nothing; others that only wait are not in its way and better stay then."""
    account = order.position.account
    if account.may_not_place(order.reduce_only) or account.is_being_liquidated(order.position):
        return True
    return Execution(order.position, order, order.open_lots, order.price_ticks).plan() != ""


def _is_shaped_rightly(order: AttachedOrder) -> bool:
    return (
        order.order_type in TRIGGERED_TYPES
        and (order.trigger_price_ticks != 0) == (order.order_type != TRAILING_STOP)
        and TRIGGER_BY_MARK <= order.trigger_by <= TRIGGER_BY_INDEX
        and trails_rightly(order)
    )


def _group_refusal(group_id: int, position: Position) -> str:
    """A group begins with an open order that nothing has happened to and that has no relations of another kind."""
    first = position.account.orders.get(group_id)
    if first is None or first.position.instrument is not position.instrument:
        return "order_not_found"
    special = first.special or NOT_SPECIAL
    if first.filled_lots or special.parent_order_id or special.has_attached or special.is_quote:
        return "invalid_parameter"
    return "invalid_parameter" if special.group_id and special.group_id != group_id else ""
