"""Every fact the engine states. `apply` folds them into the state; readers fold them into rows.

Events grow only at the end, with defaults. Units and codes as in `commands`. Kept interpreted, see there.
"""

import msgspec

from trading.core.instruments import InstrumentParameters, InstrumentTerms
from trading.engine.commands import AttachedOrder, JournaledCommand
from trading.engine.event import Event
from trading.engine.ordinary import Ordinary
from trading.engine.risk_events import (
    DeficitCovered,
    ExchangeStateChanged,
    FundingApplied,
    FundingSettled,
    IsolatedMarginChanged,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationStarted,
    LiquidationStepped,
    MarginModeChanged,
    PositionAssigned,
    ResumptionScheduled,
)


class CommandRefused(Event, frozen=True, array_like=True, gc=False, tag=1):
    """Nothing changed; `code` is the API's error code. `account_id` is 0 for an exchange's own command."""

    account_id: int
    code: str


class CommandRepeated(Event, frozen=True, array_like=True, gc=False, tag=2):
    """This command id was decided before, at `first_sequence`; its outcome stands there in the journal."""

    account_id: int
    first_sequence: int


class OrderRepeated(Event, frozen=True, array_like=True, gc=False, tag=3):
    """This client order id with this very content is `order_id`, open or closed; nothing changed."""

    account_id: int
    order_id: int


class AccountOpened(Event, frozen=True, array_like=True, gc=False, tag=4):
    account_id: int
    user_id: int


class AccountStateChanged(Event, frozen=True, array_like=True, gc=False, tag=5):
    account_id: int
    state: int


class AccountLimitsChanged(Event, frozen=True, array_like=True, gc=False, tag=6):
    account_id: int
    maximum_open_orders: int


class InstrumentListed(Event, frozen=True, array_like=True, gc=False, tag=7):
    terms: InstrumentTerms
    parameters: InstrumentParameters


class ParametersScheduled(Event, frozen=True, array_like=True, gc=False, tag=8):
    instrument_id: int
    parameters: InstrumentParameters
    effective_at_ns: int


class ParametersChanged(Event, frozen=True, array_like=True, gc=False, tag=9):
    instrument_id: int
    parameters: InstrumentParameters


class InstrumentStateChanged(Event, frozen=True, array_like=True, gc=False, tag=10):
    instrument_id: int
    state: int


class MarkPriceUpdated(Event, frozen=True, array_like=True, gc=False, tag=11):
    instrument_id: int
    mark_price_ticks: int
    index_price_ticks: int = 0


class CollateralTransferred(Event, frozen=True, array_like=True, gc=False, tag=12):
    """`amount_units` > 0 came in from the wallets, < 0 went out; `balance_units` is the collateral after it."""

    account_id: int
    asset: str
    amount_units: int
    balance_units: int
    transfer_id: int


class LeverageChanged(Event, frozen=True, array_like=True, gc=False, tag=13):
    account_id: int
    instrument_id: int
    leverage: int


class OrderPlaced(Ordinary, Event, frozen=True, array_like=True, gc=False, tag=36):
    """An ordinary order was accepted, by a `PlaceOrder`; its immediate trades follow as events of the same record.

    `resting_lots` is what rests in the book (or waits for its trigger) when the whole record is done, `cut_lots` what
    reduce-only took away at once, `open_loss_units` the open loss held for the resting part.
    """

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
    trigger_price_ticks: int  # of special orders only, which begin with all these fields
    trigger_by: int
    resting_lots: int
    cut_lots: int
    open_loss_units: int


class SpecialOrderPlaced(OrderPlaced, frozen=True, array_like=True, gc=False, tag=14):
    """Any other order was accepted: of a `PlaceSpecialOrder`, a quote, an attached one, a liquidation's.

    `hidden_lots` of the resting ones an iceberg does not show. With a `parent_order_id` it is one of that order's
    attached ones, `is_asleep` until there is a fill. `group_id`: see the command; the order of that id is in the group
    from now on.
    """

    expires_at_ns: int = 0
    trailing_distance_ticks: int = 0
    trailing_rate_ppb: int = 0
    activation_price_ticks: int = 0
    display_lots: int = 0
    hidden_lots: int = 0
    parent_order_id: int = 0
    group_id: int = 0
    is_asleep: bool = False
    is_quote: bool = False
    attached: tuple[AttachedOrder, ...] = ()


class TradeExecuted(Event, frozen=True, array_like=True, gc=False, tag=15):
    """One fill with its two equal sides. Positions and entry values are those after it; fees > 0 are paid.

    `replenished_lots` are those an iceberg maker, whose shown lots this fill used up, shows next, behind all others.
    """

    trade_id: int
    instrument_id: int
    price_ticks: int
    quantity_lots: int
    taker_side: int
    maker_order_id: int
    maker_account_id: int
    maker_fee_units: int
    maker_realised_pnl_units: int
    maker_position_lots: int
    maker_entry_value_units: int
    taker_order_id: int
    taker_account_id: int
    taker_fee_units: int
    taker_realised_pnl_units: int
    taker_position_lots: int
    taker_entry_value_units: int
    replenished_lots: int = 0


class OrderReduced(Event, frozen=True, array_like=True, gc=False, tag=16):
    """A resting order lost `cancelled_lots` (> 0) and stays open, with its priority."""

    order_id: int
    account_id: int
    instrument_id: int
    side: int
    price_ticks: int
    cancelled_lots: int
    reason: int


class OrderCancelled(Event, frozen=True, array_like=True, gc=False, tag=17):
    """The order is closed; `cancelled_lots` (> 0) was all it still had open.

    `rested` tells whether those lots were in the book before (readers of depth need it), `hidden_lots` of them unseen.
    """

    order_id: int
    account_id: int
    instrument_id: int
    side: int
    price_ticks: int
    cancelled_lots: int
    rested: bool
    reason: int
    hidden_lots: int = 0


class OrderAmended(Event, frozen=True, array_like=True, gc=False, tag=18):
    """New total and price. `requeued`: it left its place and was matched anew, its trades follow in this record.

    `previous_resting_lots` at `previous_price_ticks` left the book, `resting_lots` at `price_ticks` are in it after
    the record (for an untriggered stop both count lots that wait); of these, the hidden ones were and are unseen.
    `wakes`: an attached order that slept watches the price from now on.
    """

    order_id: int
    account_id: int
    instrument_id: int
    side: int
    quantity_lots: int
    price_ticks: int
    previous_price_ticks: int
    previous_resting_lots: int
    resting_lots: int
    open_loss_units: int
    requeued: bool
    untriggered: bool
    previous_hidden_lots: int = 0
    hidden_lots: int = 0
    wakes: bool = False


class OrderTriggered(Event, frozen=True, array_like=True, gc=False, tag=19):
    """A stop became active; its immediate trades follow. Fields as in `OrderPlaced`."""

    order_id: int
    account_id: int
    instrument_id: int
    side: int
    price_ticks: int
    resting_lots: int
    cut_lots: int
    open_loss_units: int


class OrderRejected(Event, frozen=True, array_like=True, gc=False, tag=20):
    """A stop was refused when it triggered; closed with `code`."""

    order_id: int
    account_id: int
    instrument_id: int
    cancelled_lots: int
    code: str


class CancelAfterSet(Event, frozen=True, array_like=True, gc=False, tag=21):
    """The dead man's switch fires at `deadline_ns`; 0: it is off (switched off, or it has just fired)."""

    account_id: int
    deadline_ns: int


class MarketMakerProtectionSet(Event, frozen=True, array_like=True, gc=False, tag=22):
    """As in the command; fills counted so far are forgotten and a freeze is over."""

    account_id: int
    instrument_id: int
    window_ns: int
    quantity_lots: int
    delta_lots: int
    freeze_ns: int


class MarketMakerProtectionFired(Event, frozen=True, array_like=True, gc=False, tag=23):
    """No quotes before `frozen_until_ns`; 0: until the protection is set anew."""

    account_id: int
    instrument_id: int
    frozen_until_ns: int


AnyEvent = (
    CommandRefused
    | CommandRepeated
    | OrderRepeated
    | AccountOpened
    | AccountStateChanged
    | AccountLimitsChanged
    | InstrumentListed
    | ParametersScheduled
    | ParametersChanged
    | InstrumentStateChanged
    | MarkPriceUpdated
    | CollateralTransferred
    | LeverageChanged
    | OrderPlaced
    | SpecialOrderPlaced
    | TradeExecuted
    | OrderReduced
    | OrderCancelled
    | OrderAmended
    | OrderTriggered
    | OrderRejected
    | CancelAfterSet
    | MarketMakerProtectionSet
    | MarketMakerProtectionFired
    | FundingApplied
    | FundingSettled
    | MarginModeChanged
    | IsolatedMarginChanged
    | ExchangeStateChanged
    | ResumptionScheduled
    | LiquidationStarted
    | LiquidationStepped
    | LiquidationFeeCharged
    | PositionAssigned
    | DeficitCovered
    | LiquidationEnded
)


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One sequenced command with all its events: what the journal keeps and everyone folds.

    `cause_sequence` is 0 for an external command, else the sequence of the command this internal one follows from.
    """

    sequence: int
    time_ns: int
    cause_sequence: int
    command: JournaledCommand
    events: list[AnyEvent]
