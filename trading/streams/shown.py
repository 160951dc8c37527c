"""What only streams show: the rest they present as the REST API does."""

from typing import Final

from msgspec import Struct

from trading.api import answers
from trading.api.fields import Amount, MarginMode, Price, Sequence, SignedAmount, SignedQuantity, Symbol, Time
from trading.api.presenting import average_price, margin_mode, milliseconds, money, order, price, quantity
from trading.api.scales import Scale
from trading.core.terms import ORDER_CANCELLED
from trading.engine.replies import OrderView
from trading.projections.instruments import InstrumentRow
from trading.projections.orders import OrderRow
from trading.selectors.accounts import PositionLine
from trading.selectors.instruments import InstrumentView

_SHARED: Final = tuple(
    name
    for name in OrderView.__struct_fields__
    if name in OrderRow.__struct_fields__ and name not in ("cancel_reason", "filled_value_units")
)


class Mark(Struct):
    """The mark price, the index price and when they were set."""

    symbol: Symbol
    mark: Price | None
    index: Price | None
    time: Time | None


class HeldPosition(Struct):
    """A position as fills, funding and liquidations leave it: what it is worth follows from the mark price."""

    symbol: Symbol
    size: SignedQuantity
    entry_price: Amount | None
    realised_pnl: SignedAmount
    fees: SignedAmount
    funding: SignedAmount
    margin_mode: MarginMode
    isolated_margin: SignedAmount
    time: Time
    sequence: Sequence


def mark(view: InstrumentView | InstrumentRow, *, scale: Scale) -> Mark:
    return Mark(
        symbol=scale.symbol,
        mark=price(view.mark_price_ticks, scale),
        index=price(view.index_price_ticks, scale),
        time=milliseconds(view.marked_at_ns) or None,
    )


def held_position(row: PositionLine, *, scale: Scale) -> HeldPosition:
    return HeldPosition(
        symbol=scale.symbol,
        size=quantity(row.lots, scale),
        entry_price=average_price(abs(row.entry_value_units) // scale.value_units, abs(row.lots), scale),
        realised_pnl=money(row.realised_pnl_units, scale),
        fees=money(row.fee_units, scale),
        funding=money(row.funding_units, scale),
        margin_mode=margin_mode(row.is_isolated),
        isolated_margin=money(row.isolated_units, scale),
        time=milliseconds(row.updated_at_ns),
        sequence=row.sequence,
    )


def order_of(row: OrderRow, *, scale: Scale) -> answers.Order:
    """An order as the projection keeps it."""
    view = OrderView(
        **{name: getattr(row, name) for name in _SHARED},
        cancel_reason=row.cancel_reason if row.status == ORDER_CANCELLED else 0,
        filled_value_units=row.filled_tick_lots * scale.value_units,
    )
    return order(view, scale=scale)
