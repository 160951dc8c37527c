"""What clients send: bodies and query parameters. Unknown fields are refused; a field that is null is not given."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trading.api.fields import (
    Amount,
    Asset,
    AttachedType,
    ClientOrderId,
    Cursor,
    Expiry,
    FillLimit,
    Freeze,
    Id,
    IdempotencyKey,
    Interval,
    KeyExpiry,
    Leverage,
    Limit,
    MarginMode,
    Network,
    OrderType,
    Price,
    PublicKey,
    Quantity,
    Scope,
    SelfTradePrevention,
    Sequence,
    Side,
    SignedAmount,
    Symbol,
    TimeInForce,
    Timeout,
    TriggerBy,
    UnsignedRate,
    Window,
)


class RequestFields(Struct, forbid_unknown_fields=True, frozen=True):
    """Base of all bodies and queries."""


class AttachedOrder(RequestFields):
    """A stop or take-profit that an order brings: on the other side, reduce-only, always in the size of that order's
    fills. It waits asleep until there is one. Fields go together as in an order of this type."""

    type: AttachedType
    trigger_by: TriggerBy
    trigger_price: Price | None = None
    price: Price | None = None
    trailing_distance: Price | None = None
    trailing_rate: UnsignedRate | None = None
    activation_price: Price | None = None


class NewOrder(RequestFields):
    """An order to place. `price` for limit, stop_limit and take_profit_limit only, trigger fields for all stops and
    take-profits: a stop buy waits for the price to rise to its trigger, a take-profit buy for it to fall. The trigger
    of a trailing stop runs `trailing_distance` or `trailing_rate` behind the best price since it was placed, or since
    the price came to its `activation_price`.

    `time_in_force` is gtc where there is a price and ioc where there is none, unless given (without a price: ioc or
    fok). `expires_at` goes with gtd, and only with it; `post_only` with a limit that is gtc or gtd.

    With `display_quantity` (between a hundredth of the quantity and all of it) such a limit is an iceberg: the book
    shows that much of it at a time. `attached` are orders to protect the position with, which cancel each other;
    `group_id` is the id of an open order without fills: the first of the group that trades or triggers cancels the
    others. `attached` goes neither with `reduce_only` nor with `group_id`, `display_quantity` not with `reduce_only`.
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
    display_quantity: Quantity | None = None
    group_id: Id | None = None
    attached: Annotated[tuple[AttachedOrder, ...], Meta(max_length=2)] = ()


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


class Quote(RequestFields):
    """A post-only limit order that lives until it is requoted, filled or cancelled."""

    side: Side
    price: Price
    quantity: Quantity


class MassQuote(RequestFields):
    """All quotes the account is to have in the instrument from now on, at most one a side and price, bids below asks.

    A quote of before that has the same side and price, and at least this quantity, keeps its id and priority.
    """

    symbol: Symbol
    quotes: Annotated[tuple[Quote, ...], Meta(max_length=40)]


class MarketMakerProtection(RequestFields):
    """When the account's quotes have filled `quantity_limit` within `window_ms`, or `delta_limit` more bought than sold
    or sold than bought, all of them are cancelled, and for `freeze_ms` no new ones are taken."""

    symbol: Symbol
    window_ms: Window
    quantity_limit: FillLimit = "0"
    delta_limit: FillLimit = "0"
    freeze_ms: Freeze = 0


class PositionChange(RequestFields):
    """What to change, one thing at least. Several are done in this order, each for itself: `leverage`, `margin_mode`,
    `isolated_margin_change`. One that is refused ends it; those before stay done (`details.done` names them).

    `isolated_margin_change` moves money from the cross margin to an isolated position, below zero back.
    """

    leverage: Leverage | None = None
    margin_mode: MarginMode | None = None
    isolated_margin_change: SignedAmount | None = None


class NewTransfer(RequestFields):
    """Money of the funding wallet into the margin collateral, or back."""

    asset: Asset
    amount: Amount
    direction: Literal["to_margin", "to_funding"]
    idempotency_key: IdempotencyKey


class NewApiKey(RequestFields):
    """A key for the account the request acts for. With the owner's `public_key` it has no secret; else the exchange
    makes one. It works from `networks` only (none: from any address), and needs some if it may transfer.
    """

    label: Annotated[str, Meta(min_length=1, max_length=60)]
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=3)]
    networks: Annotated[list[Network], Meta(max_length=50)] = []
    expires_at: KeyExpiry | None = None
    public_key: PublicKey | None = None


class TriedChange(RequestFields):
    """A change of a position's settings to try; see `PATCH /positions/{symbol}`."""

    symbol: Symbol
    leverage: Leverage | None = None
    margin_mode: MarginMode | None = None
    isolated_margin_change: SignedAmount | None = None


class Preview(RequestFields):
    """Changes and then orders to try one after the other, without doing them. One of either at least."""

    orders: Annotated[list[NewOrder], Meta(max_length=20)] = []
    changes: Annotated[list[TriedChange], Meta(max_length=20)] = []


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
