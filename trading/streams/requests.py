"""What clients send: one JSON object a message, told apart by `op`. Unknown operations and fields are refused."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from exchange.contract.errors import ApiError
from trading.api import requests
from trading.api.fields import MAXIMUM_ID, Id
from trading.api.operations import refusal_of

MAXIMUM_FRAME_BYTES: Final = 64 * 1024
MAXIMUM_SUBSCRIPTIONS: Final = 200

RequestId = Annotated[int, Meta(ge=0, le=MAXIMUM_ID)] | Annotated[str, Meta(max_length=64)] | None
Nonce = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")]
Channels = Annotated[list[str], Meta(min_length=1, max_length=MAXIMUM_SUBSCRIPTIONS)]
Text = Annotated[str, Meta(max_length=200)]


class Message(Struct, tag_field="op", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Base of all. `id` comes back in the answer."""

    id: RequestId = None

    @property
    def operations(self) -> int:
        """As how many it counts."""
        return 1


class Subscribe(Message, tag="subscribe"):
    channels: Channels


class Unsubscribe(Message, tag="unsubscribe"):
    channels: Channels


class Ping(Message, tag="ping"):
    """Answered with the server's clock."""


class Auth(Message, tag="auth"):
    """Either signed by an API key, or of the session whose cookie came with the handshake, for `account`."""

    key: Text | None = None
    timestamp: Text | None = None
    nonce: Text | None = None
    recv_window: Text | None = None
    signature: Text | None = None
    account: Id | None = None


class OrderMessage(Message):
    """`nonce`: the same again on this connection is the same operation, with its first outcome."""

    nonce: Nonce


class Place(OrderMessage, tag="order.place"):
    args: requests.NewOrder


class Amend(OrderMessage, tag="order.amend"):
    args: requests.NamedOrderChange


class Cancel(OrderMessage, tag="order.cancel"):
    args: requests.CancelFields


class CancelAll(OrderMessage, tag="order.cancel_all"):
    args: requests.CancelAllQuery = requests.CancelAllQuery()


class MassQuote(OrderMessage, tag="order.mass_quote"):
    args: requests.MassQuote


class SetMarketMakerProtection(OrderMessage, tag="market_maker_protection.set"):
    args: requests.MarketMakerProtection


class Batch(OrderMessage, tag="order.batch"):
    args: requests.Batch

    @property
    def operations(self) -> int:
        return len(self.args.operations)


class SwitchFields(Struct, forbid_unknown_fields=True, frozen=True):
    enabled: bool = True


class CancelOnDisconnect(OrderMessage, tag="cancel_on_disconnect"):
    """All orders of the account are cancelled some seconds after this socket has gone, however it went."""

    args: SwitchFields = SwitchFields()


AnyOrderMessage = Place | Amend | Cancel | CancelAll | MassQuote | SetMarketMakerProtection | Batch | CancelOnDisconnect
AnyMessage = Subscribe | Unsubscribe | Ping | Auth | AnyOrderMessage


class _Named(Struct):
    id: Any = None


_decoder: Final = msgspec.json.Decoder(AnyMessage)
_named: Final = msgspec.json.Decoder(_Named)


def read_message(text: str | None) -> AnyMessage:
    """Refuses with payload_too_large, invalid_parameter, and invalid_price or invalid_quantity of those fields."""
    if text is None:
        raise ApiError("invalid_parameter", "Send text frames, not binary ones.")
    if len(text) > MAXIMUM_FRAME_BYTES:
        raise ApiError("payload_too_large", f"A message may have {MAXIMUM_FRAME_BYTES} bytes.")
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise refusal_of(error) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ApiError("invalid_parameter", "The message is not valid JSON.") from None


def id_of(text: str | None) -> int | str | None:
    """The id of a message that was refused, None if it has none that could come back."""
    try:
        name = _named.decode(text or "").id
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    is_number = isinstance(name, int) and not isinstance(name, bool) and 0 <= name <= MAXIMUM_ID
    return name if is_number or (isinstance(name, str) and len(name) <= 64) else None
