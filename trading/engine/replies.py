"""What the worker answers: outcomes of commands and results of queries. Kept interpreted, see `commands`."""

from typing import Any

import msgspec

from trading.engine.events import AnyEvent


class OrderView(msgspec.Struct, frozen=True, gc=False):
    """An order as it stands after a record. `filled_value_units` is the sum of price * lots * value over its fills."""

    order_id: int
    account_id: int
    instrument_id: int
    client_order_id: str
    side: int
    order_type: int
    quantity_lots: int
    price_ticks: int
    time_in_force: int
    self_trade_prevention: int
    post_only: bool
    reduce_only: bool
    trigger_price_ticks: int
    trigger_by: int
    status: int
    cancel_reason: int
    reject_code: str
    filled_lots: int
    filled_value_units: int
    cancelled_lots: int
    created_at_ns: int
    updated_at_ns: int
    sequence: int
    expires_at_ns: int = 0
    trailing_distance_ticks: int = 0
    trailing_rate_ppb: int = 0
    activation_price_ticks: int = 0
    display_lots: int = 0
    parent_order_id: int = 0
    group_id: int = 0
    is_quote: bool = False


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """Answer to a command, told after its COMMIT: the record's events and, where it concerns one, the order after it.

    Best prices (0: none) are those of the instrument concerned after the record, before anything that followed from it.
    """

    command_id: bytes
    sequence: int
    time_ns: int
    events: list[AnyEvent]
    order: OrderView | None
    best_bid_ticks: int
    best_ask_ticks: int


class PositionView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A position and its margin. Liquidation and bankruptcy price are 0 where there is none.

    The initial margin is what it takes of the cross equity: of an isolated one only its orders' share.
    """

    instrument_id: int
    position_lots: int
    entry_value_units: int
    mark_price_ticks: int
    unrealised_pnl_units: int
    buy_lots: int
    sell_lots: int
    open_loss_units: int
    initial_margin_units: int
    maintenance_margin_units: int
    liquidation_price_ticks: int
    bankruptcy_price_ticks: int
    leverage: int
    is_isolated: bool = False
    isolated_units: int = 0
    owed_funding_units: int = 0


class AccountView(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=2):
    """Answer to DescribeAccount. Positions in order of instrument id; those without position and orders but with a
    leverage of their own are listed too.

    Equity and margins are those of the cross positions; isolated ones have `isolated_units` of the collateral apart.
    `liquidations` are the scopes that are being liquidated: 0 the cross positions, else an isolated one's instrument.
    """

    command_id: bytes
    sequence: int
    time_ns: int
    account_id: int
    state: int
    collateral_units: dict[str, int]
    equity_units: int
    initial_margin_units: int
    maintenance_margin_units: int
    positions: list[PositionView]
    isolated_units: int = 0
    liquidations: list[int] = []


class OrderPreview(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`code` is "" when the order would be accepted; `account` is as after it (unchanged when refused)."""

    code: str
    filled_lots: int
    filled_value_units: int
    fee_units: int
    resting_lots: int
    account: AccountView


class ChangePreview(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`code` is "" when the change would be made; `account` is as after it (unchanged when refused)."""

    code: str
    account: AccountView


class OrdersPreview(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=3):
    """Answer to PreviewOrders, one entry an order and a change."""

    command_id: bytes
    sequence: int
    time_ns: int
    orders: list[OrderPreview]
    changes: list[ChangePreview] = []


class QueryRefused(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=4):
    command_id: bytes
    sequence: int
    time_ns: int
    code: str


class OrderState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an order is beyond that which the events of the record before it tell. Units and codes as in `OrderView`."""

    client_order_id: str
    order_type: int
    quantity_lots: int
    time_in_force: int
    self_trade_prevention: int
    post_only: bool
    reduce_only: bool
    open_lots: int
    filled_lots: int
    filled_value_units: int
    created_at_ns: int
    expires_at_ns: int = 0
    group_id: int = 0
    is_untriggered: bool = False
    trigger_price_ticks: int = 0
    trigger_by: int = 0
    trailing_distance_ticks: int = 0
    trailing_rate_ppb: int = 0
    activation_price_ticks: int = 0
    display_lots: int = 0
    parent_order_id: int = 0
    is_quote: bool = False


# What an outcome needs beside the record: the order unless the events tell all of it, and `Ladder.best_key` of the
# bids and the asks.
Standing = tuple[OrderState | None, int, int]
# The same as the engine gives it, the order by `order_state`: quicker made and encoded, and decoded as the other.
StandingFields = tuple[tuple[Any, ...] | None, int, int]
QueryReply = AccountView | OrdersPreview | QueryRefused
Reply = Outcome | QueryReply
