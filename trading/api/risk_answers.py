"""What clients receive of liquidations and of the insurance fund: as in `answers`."""

from typing import Literal

from msgspec import Struct

from trading.api.answers import Fill
from trading.api.fields import (
    Amount,
    Id,
    LedgerKind,
    LiquidationKind,
    LiquidationRole,
    MarginMode,
    Price,
    Quantity,
    Rate,
    Sequence,
    Side,
    SignedAmount,
    SignedQuantity,
    Symbol,
    Time,
)


class FundPosition(Struct):
    """What the fund has taken over and not sold yet."""

    symbol: Symbol
    size: SignedQuantity
    entry_price: Amount | None
    mark_price: Price | None
    unrealised_pnl: SignedAmount


class FundChange(Struct):
    """One change of the fund and its balance after it. `liquidation_id` is set where a liquidation caused it."""

    id: Id
    kind: LedgerKind
    amount: SignedAmount
    balance: SignedAmount
    liquidation_id: Id | None
    time: Time
    sequence: Sequence


class InsuranceFund(Struct):
    """The insurance fund now, its positions valued at mark in `equity`, and every change of its balance, newest first.

    It takes bankrupt positions over while its equity stays above zero; what it cannot bear is deleveraged.
    """

    asset: str
    balance: SignedAmount
    equity: SignedAmount
    positions: list[FundPosition]
    results: list[FundChange]
    next: str | None


class PublicLiquidation(Struct):
    """What one step of somebody's liquidation closed, at which average price; `side` is that of the closing."""

    symbol: Symbol
    step: LiquidationKind
    side: Side
    quantity: Quantity
    price: Amount
    mark_price: Price
    time: Time
    sequence: Sequence


class PublicLiquidations(Struct):
    """What liquidations closed, newest first, whoever's it was."""

    results: list[PublicLiquidation]
    next: str | None


class Liquidation(Struct):
    """A liquidation of the account's own, or one that deleveraged it: then all but the first fields is null.

    It covers the cross positions, or with `margin_mode` isolated the one of `symbol`. It starts when equity is below
    maintenance margin, and ends when it no longer is (`ended_at` null: it runs). `fees` went to the insurance fund; of
    an `equity_after` below zero, with nothing left to close, the fund paid `deficit_covered`.
    """

    id: Id
    role: LiquidationRole
    margin_mode: MarginMode | None
    symbol: Symbol | None
    started_at: Time
    ended_at: Time | None
    equity: SignedAmount | None
    maintenance_margin: Amount | None
    equity_after: SignedAmount | None
    maintenance_margin_after: Amount | None
    fees: Amount | None
    deficit_covered: Amount | None
    steps: int | None
    sequence: Sequence


class Liquidations(Struct):
    """Liquidations that concern the account, newest first."""

    results: list[Liquidation]
    next: str | None


class Assignment(Struct):
    """What passed at the bankruptcy price to the insurance fund, or was closed against the position at this `place` of
    the queue, because of this `rank`: profit x leverage. `realised_pnl` is the account's."""

    to: Literal["insurance_fund", "trader"]
    quantity: Quantity
    price: Price
    realised_pnl: SignedAmount
    place: int | None
    rank: Rate | None


class LiquidationStep(Struct):
    """One step with the numbers it was decided on. Of what somebody else's step closed of the account's position only
    the instrument, prices and assignments are told.

    `cancel_orders`: the account's open orders went. `reduce`: an order no worse than `limit_price` closed what found a
    counterpart, its fills are `fills`. `take_over`: the fund took lots at the bankruptcy price. `deleverage`: they were
    closed against the positions first in line. `insurance_fund` is what the step brought the fund, what it took over
    valued at mark.
    """

    step: LiquidationKind
    symbol: Symbol | None
    side: Side | None
    quantity: Quantity | None
    filled_quantity: Quantity | None
    average_price: Amount | None
    mark_price: Price | None
    bankruptcy_price: Price | None
    limit_price: Price | None
    equity: SignedAmount | None
    maintenance_margin: Amount | None
    realised_pnl: SignedAmount | None
    fee: Amount | None
    insurance_fund: SignedAmount | None
    cancelled_orders: int | None
    order_id: Id | None
    fills: list[Fill]
    assignments: list[Assignment]
    time: Time
    sequence: Sequence


class LiquidationStory(Struct):
    """A liquidation, step by step, oldest first; of a very long one the first 500."""

    liquidation: Liquidation
    steps: list[LiquidationStep]
    sequence: Sequence
