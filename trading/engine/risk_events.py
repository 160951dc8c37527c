"""Facts of funding, margin modes, halts and liquidations. Rules and units as in `events`."""

from trading.engine.event import Event


class FundingApplied(Event, frozen=True, array_like=True, gc=False, tag=24):
    """Every position owes lots * index price * rate more (below 0: is owed), settled position by position."""

    instrument_id: int
    period_ns: int
    rate_ppb: int
    index_price_ticks: int


class FundingSettled(Event, frozen=True, array_like=True, gc=False, tag=25):
    """A position paid all it owed: `charge_units` > 0 left the account, < 0 came in."""

    account_id: int
    instrument_id: int
    charge_units: int


class MarginModeChanged(Event, frozen=True, array_like=True, gc=False, tag=26):
    """`isolated_units` of the account's collateral are the position's own from now on."""

    account_id: int
    instrument_id: int
    is_isolated: bool
    isolated_units: int


class IsolatedMarginChanged(Event, frozen=True, array_like=True, gc=False, tag=27):
    """The isolated position's own part of the collateral, after the record's trades or by the customer's wish."""

    account_id: int
    instrument_id: int
    isolated_units: int


class ExchangeStateChanged(Event, frozen=True, array_like=True, gc=False, tag=28):
    state: int


class ResumptionScheduled(Event, frozen=True, array_like=True, gc=False, tag=29):
    """The state the instrument has just got gives way to a milder one at `resume_at_ns`.

    With a low and a high it is a halt because the mark moved from one to the other within the instrument's window.
    """

    instrument_id: int
    resume_at_ns: int
    low_price_ticks: int
    high_price_ticks: int


class LiquidationStarted(Event, frozen=True, array_like=True, gc=False, tag=30):
    """Equity fell below maintenance margin: of an isolated position, or with `instrument_id` 0 of all others."""

    liquidation_id: int
    account_id: int
    instrument_id: int
    equity_units: int
    maintenance_units: int


class LiquidationStepped(Event, frozen=True, array_like=True, gc=False, tag=31):
    """What the rest of this record does, and the numbers it was decided on. `step`: LIQUIDATION_STEPS in `terms`.

    `lots`: signed as the position in `instrument_id` of which they are to be closed. `order_id` is that of a REDUCE.
    """

    liquidation_id: int
    account_id: int
    instrument_id: int
    step: int
    lots: int
    equity_units: int
    maintenance_units: int
    mark_price_ticks: int
    bankruptcy_price_ticks: int
    limit_price_ticks: int
    order_id: int


class LiquidationFeeCharged(Event, frozen=True, array_like=True, gc=False, tag=32):
    """`fee_units` (> 0) went from the account to the insurance fund."""

    liquidation_id: int
    account_id: int
    instrument_id: int
    fee_units: int


class PositionAssigned(Event, frozen=True, array_like=True, gc=False, tag=33):
    """Lots of a liquidated position passed to the insurance fund, or were closed against a deleveraged position.

    At the bankruptcy price, outside the book. `side` is that of the liquidated account in it. Positions and entry
    values are those after it. `place` in the queue of deleveraging counts from 1, its `rank_ppb` is F17's; both 0: the
    fund took the lots over.
    """

    liquidation_id: int
    instrument_id: int
    price_ticks: int
    quantity_lots: int
    side: int
    account_id: int
    realised_pnl_units: int
    position_lots: int
    entry_value_units: int
    counterparty_id: int
    counterparty_realised_pnl_units: int
    counterparty_position_lots: int
    counterparty_entry_value_units: int
    place: int
    rank_ppb: int


class DeficitCovered(Event, frozen=True, array_like=True, gc=False, tag=35):
    """The insurance fund paid `amount_units` (> 0) of what a scope that holds nothing any more lost beyond its equity.

    `instrument_id` is the scope: an isolated position's, 0 for the cross positions.
    """

    liquidation_id: int
    account_id: int
    instrument_id: int
    amount_units: int


class LiquidationEnded(Event, frozen=True, array_like=True, gc=False, tag=34):
    """Equity is at maintenance margin or above again, or nothing is held any more."""

    liquidation_id: int
    account_id: int
    instrument_id: int
    equity_units: int
    maintenance_units: int
