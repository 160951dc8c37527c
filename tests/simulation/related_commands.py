"""The part of the stream of commands that is about more than one order: brackets, groups, mass quotes.

Functions take the `CommandStream` and use its chance and its view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from trading.core import terms
from trading.engine import commands
from trading.engine.commands import AttachedOrder, ExternalCommand, PlaceOrder, Quote

if TYPE_CHECKING:
    from tests.simulation.commands import CommandStream

SECOND_NS = 10**9
TRIGGERS = (terms.TRIGGER_BY_MARK, terms.TRIGGER_BY_LAST, terms.TRIGGER_BY_INDEX)


def iceberg(stream: CommandStream) -> PlaceOrder:
    made = stream.limit()
    shown = max(1, made.quantity_lots // stream.random.choice((2, 3, 5)))
    return msgspec.structs.replace(made, display_lots=shown, quantity_lots=made.quantity_lots * 2)


def bracketed(stream: CommandStream) -> PlaceOrder:
    """A limit, market or stop order with a take-profit and a stop attached, or one of them."""
    made = stream.random.choice((stream.limit, stream.limit, stream.market, stream.stop))()
    mark, away = stream.view.instruments[made.instrument_id].mark_price_ticks, made.side * stream.random.randint(1, 6)
    attached = [_attached(stream, made.side, mark + away, True), _attached(stream, made.side, mark - away, False)]
    if stream.random.random() < 0.3:
        attached.pop(stream.random.randrange(2))
    return msgspec.structs.replace(made, attached=tuple(attached))


def _attached(stream: CommandStream, side: int, trigger_ticks: int, takes_profit: bool) -> AttachedOrder:
    by, trigger_ticks = stream.random.choice(TRIGGERS), max(1, trigger_ticks)
    draw = stream.random.random()
    if draw < 0.15:
        return AttachedOrder(terms.TRAILING_STOP, 0, 0, by, stream.random.randint(1, 5))
    if draw < 0.55:
        return AttachedOrder(terms.TAKE_PROFIT if takes_profit else terms.STOP, 0, trigger_ticks, by)
    price_ticks = max(1, trigger_ticks - side * stream.random.randint(-2, 4))
    return AttachedOrder(terms.TAKE_PROFIT_LIMIT if takes_profit else terms.STOP_LIMIT, price_ticks, trigger_ticks, by)


def grouped(stream: CommandStream) -> PlaceOrder:
    """One cancels the other: an order in the group of one that is open, mostly of the same account and instrument."""
    made = stream.random.choice((stream.limit, stream.limit, stream.stop, stream.stop, stream.market))()
    if not stream.view.orders:
        return made
    fresh = [one for one in stream.view.orders.values() if not one.filled_lots and not one.placed.parent_order_id]
    first = stream.random.choice(fresh if fresh and stream.random.random() < 0.9 else list(stream.view.orders.values()))
    made = msgspec.structs.replace(made, group_id=first.group_id or first.placed.order_id)
    if made.instrument_id == first.placed.instrument_id or stream.random.random() < 0.05:
        made = msgspec.structs.replace(made, account_id=first.placed.account_id)
    return made


def mass_quote(stream: CommandStream) -> ExternalCommand:
    """A ladder either side of the mark; sometimes the one that stands, with less, or nothing at all."""
    account_id, instrument_id = stream.account(), stream.instrument()
    if stream.random.random() < 0.03:
        account_id, instrument_id = stream.random.choice(((99, instrument_id), (account_id, 9)))
    present = [
        order
        for order in stream.view.orders.values()
        if order.placed.is_quote
        and order.placed.account_id == account_id
        and order.placed.instrument_id == instrument_id
    ]
    quotes = [Quote(one.side, one.price_ticks, one.resting_lots) for one in present]
    draw = stream.random.random()
    if draw < 0.07:
        quotes = []
    elif draw < 0.3 and quotes:
        less = [max(1, one.quantity_lots - stream.random.choice((0, 0, 1, 2))) for one in quotes]
        quotes = [Quote(one.side, one.price_ticks, lots) for one, lots in zip(quotes, less, strict=True)]
    elif instrument_id in stream.view.instruments:
        mark = stream.view.instruments[instrument_id].mark_price_ticks
        nearest = stream.random.choice((1, 2, 3, 3, 6, 9, 200))
        quotes = [
            Quote(side, max(1, mark - side * (nearest + step)), stream.quantity(instrument_id))
            for side in (terms.BUY, terms.SELL)
            for step in range(stream.random.choice((0, 1, 2, 3, 4)))
        ]
        if stream.random.random() < 0.05:
            quotes += quotes[:1] * 41
    return commands.MassQuote(b"", 0, account_id, instrument_id, tuple(quotes))


def protection(stream: CommandStream) -> ExternalCommand:
    account_id = stream.account() if stream.random.random() < 0.95 else 99
    instrument_id = stream.instrument() if stream.random.random() < 0.95 else 9
    numbers = (
        stream.random.choice((0, SECOND_NS, SECOND_NS, 3 * SECOND_NS, 60 * SECOND_NS, 61 * SECOND_NS)),
        stream.random.choice((0, 1, 8, 12, 12, 20)),
        stream.random.choice((0, 0, 8, 20)),
        stream.random.choice((0, SECOND_NS, 20 * SECOND_NS)),
    )
    return commands.SetMarketMakerProtection(b"", 0, account_id, instrument_id, *numbers)
