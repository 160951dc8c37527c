"""What clients receive. Every field is always there; one that has no value, or none yet, is null."""

from msgspec import UNSET, Struct, UnsetType

from trading.api.fields import (
    AccountState,
    Amount,
    BookLevel,
    CancelReason,
    ClientOrderId,
    Id,
    LedgerKind,
    Light,
    MarginMode,
    OrderStatus,
    OrderType,
    Price,
    Quantity,
    Rate,
    Role,
    SelfTradePrevention,
    Sequence,
    Side,
    SignedAmount,
    SignedQuantity,
    Symbol,
    Time,
    TimeInForce,
    TradingState,
    TriggerBy,
)


class ServerTime(Struct):
    """The clock of the server."""

    time: Time


class EngineStatus(Struct):
    """Where the engine stands; `lag_ms` is the age of its last sign of life."""

    sequence: Sequence
    lag_ms: int


class Status(Struct):
    """The state of trading: of the exchange (halted while the engine is away) and of each instrument.

    `resumes_at` are the instruments whose state gives way to a milder one by itself, and when.
    """

    state: TradingState
    engine: EngineStatus | None
    instruments: dict[str, TradingState]
    resumes_at: dict[str, Time]


class Book(Struct):
    """The aggregated book as it was right after `sequence`: [price, quantity], best first."""

    symbol: Symbol
    sequence: Sequence
    bids: list[BookLevel]
    asks: list[BookLevel]


class Trade(Struct):
    """A public trade; `side` is the taker's."""

    id: Id
    price: Price
    quantity: Quantity
    side: Side
    time: Time
    sequence: Sequence


class Trades(Struct):
    """Trades, newest first."""

    results: list[Trade]
    next: str | None


class Candle(Struct):
    """One interval from `time` on; `volume` counts quantity, `turnover` value."""

    time: Time
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Quantity
    turnover: Amount
    trades: int


class Candles(Struct):
    """Candles, newest first; an interval without a trade has none."""

    results: list[Candle]
    next: str | None


class Ticker(Struct):
    """Prices now and over the last 24 hours. `funding_rate` is that of the period that ends at `next_funding_at`, were
    it over now (null before its first sample); `last_funding_rate` was paid for the one before (null: none yet)."""

    symbol: Symbol
    last: Price | None
    mark: Price | None
    index: Price | None
    best_bid: Price | None
    best_ask: Price | None
    open_24h: Price | None
    high_24h: Price | None
    low_24h: Price | None
    volume_24h: Quantity
    turnover_24h: Amount
    trades_24h: int
    open_interest: Quantity
    funding_rate: Rate | None
    next_funding_at: Time | None
    last_funding_rate: Rate | None
    time: Time | None


class Tickers(Struct):
    """The tickers of all instruments, by symbol."""

    results: list[Ticker]


class AccountSummary(Struct):
    """A trading account of the user."""

    id: Id
    name: str
    created_at: Time


class Accounts(Struct):
    """The trading accounts this request may name, oldest first."""

    results: list[AccountSummary]


class AssetBalance(Struct):
    """Collateral in one asset."""

    asset: str
    collateral: SignedAmount


class Account(Struct):
    """The account as the engine sees it, amounts in USDT. `margin_ratio` is maintenance margin / equity (rounded up).

    It is null while equity is not above zero. `available` is what is left of equity for new orders. Equity and margins
    are those of the cross positions: `isolated_margin` of the collateral is apart. `liquidating`: what is being
    liquidated, "cross" or the symbol of an isolated position.
    """

    id: Id
    state: AccountState
    collateral: SignedAmount
    equity: SignedAmount
    unrealised_pnl: SignedAmount
    initial_margin: Amount
    maintenance_margin: Amount
    available: Amount
    margin_ratio: Rate | None
    assets: list[AssetBalance]
    isolated_margin: SignedAmount
    liquidating: list[str]
    sequence: Sequence


class Fill(Struct):
    """One side of a trade: the account's. A fee below zero was received."""

    id: Id
    order_id: Id
    symbol: Symbol
    side: Side
    role: Role
    price: Price
    quantity: Quantity
    fee: SignedAmount
    fee_asset: str
    realised_pnl: SignedAmount
    time: Time
    sequence: Sequence


class Fills(Struct):
    """The account's fills, newest first."""

    results: list[Fill]
    next: str | None


class Order(Struct):
    """An order. `average_price` is rounded half to even at a hundredth of the tick; `sequence` changed it last.

    `parent_order_id` is the order that brought it, whose fills make its quantity. Orders of one `group_id` (the id of
    the group's first order, or of the parent) cancel each other.
    """

    id: Id
    client_order_id: ClientOrderId | None
    symbol: Symbol
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    expires_at: Time | None
    status: OrderStatus
    cancel_reason: CancelReason | None
    reject_code: str | None
    quantity: Quantity
    price: Price | None
    trigger_price: Price | None
    trigger_by: TriggerBy | None
    trailing_distance: Price | None
    trailing_rate: Rate | None
    activation_price: Price | None
    post_only: bool
    reduce_only: bool
    self_trade_prevention: SelfTradePrevention
    display_quantity: Quantity | None
    parent_order_id: Id | None
    group_id: Id | None
    is_quote: bool
    filled_quantity: Quantity
    cancelled_quantity: Quantity
    average_price: Amount | None
    created_at: Time
    updated_at: Time
    sequence: Sequence


class OrderResult(Order):
    """The order after matching, with its fills. `repeated`: it was placed before, with the same content.

    `attached_order_ids`: of the orders that were placed with it, in the order given; of an amend or cancel none.
    """

    fills: list[Fill]
    attached_order_ids: list[Id]
    repeated: bool


class Orders(Struct):
    """The account's orders, newest first."""

    results: list[Order]
    next: str | None


class CancelledOrders(Struct):
    """The orders that were cancelled, by id."""

    cancelled: list[Id]
    sequence: Sequence


class CancelAfterState(Struct):
    """The dead man's switch: `cancel_at` is when it fires, null while it is off."""

    cancel_at: Time | None
    sequence: Sequence


class ErrorBody(Struct):
    code: str
    message: str
    details: dict


class ItemResult(Struct):
    """What became of one operation of a batch: its result or its error."""

    result: OrderResult | UnsetType = UNSET
    error: ErrorBody | UnsetType = UNSET


class BatchResult(Struct):
    """One result or error an operation, in their order."""

    results: list[ItemResult]


class Position(Struct):
    """A position and its margin; `size` 0: only its leverage or open orders are there.

    Liquidation and bankruptcy price are those of its scope: of all cross positions while the other marks stay, or of an
    isolated one alone, which has `isolated_margin` of the collateral as its own. `owed_funding` is paid when it is
    settled. `deleveraging_light` is null in previews.
    """

    symbol: Symbol
    size: SignedQuantity
    entry_price: Amount | None
    mark_price: Price | None
    unrealised_pnl: SignedAmount
    liquidation_price: Price | None
    bankruptcy_price: Price | None
    initial_margin: Amount
    maintenance_margin: Amount
    leverage: int
    margin_mode: MarginMode
    isolated_margin: SignedAmount
    owed_funding: SignedAmount
    deleveraging_light: Light | None


class Positions(Struct):
    """The account's positions, by instrument."""

    results: list[Position]
    sequence: Sequence


class PositionSettings(Struct):
    """What was set; null: not by this request. `isolated_margin` is what the position has of its own now."""

    symbol: Symbol
    leverage: int | None
    margin_mode: MarginMode | None
    isolated_margin: SignedAmount | None
    sequence: Sequence


class LedgerEntry(Struct):
    """One change of collateral and the balance after it, and what it was for: of funding the instrument."""

    id: Id
    kind: LedgerKind
    asset: str
    amount: SignedAmount
    balance: SignedAmount
    trade_id: Id | None
    transfer_id: Id | None
    liquidation_id: Id | None
    symbol: Symbol | None
    time: Time
    sequence: Sequence


class Ledger(Struct):
    """Changes of the account's collateral, newest first."""

    results: list[LedgerEntry]
    next: str | None


class Transfer(Struct):
    """A transfer that was made."""

    id: Id
    asset: str
    amount: Amount
    direction: str
    idempotency_key: str
    sequence: Sequence
