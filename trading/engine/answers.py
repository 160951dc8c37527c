"""Bytes of replies, a message's together: the records of its commands just as the journal keeps them, beside each what
its events do not tell. Whoever receives them puts the outcomes together."""

from __future__ import annotations

from typing import Final

import msgspec

from trading.core.order_book import EMPTY
from trading.core.terms import (
    CANCEL_REDUCE_ONLY,
    ORDER_CANCELLED,
    ORDER_FILLED,
    ORDER_NEW,
    ORDER_PARTIALLY_FILLED,
    ORDER_UNTRIGGERED,
    TRIGGERED_TYPES,
)
from trading.engine.commands import PlaceOrder
from trading.engine.events import AnyEvent, OrderAmended, OrderCancelled, OrderPlaced, Record, TradeExecuted
from trading.engine.replies import OrderState, OrderView, Outcome, QueryReply, Reply, Standing, StandingFields

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(tuple[list[Record], list[Standing], list[QueryReply]])


def encode_answers(records: bytes, standings: list[StandingFields], replies: list[QueryReply]) -> bytes:
    """`records`: those of the commands, encoded, as many as `standings`; `replies`: those to queries.

    Nothing is checked here: `decode_answers` refuses what does not belong together.
    """
    return _encoder.encode((msgspec.Raw(records), standings, replies))


def decode_answers(data: bytes) -> list[Reply]:
    """The outcomes of a message's commands, then the replies to its queries, whatever their order was.

    Raises `msgspec.DecodeError`, and ValueError when records and standings are not as many.
    """
    records, standings, replies = _decoder.decode(data)
    outcomes = [outcome_of(record, standing) for record, standing in zip(records, standings, strict=True)]
    return [*outcomes, *replies]


def outcome_of(record: Record, standing: Standing) -> Outcome:
    """What a record and its standing say together."""
    state, bid_key, ask_key = standing
    command, events = record.command, record.events
    if state is None and isinstance(command, PlaceOrder) and isinstance(events[0], OrderPlaced):
        state = state_as_placed(events[0], record)
    return Outcome(
        command.command_id,
        record.sequence,
        record.time_ns,
        events,
        order_view(state, record) if state is not None else None,
        best_bid_ticks=bid_key if bid_key != EMPTY else 0,
        best_ask_ticks=-ask_key if ask_key != EMPTY else 0,
    )


def state_as_placed(placed: OrderPlaced, record: Record, *, value_units: int = 0) -> OrderState:
    """The order after the record that placed it. `value_units` of its instrument matters only if there are fills."""
    fills = [event for event in record.events if isinstance(event, TradeExecuted)]
    filled_lots = sum(fill.quantity_lots for fill in fills)
    cancelled_lots = placed.cut_lots + sum(end.cancelled_lots for end in _cancels(placed.order_id, record.events))
    return OrderState(
        placed.client_order_id,
        placed.order_type,
        placed.quantity_lots,
        placed.time_in_force,
        placed.self_trade_prevention,
        placed.post_only,
        placed.reduce_only,
        open_lots=placed.quantity_lots - filled_lots - cancelled_lots,
        filled_lots=filled_lots,
        filled_value_units=sum(fill.price_ticks * fill.quantity_lots for fill in fills) * value_units,
        created_at_ns=record.time_ns,
        expires_at_ns=placed.expires_at_ns,
        group_id=placed.group_id,
        is_untriggered=placed.order_type in TRIGGERED_TYPES,
        trigger_price_ticks=placed.trigger_price_ticks,
        trigger_by=placed.trigger_by,
        trailing_distance_ticks=placed.trailing_distance_ticks,
        trailing_rate_ppb=placed.trailing_rate_ppb,
        activation_price_ticks=placed.activation_price_ticks,
        display_lots=placed.display_lots,
        parent_order_id=placed.parent_order_id,
        is_quote=placed.is_quote,
    )


def order_view(state: OrderState, record: Record) -> OrderView:
    """The order that the record of a command on one order begins with."""
    about = record.events[0]
    assert isinstance(about, OrderPlaced | OrderAmended | OrderCancelled)
    status, cancel_reason = _status(state, about.order_id, record.events)
    return OrderView(
        about.order_id,
        about.account_id,
        about.instrument_id,
        state.client_order_id,
        about.side,
        state.order_type,
        state.quantity_lots,
        about.price_ticks,
        state.time_in_force,
        state.self_trade_prevention,
        state.post_only,
        state.reduce_only,
        state.trigger_price_ticks,
        state.trigger_by,
        status,
        cancel_reason,
        "",
        state.filled_lots,
        state.filled_value_units,
        state.quantity_lots - state.filled_lots - state.open_lots,
        state.created_at_ns,
        record.time_ns,
        record.sequence,
        state.expires_at_ns,
        state.trailing_distance_ticks,
        state.trailing_rate_ppb,
        state.activation_price_ticks,
        state.display_lots,
        state.parent_order_id,
        state.group_id,
        state.is_quote,
    )


def _status(state: OrderState, order_id: int, events: list[AnyEvent]) -> tuple[int, int]:
    """(status, reason of its cancel or 0)."""
    if state.is_untriggered:
        return ORDER_UNTRIGGERED, 0
    if state.open_lots:
        return ORDER_PARTIALLY_FILLED if state.filled_lots else ORDER_NEW, 0
    if state.filled_lots == state.quantity_lots:
        return ORDER_FILLED, 0
    cancels = _cancels(order_id, events)
    return ORDER_CANCELLED, cancels[-1].reason if cancels else CANCEL_REDUCE_ONLY


def _cancels(order_id: int, events: list[AnyEvent]) -> list[OrderCancelled]:
    return [event for event in events if isinstance(event, OrderCancelled) and event.order_id == order_id]
