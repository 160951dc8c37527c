"""What a run of the simulation met: names of events, refusals by command, cancellations by reason."""

from collections.abc import Iterator

from trading.core.terms import CANCEL_REASONS
from trading.engine import events
from trading.engine.events import Record

REASONS = {number: word for word, number in CANCEL_REASONS.items()}

EVENTS = {
    "AccountOpened",
    "AccountStateChanged",
    "AccountLimitsChanged",
    "InstrumentListed",
    "ParametersScheduled",
    "ParametersChanged",
    "InstrumentStateChanged",
    "MarkPriceUpdated",
    "CollateralTransferred",
    "LeverageChanged",
    "CommandRefused",
    "CommandRepeated",
    "OrderRepeated",
    "OrderPlaced",
    "OrderTriggered",
    "OrderAmended",
    "OrderReduced",
    "OrderCancelled",
    "OrderRejected",
    "TradeExecuted",
    "CancelAfterSet",
    "MarketMakerProtectionSet",
    "MarketMakerProtectionFired",
}
REFUSALS = {
    "PlaceOrder": {
        "account_not_found",
        "instrument_not_found",
        "order_not_found",
        "duplicate_client_order_id",
        "invalid_parameter",
        "invalid_quantity",
        "invalid_price",
        "account_restricted",
        "instrument_halted",
        "post_only_mode",
        "too_many_open_orders",
        "price_outside_band",
        "notional_too_small",
        "would_not_reduce",
        "would_take",
        "not_fillable",
        "position_limit",
        "insufficient_margin",
        "expired_in_transit",
    },
    "AmendOrder": {
        "account_not_found",
        "order_not_found",
        "idempotency_conflict",
        "invalid_parameter",
        "invalid_quantity",
        "invalid_price",
        "account_restricted",
        "instrument_halted",
        "price_outside_band",
        "notional_too_small",
        "would_not_reduce",
        "would_take",
        "position_limit",
        "insufficient_margin",
    },
    "CancelOrder": {
        "account_not_found",
        "account_restricted",
        "order_not_found",
        "order_already_closed",
        "instrument_halted",
    },
    "CancelAllOrders": {"account_restricted", "instrument_halted"},
    "TransferCollateral": {"account_not_found", "invalid_parameter", "account_restricted", "insufficient_funds"},
    "SetLeverage": {
        "instrument_not_found",
        "account_restricted",
        "invalid_parameter",
        "leverage_too_high",
        "insufficient_margin",
    },
    "UpdateMarkPrice": {"instrument_not_found", "invalid_price"},
    "ListInstrument": {"invalid_parameter"},
    "SetInstrumentParameters": {"invalid_parameter"},
    "OpenAccount": {"invalid_parameter"},
    "CancelAfter": {"account_not_found", "invalid_parameter"},
    "MassQuote": {
        "account_not_found",
        "instrument_not_found",
        "invalid_parameter",
        "invalid_quantity",
        "invalid_price",
        "account_restricted",
        "instrument_halted",
        "quotes_frozen",
        "too_many_open_orders",
        "price_outside_band",
        "notional_too_small",
        "would_take",
        "position_limit",
        "insufficient_margin",
    },
    "SetMarketMakerProtection": {"account_not_found", "instrument_not_found", "invalid_parameter"},
}
REJECTIONS = {
    "account_restricted",
    "price_outside_band",
    "notional_too_small",
    "would_not_reduce",
    "not_fillable",
    "position_limit",
    "insufficient_margin",
}
EMPTY = {"AdvanceTime", "TrimReduceOnly", "CancelAllOrders", "ActivateParameters", "CancelGroup", "MassQuote"}


def required() -> set[str]:
    """What the default seeds must meet."""
    refusals = {f"{command} refused: {code}" for command, codes in REFUSALS.items() for code in codes}
    rejections = {f"rejected: {code}" for code in REJECTIONS}
    reasons = {f"cancelled: {reason}" for reason in REASONS.values()}
    shapes = {
        "amended in place",
        "amended anew",
        "amended untriggered",
        "placed asleep",
        "placed awake",
        "woken",
        "replenished",
    }
    return EVENTS | refusals | rejections | reasons | shapes | {f"nothing from {name}" for name in EMPTY}


def met(record: Record) -> Iterator[str]:
    command = type(record.command).__name__
    if not record.events:
        yield f"nothing from {command}"
    for event in record.events:
        yield type(event).__name__
        match event:
            case events.CommandRefused():
                yield f"{command} refused: {event.code}"
            case events.OrderRejected():
                yield f"rejected: {event.code}"
            case events.OrderCancelled():
                yield f"cancelled: {REASONS[event.reason]}"
            case events.OrderPlaced() if event.parent_order_id:
                yield "placed asleep" if event.is_asleep else "placed awake"
            case events.TradeExecuted() if event.replenished_lots:
                yield "replenished"
            case events.OrderAmended() if event.wakes:
                yield "woken"
            case events.OrderAmended():
                yield "amended " + ("untriggered" if event.untriggered else "anew" if event.requeued else "in place")
