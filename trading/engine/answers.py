"""Bytes of replies, a message's together: the records of its commands just as the journal keeps them, beside each what
its events do not tell. Whoever receives them puts the outcomes together."""

from __future__ import annotations

from typing import Final

import msgspec

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
from trading.engine.events import OrderCancelled, OrderPlaced, Record, TradeExecuted
from trading.engine.replies import OrderView, Outcome, QueryReply, Reply, Standing

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(tuple[list[Record], list[Standing], list[QueryReply]])


def encode_answers(records: bytes, standings: list[Standing], replies: list[QueryReply]) -> bytes:
    """`records`: those of the commands, encoded, as many as `standings`; `replies`: those to queries."""
    return _encoder.encode((msgspec.Raw(records), standings, replies))


def decode_answers(data: bytes) -> list[Reply]:
    """The outcomes of a message's commands, then the replies to its queries. Raises `msgspec.DecodeError`."""
    records, standings, replies = _decoder.decode(data)
    return [*map(outcome_of, records, standings), *replies]


def outcome_of(record: Record, standing: Standing) -> Outcome:
    """What a record and its standing say together."""
    order, best_bid_ticks, best_ask_ticks = standing
    command, events = record.command, record.events
    if order is None and type(command) is PlaceOrder and type(events[0]) is OrderPlaced:
        order = order_as_placed(events[0], record)
    return Outcome(command.command_id, record.sequence, record.time_ns, events, order, best_bid_ticks, best_ask_ticks)


def order_as_placed(placed: OrderPlaced, record: Record, *, value_units: int = 0) -> OrderView:
    """The order after the record that placed it. `value_units` of its instrument matters only if there are fills."""
    fills = [event for event in record.events if isinstance(event, TradeExecuted)]
    ends = [e for e in record.events if isinstance(e, OrderCancelled) and e.order_id == placed.order_id]
    filled_lots = sum(fill.quantity_lots for fill in fills)
    cancelled_lots = placed.cut_lots + sum(end.cancelled_lots for end in ends)
    status = _status(placed, filled_lots=filled_lots, cancelled_lots=cancelled_lots)
    reason = ends[-1].reason if ends else CANCEL_REDUCE_ONLY
    return OrderView(
        placed.order_id,
        placed.account_id,
        placed.instrument_id,
        placed.client_order_id,
        placed.side,
        placed.order_type,
        placed.quantity_lots,
        placed.price_ticks,
        placed.time_in_force,
        placed.self_trade_prevention,
        placed.post_only,
        placed.reduce_only,
        placed.trigger_price_ticks,
        placed.trigger_by,
        status,
        reason if status == ORDER_CANCELLED else 0,
        "",
        filled_lots,
        sum(fill.price_ticks * fill.quantity_lots for fill in fills) * value_units,
        cancelled_lots,
        record.time_ns,
        record.time_ns,
        record.sequence,
        placed.expires_at_ns,
        placed.trailing_distance_ticks,
        placed.trailing_rate_ppb,
        placed.activation_price_ticks,
        placed.display_lots,
        placed.parent_order_id,
        placed.group_id,
        placed.is_quote,
    )


def _status(placed: OrderPlaced, *, filled_lots: int, cancelled_lots: int) -> int:
    if placed.order_type in TRIGGERED_TYPES:
        return ORDER_UNTRIGGERED
    if filled_lots + cancelled_lots < placed.quantity_lots:
        return ORDER_PARTIALLY_FILLED if filled_lots else ORDER_NEW
    return ORDER_CANCELLED if cancelled_lots else ORDER_FILLED
