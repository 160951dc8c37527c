"""What clients receive about what would become of their account."""

from msgspec import Struct

from trading.api.answers import ErrorBody, Position
from trading.api.fields import Amount, Quantity, Rate, Sequence, SignedAmount


class AccountAfter(Struct):
    """The account as it would be after the order, with its positions."""

    equity: SignedAmount
    initial_margin: Amount
    maintenance_margin: Amount
    available: Amount
    margin_ratio: Rate | None
    positions: list[Position]


class PreviewedOrder(Struct):
    """What would become of the order; refused: `error`, and the account unchanged."""

    accepted: bool
    error: ErrorBody | None
    filled_quantity: Quantity
    average_price: Amount | None
    fee: SignedAmount
    resting_quantity: Quantity
    account: AccountAfter


class PreviewedChange(Struct):
    """What would become of a change, `of` which setting; refused: `error`, and the account unchanged."""

    symbol: str
    of: str
    accepted: bool
    error: ErrorBody | None
    account: AccountAfter


class PreviewResult(Struct):
    """One entry an order, and one a setting that is changed, each on the account the ones before leave."""

    sequence: Sequence
    orders: list[PreviewedOrder]
    changes: list[PreviewedChange]
