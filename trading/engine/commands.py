"""Every order given to the engine. Commands grow only at the end, with defaults: journals are read for ever.

All share `command_id` (16 bytes, or empty for an exchange's own command that needs no idempotency) and `valid_until_ns`
(UTC; 0: never too late). Prices are ticks, quantities lots, sides +1 buy and -1 sell, the other codes are those of
`trading.core.terms`; 0 and "" mean "not given". Kept interpreted: mypyc drops the tags of msgspec structs.
"""

from typing import Any

import msgspec

from trading.core.instruments import InstrumentParameters, InstrumentTerms
from trading.engine.ordinary import Ordinary


class Command(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What all commands have in common."""

    command_id: bytes
    valid_until_ns: int


class OpenAccount(Command, frozen=True, array_like=True, gc=False, tag=1):
    """Make a trading account known. Accounts of one user never trade with each other."""

    account_id: int
    user_id: int


class SetAccountState(Command, frozen=True, array_like=True, gc=False, tag=2):
    """With an `expected_state` (0: any) only while that is the account's state: for robots, who undo no one's word."""

    account_id: int
    state: int
    expected_state: int = 0


class SetAccountLimits(Command, frozen=True, array_like=True, gc=False, tag=3):
    """`maximum_open_orders` per instrument for this account; 0 returns to the instrument's own limit."""

    account_id: int
    maximum_open_orders: int


class ListInstrument(Command, frozen=True, array_like=True, gc=False, tag=4):
    terms: InstrumentTerms
    parameters: InstrumentParameters


class SetInstrumentParameters(Command, frozen=True, array_like=True, gc=False, tag=5):
    """Replace the parameters from `effective_at_ns` on (0: now)."""

    instrument_id: int
    parameters: InstrumentParameters
    effective_at_ns: int = 0


class SetInstrumentState(Command, frozen=True, array_like=True, gc=False, tag=6):
    """With an `expected_state` (0: any) only while that is the instrument's own state."""

    instrument_id: int
    state: int
    expected_state: int = 0


class UpdateMarkPrice(Command, frozen=True, array_like=True, gc=False, tag=7):
    """The index stays as it is when `index_price_ticks` is 0."""

    instrument_id: int
    mark_price_ticks: int
    index_price_ticks: int = 0


class TransferCollateral(Command, frozen=True, array_like=True, gc=False, tag=8):
    """Move money between the wallets and an account's collateral: `amount_units` > 0 in, < 0 out."""

    account_id: int
    asset: str
    amount_units: int
    transfer_id: int


class SetLeverage(Command, frozen=True, array_like=True, gc=False, tag=9):
    account_id: int
    instrument_id: int
    leverage: int


class AttachedOrder(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A reduce-only order to be placed on the other side once the order that brings it has a fill, in its size."""

    order_type: int
    price_ticks: int
    trigger_price_ticks: int
    trigger_by: int
    trailing_distance_ticks: int = 0
    trailing_rate_ppb: int = 0
    activation_price_ticks: int = 0


class Quote(msgspec.Struct, frozen=True, array_like=True, gc=False):
    side: int
    price_ticks: int
    quantity_lots: int


class PlaceOrder(Ordinary, Command, frozen=True, array_like=True, gc=False, tag=23):
    """An ordinary order, of no attached, hidden or waiting kind."""

    account_id: int
    instrument_id: int
    client_order_id: str
    side: int
    order_type: int
    quantity_lots: int
    price_ticks: int
    time_in_force: int
    self_trade_prevention: int
    post_only: bool = False
    reduce_only: bool = False


class PlaceSpecialOrder(PlaceOrder, frozen=True, array_like=True, gc=False, tag=10):
    """An order that may have all there is; before there were two kinds, every order was one.

    `display_lots` (0: all) is what an iceberg shows at a time. `group_id` is the id of an open order of the same
    account and instrument: one cancels the other.
    """

    trigger_price_ticks: int = 0
    trigger_by: int = 0
    expires_at_ns: int = 0
    trailing_distance_ticks: int = 0
    trailing_rate_ppb: int = 0
    activation_price_ticks: int = 0
    display_lots: int = 0
    group_id: int = 0
    attached: tuple[AttachedOrder, ...] = ()

    def simplest(self) -> PlaceOrder:
        """The same order as a `PlaceOrder`, if it is an ordinary one."""
        fields: tuple[Any, ...] = msgspec.structs.astuple(self)
        ordinary, special = fields[: len(PlaceOrder.__struct_fields__)], fields[len(PlaceOrder.__struct_fields__) :]
        return self if any(special) else PlaceOrder(*ordinary)


class AmendOrder(Command, frozen=True, array_like=True, gc=False, tag=11):
    """`quantity_lots` is the new total, `price_ticks` the new limit; 0 leaves either as it is.

    `expected_sequence` (0: any) is the sequence at which the order last changed, as the sender knows it.
    """

    account_id: int
    order_id: int
    quantity_lots: int
    price_ticks: int
    expected_sequence: int = 0


class CancelOrder(Command, frozen=True, array_like=True, gc=False, tag=12):
    """Cancel by `order_id`, or when that is 0 by `client_order_id`."""

    account_id: int
    order_id: int
    client_order_id: str = ""


class CancelAllOrders(Command, frozen=True, array_like=True, gc=False, tag=13):
    """Cancel every open order of the account, or only those of one instrument."""

    account_id: int
    instrument_id: int = 0


class AdvanceTime(Command, frozen=True, array_like=True, gc=False, tag=14):
    """Nothing but a stamp: lets due timers fire when no other command comes."""


class CancelAfter(Command, frozen=True, array_like=True, gc=False, tag=15):
    """Dead man's switch: cancel all of the account's orders `timeout_ns` after the stamp, unless told anew. 0: off."""

    account_id: int
    timeout_ns: int


class MassQuote(Command, frozen=True, array_like=True, gc=False, tag=16):
    """Replace all quotes of the account in the instrument by these, wholly or not at all."""

    account_id: int
    instrument_id: int
    quotes: tuple[Quote, ...]


class SetMarketMakerProtection(Command, frozen=True, array_like=True, gc=False, tag=17):
    """Cancel all quotes once fills of quotes within `window_ns` (0: off) reach `quantity_lots`, or their sum with signs
    `delta_lots` either way (0: no limit); no new ones for `freeze_ns` then, or with 0 until this is set anew."""

    account_id: int
    instrument_id: int
    window_ns: int
    quantity_lots: int
    delta_lots: int
    freeze_ns: int


class ApplyFunding(Command, frozen=True, array_like=True, gc=False, tag=18):
    """Longs pay shorts `rate_ppb` of their value at index, once for the period that ended at `period_ns`."""

    instrument_id: int
    period_ns: int
    rate_ppb: int


class SetMarginMode(Command, frozen=True, array_like=True, gc=False, tag=19):
    account_id: int
    instrument_id: int
    is_isolated: bool


class ChangeIsolatedMargin(Command, frozen=True, array_like=True, gc=False, tag=20):
    """Move `amount_units` > 0 from the cross margin to an isolated position, < 0 back."""

    account_id: int
    instrument_id: int
    amount_units: int


class SetExchangeState(Command, frozen=True, array_like=True, gc=False, tag=21):
    """No instrument is milder than this; out of halted only through cancel_only. `expected_state` (0: any) as above."""

    state: int
    expected_state: int = 0


class SweepLiquidations(Command, frozen=True, array_like=True, gc=False, tag=22):
    """The backstop: look at every account from the first to the last id, whatever the index of liquidations says."""

    first_account_id: int
    last_account_id: int


class TriggerOrder(Command, frozen=True, array_like=True, gc=False, tag=40):
    """Internal: a stop's trigger price was reached."""

    order_id: int


class TrimReduceOnly(Command, frozen=True, array_like=True, gc=False, tag=41):
    """Internal: a position shrank below its reduce-only orders; the newest are cut."""

    account_id: int
    instrument_id: int


class ActivateParameters(Command, frozen=True, array_like=True, gc=False, tag=42):
    """Internal: scheduled parameters have become effective."""

    instrument_id: int
    version: int


class ExpireOrder(Command, frozen=True, array_like=True, gc=False, tag=43):
    """Internal: an order's `expires_at_ns` has come."""

    account_id: int
    order_id: int


class FireCancelAfter(Command, frozen=True, array_like=True, gc=False, tag=44):
    """Internal: nobody renewed the account's dead man's switch."""

    account_id: int


class SizeAttached(Command, frozen=True, array_like=True, gc=False, tag=45):
    """Internal: an order with attached ones has `filled_lots` now; with 0 it ended without any."""

    account_id: int
    parent_order_id: int
    filled_lots: int


class CancelGroup(Command, frozen=True, array_like=True, gc=False, tag=46):
    """Internal: `order_id` was filled, or else is about to be triggered; the others of its group go."""

    account_id: int
    group_id: int
    order_id: int
    is_filled: bool


class FireMarketMakerProtection(Command, frozen=True, array_like=True, gc=False, tag=47):
    """Internal: the fills of an account's quotes have reached a limit."""

    account_id: int
    instrument_id: int


class SettleFunding(Command, frozen=True, array_like=True, gc=False, tag=48):
    """Internal: the next chunk of positions pays what is owed since they were settled last."""

    instrument_id: int


class Liquidate(Command, frozen=True, array_like=True, gc=False, tag=49):
    """Internal: the next step of a liquidation, of the isolated position or with `instrument_id` 0 of all others."""

    account_id: int
    instrument_id: int


class UnwindFund(Command, frozen=True, array_like=True, gc=False, tag=50):
    """Internal: the insurance fund closes what it holds against the book."""

    instrument_id: int


class ResumeInstrument(Command, frozen=True, array_like=True, gc=False, tag=51):
    """Internal: a halt for volatility, or the cancel-only time after it, is over."""

    instrument_id: int


class PreviewOrders(Command, frozen=True, array_like=True, gc=False, tag=60):
    """Query: what would become of the account with these changes and then these orders, one after the other. Never
    journaled."""

    account_id: int
    orders: tuple[PlaceOrder | PlaceSpecialOrder, ...]
    changes: tuple[SetLeverage | SetMarginMode | ChangeIsolatedMargin, ...] = ()


class DescribeAccount(Command, frozen=True, array_like=True, gc=False, tag=61):
    """Query: the account as the engine sees it. Never journaled."""

    account_id: int


ExternalCommand = (
    OpenAccount
    | SetAccountState
    | SetAccountLimits
    | ListInstrument
    | SetInstrumentParameters
    | SetInstrumentState
    | UpdateMarkPrice
    | TransferCollateral
    | SetLeverage
    | PlaceOrder
    | PlaceSpecialOrder
    | AmendOrder
    | CancelOrder
    | CancelAllOrders
    | AdvanceTime
    | CancelAfter
    | MassQuote
    | SetMarketMakerProtection
    | ApplyFunding
    | SetMarginMode
    | ChangeIsolatedMargin
    | SetExchangeState
    | SweepLiquidations
)
InternalCommand = (
    TriggerOrder
    | TrimReduceOnly
    | ActivateParameters
    | ExpireOrder
    | FireCancelAfter
    | SizeAttached
    | CancelGroup
    | FireMarketMakerProtection
    | SettleFunding
    | Liquidate
    | UnwindFund
    | ResumeInstrument
)
Query = PreviewOrders | DescribeAccount
JournaledCommand = ExternalCommand | InternalCommand
