"""The kinds of field in requests and answers. What the schema says of a field is what the parser demands.

Decimal strings are only described here: `exchange.contract.numbers` parses them, so that a bad price has its own code.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta

MAXIMUM_ID: Final = 2**53 - 1
LATEST_EXPIRY_MS: Final = 4_102_444_800_000  # the year 2100

_UNSIGNED: Final = r"^(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?$"
_SIGNED: Final = r"^-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?$"


def _decimal(pattern: str, kind: str, example: str, description: str) -> Meta:
    schema = {"pattern": pattern, "format": kind, "examples": [example]}
    return Meta(description=description, extra_json_schema=schema)


Price = Annotated[str, _decimal(_UNSIGNED, "price", "60000.5", "Decimal string, a whole multiple of the tick.")]
Quantity = Annotated[str, _decimal(_UNSIGNED, "quantity", "0.25", "Decimal string, a whole multiple of the lot.")]
Amount = Annotated[str, _decimal(_UNSIGNED, "amount", "1000.5", "Decimal string.")]
SignedAmount = Annotated[str, _decimal(_SIGNED, "signed-amount", "-12.5", "Decimal string, may be negative.")]
SignedQuantity = Annotated[str, _decimal(_SIGNED, "signed-quantity", "-0.25", "Decimal string: long +, short -.")]
UnsignedRate = Annotated[str, _decimal(_UNSIGNED, "unsigned-rate", "0.01", "Decimal string: 0.01 is 1 %.")]
Rate = Annotated[str, _decimal(_SIGNED, "rate", "0.0005", "Decimal string: 0.0005 is 0.05 %.")]

# Not a tuple of the two: tools differ in what they make of JSON Schema's prefixItems.
BookLevel = Annotated[
    list[Annotated[str, _decimal(_UNSIGNED, "quantity", "0.25", "Decimal string.")]],
    Meta(min_length=2, max_length=2, description="Price and quantity."),
]

# The anchor is written as Python's; the schema shows JSON Schema's.
Symbol = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z0-9][A-Z0-9-]{0,48}\Z",
        description="Symbol of an instrument.",
        extra_json_schema={"format": "symbol", "examples": ["BTC-PERP"]},
    ),
]
AssetName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z0-9][A-Z0-9-]{0,48}\Z",
        description="What an index is the price of.",
        extra_json_schema={"format": "asset", "examples": ["BTC"]},
    ),
]
ClientOrderId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,36}\Z",
        description="The client's own id of an order, unique per account among open and recently closed ones.",
        extra_json_schema={"examples": ["my-order-1"]},
    ),
]
IdempotencyKey = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,64}\Z",
        description="Names this transfer: the same key again answers what became of it, and moves nothing.",
        extra_json_schema={"examples": ["transfer-2026-01-31"]},
    ),
]
Cursor = Annotated[str, Meta(max_length=256, description="`next` of the page before.")]
Id = Annotated[int, Meta(ge=1, le=MAXIMUM_ID)]
Sequence = Annotated[int, Meta(ge=0, le=MAXIMUM_ID, description="Sequence of a command in the engine's journal.")]
Time = Annotated[int, Meta(ge=0, le=MAXIMUM_ID, description="Milliseconds since 1970, UTC.")]
Expiry = Annotated[
    int, Meta(ge=1, le=LATEST_EXPIRY_MS, description="When a gtd order ends. Milliseconds since 1970, UTC, to come.")
]
KeyExpiry = Annotated[
    int, Meta(ge=1, le=LATEST_EXPIRY_MS, description="When the key ends. Milliseconds since 1970, UTC, to come.")
]
KeyId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{32}\Z",
        description="What X-API-Key names.",
        extra_json_schema={"examples": ["0123456789abcdef0123456789abcdef"]},
    ),
]
Network = Annotated[
    str,
    Meta(
        max_length=43,
        description="A CIDR range, or one address.",
        extra_json_schema={"format": "network", "examples": ["192.0.2.0/24"]},
    ),
]
PublicKey = Annotated[
    str,
    Meta(
        max_length=1000,
        description="Ed25519, in base64 or as PEM.",
        extra_json_schema={"format": "ed25519", "examples": ["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]},
    ),
]
Timeout = Annotated[int, Meta(ge=0, le=24 * 3600 * 1000, description="Milliseconds.")]
Window = Annotated[
    int,
    Meta(ge=0, le=60_000, description="Milliseconds; 0: off.", extra_json_schema={"examples": [1000]}),
]
Freeze = Annotated[
    int,
    Meta(
        ge=0,
        le=24 * 3600 * 1000,
        description="Milliseconds; 0: until it is set anew.",
        extra_json_schema={"examples": [5000]},
    ),
]
FillLimit = Annotated[str, _decimal(_UNSIGNED, "limit", "10", "Decimal string, a whole multiple of the lot; 0: none.")]
Limit = Annotated[int, Meta(ge=1, le=500, description="Rows a page.")]
Leverage = Annotated[int, Meta(ge=1, le=1000)]

Side = Literal["buy", "sell"]
OrderType = Literal["limit", "market", "stop", "stop_limit", "take_profit", "take_profit_limit", "trailing_stop"]
AttachedType = Literal["stop", "stop_limit", "take_profit", "take_profit_limit", "trailing_stop"]
TimeInForce = Literal["gtc", "ioc", "fok", "gtd"]
TriggerBy = Literal["mark", "last", "index"]
SelfTradePrevention = Literal["expire_maker", "expire_taker", "expire_both"]
OrderStatus = Literal["untriggered", "new", "partially_filled", "filled", "cancelled", "rejected"]
CancelReason = Literal[
    "user",
    "ioc",
    "self_trade",
    "protection",
    "reduce_only",
    "expired",
    "dead_man",
    "parent",
    "group",
    "requoted",
    "market_maker_protection",
    "liquidation",
    "deleveraging",
    "margin",
]
TradingState = Literal["normal", "post_only", "cancel_only", "halted"]
AccountState = Literal["normal", "reduce_only", "cancel_only", "frozen"]
Interval = Literal["1m", "5m", "15m", "1h", "4h", "1d"]
Role = Literal["maker", "taker"]
Asset = Literal["USDT"]
Scope = Literal["read", "trade", "transfer"]
KeyKind = Literal["hmac", "ed25519"]
LedgerKind = Literal[
    "trade_fee",
    "realised_pnl",
    "transfer",
    "funding",
    "liquidation_fee",
    "liquidation",
    "deleveraging",
    "deficit_covered",
]
MarginMode = Literal["cross", "isolated"]
LiquidationRole = Literal["liquidated", "deleveraged"]
LiquidationKind = Literal["cancel_orders", "reduce", "take_over", "deleverage"]
Light = Annotated[
    int,
    Meta(ge=0, le=5, description="0: no position; 5: first in line to be deleveraged; 1: last, the last fifth."),
]
