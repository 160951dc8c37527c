"""What clients send: bodies and query parameters. Unknown fields are refused; a field that is null is not given."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trading.api.fields import (
    Amount,
    Asset,
    ClientOrderId,
    Cursor,
    Expiry,
    Id,
    IdempotencyKey,
    Interval,
    Leverage,
    Limit,
    OrderType,
    Price,
    Quantity,
    SelfTradePrevention,
    Sequence,
    Side,
    Symbol,
    TimeInForce,
    Timeout,
    TriggerBy,
    UnsignedRate,
)


class RequestFields(Struct, forbid_unknown_fields=True, frozen=True):
    """Base of all bodies and queries."""


class NewOrder(RequestFields):
    """An order to place. `price` for limit, stop_limit and take_profit_limit only, trigger fields for all stops and
    take-profits: a stop buy waits for the price to rise to its trigger, a take-profit buy for it to fall. The trigger
    of a trailing stop runs `trailing_distance` or `trailing_rate` behind the best price since it was placed, or since
    the price came to its `activation_price`.

    `time_in_force` is gtc where there is a price and ioc where there is none, unless given (without a price: ioc or
    fok). `expires_at` goes with gtd, and only with it; `post_only` with a limit that is gtc or gtd.
    """

    symbol: Symbol
    side: Side
    type: OrderType
    quantity: Quantity
    price: Price | None = None
    trigger_price: Price | None = None
    trigger_by: TriggerBy | None = None
    time_in_force: TimeInForce | None = None
    expires_at: Expiry | None = None
    trailing_distance: Price | None = None
    trailing_rate: UnsignedRate | None = None
    activation_price: Price | None = None
    post_only: bool = False
    reduce_only: bool = False
    client_order_id: ClientOrderId | None = None
    self_trade_prevention: SelfTradePrevention = "expire_maker"


class OrderChange(RequestFields):
    """The new total `quantity` (what is filled included; equal to it cancels the rest), the new `price`, or both.

    With `expected_sequence` only if the order has not changed since then.
    """

    quantity: Quantity | None = None
    price: Price | None = None
    expected_sequence: Sequence | None = None


class PlaceItem(NewOrder, tag_field="op", tag="place"):
    """A place of a batch: the fields of POST /orders."""


class NamedOrderChange(OrderChange, kw_only=True):
    """The fields of PATCH /orders/{id}, and which order."""

    id: Id


class AmendItem(NamedOrderChange, tag_field="op", tag="amend"):
    """An amend of a batch."""


class CancelFields(RequestFields):
    """Which order: by `id` or by `client_order_id`."""

    id: Id | None = None
    client_order_id: ClientOrderId | None = None


class CancelItem(CancelFields, tag_field="op", tag="cancel"):
    """A cancel of a batch, by `id` or by `client_order_id`."""


BatchItem = PlaceItem | AmendItem | CancelItem


class Batch(RequestFields):
    """Operations done one after the other, each for itself: one that is refused does not stop the next."""

    operations: Annotated[list[BatchItem], Meta(min_length=1, max_length=50)]


class CancelAfter(RequestFields):
    """All orders are cancelled after `timeout` unless this is sent again before; 0 switches it off."""

    timeout: Timeout


class LeverageChange(RequestFields):
    leverage: Leverage


class NewTransfer(RequestFields):
    """Money of the funding wallet into the margin collateral, or back."""

    asset: Asset
    amount: Amount
    direction: Literal["to_margin", "to_funding"]
    idempotency_key: IdempotencyKey


class Preview(RequestFields):
    """Orders to try one after the other, without placing them."""

    orders: Annotated[list[NewOrder], Meta(min_length=1, max_length=20)]


class Page(RequestFields):
    limit: Limit = 100
    cursor: Cursor | None = None


class BookQuery(RequestFields):
    depth: Annotated[int, Meta(ge=1, le=500, description="Levels a side.")] = 20


class CandlesQuery(Page):
    interval: Interval = "1m"


class OrdersQuery(Page):
    status: Literal["open", "closed"] | None = None
    symbol: Symbol | None = None


class FillsQuery(Page):
    symbol: Symbol | None = None


class CancelAllQuery(RequestFields):
    symbol: Symbol | None = None
