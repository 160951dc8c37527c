"""What a run of the simulation met: names of events, refusals by command, cancellations by reason."""

from collections.abc import Iterator

from trading.core.terms import CANCEL_REASONS, INSURANCE_FUND, LIQUIDATION_STEPS
from trading.engine import commands, events
from trading.engine.events import AnyEvent, Record

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
    "SpecialOrderPlaced",
    "OrderTriggered",
    "OrderAmended",
    "OrderReduced",
    "OrderCancelled",
    "OrderRejected",
    "TradeExecuted",
    "CancelAfterSet",
    "MarketMakerProtectionSet",
    "MarketMakerProtectionFired",
    "FundingApplied",
    "FundingSettled",
    "MarginModeChanged",
    "IsolatedMarginChanged",
    "ExchangeStateChanged",
    "ResumptionScheduled",
    "LiquidationStarted",
    "LiquidationStepped",
    "LiquidationFeeCharged",
    "PositionAssigned",
    "DeficitCovered",
    "LiquidationEnded",
}
OF_ORDERS = {
    "account_not_found",
    "instrument_not_found",
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
}
REFUSALS = {
    "PlaceOrder": OF_ORDERS,
    "PlaceSpecialOrder": OF_ORDERS | {"order_not_found"},
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
    "SetAccountState": {"account_not_found", "idempotency_conflict"},
    "SetAccountLimits": {"account_not_found"},
    "SetInstrumentState": {"invalid_parameter", "idempotency_conflict"},
    "ApplyFunding": {"instrument_not_found", "invalid_parameter", "idempotency_conflict", "instrument_halted"},
    "SetMarginMode": {"account_not_found", "instrument_not_found", "account_restricted", "insufficient_margin"},
    "ChangeIsolatedMargin": {
        "account_not_found",
        "instrument_not_found",
        "account_restricted",
        "invalid_parameter",
        "insufficient_funds",
        "insufficient_margin",
    },
    "SetExchangeState": {"invalid_parameter", "idempotency_conflict"},
    "SweepLiquidations": {"invalid_parameter"},
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
EMPTY = {
    "AdvanceTime",
    "TrimReduceOnly",
    "CancelAllOrders",
    "ActivateParameters",
    "CancelGroup",
    "MassQuote",
    "SettleFunding",
    "Liquidate",
    "UnwindFund",
    "SweepLiquidations",
}
STEPS = {number: word for word, number in LIQUIDATION_STEPS.items()}
SHAPES_OF_RISK = {
    *(f"step: {word}" for word in LIQUIDATION_STEPS),
    *(f"isolated step: {word}" for word in LIQUIDATION_STEPS),
    "the fund's step: deleverage",
    "started by a sweep",
    "ended with positions",
    "ended with nothing",
    "ended with margin to give back",
    "second in the queue",
    "an isolated counterpart",
    "closed at a price of its own",
    "a deficit of cross margin covered",
    "a deficit of isolated margin covered",
    "order of the fund",
    "halted by volatility",
    "resumed to cancel_only",
    "resumed to normal",
    "settled before a fill",
    "settled by the sweep",
    "settled by a liquidation",
    "received funding",
    "margin after trades",
    "margin by wish",
    "to isolated with margin",
    "to cross",
}


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
    empty = {f"nothing from {name}" for name in EMPTY}
    return EVENTS | refusals | rejections | reasons | shapes | empty | SHAPES_OF_RISK


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
            case events.OrderPlaced() if event.account_id == INSURANCE_FUND:
                yield "order of the fund"
            case events.OrderPlaced() if event.parent_order_id:
                yield "placed asleep" if event.is_asleep else "placed awake"
            case events.TradeExecuted() if event.replenished_lots:
                yield "replenished"
            case events.OrderAmended() if event.wakes:
                yield "woken"
            case events.OrderAmended():
                yield "amended " + ("untriggered" if event.untriggered else "anew" if event.requeued else "in place")
            case _:
                yield from met_of_risk(record, event)


def met_of_risk(record: Record, event: AnyEvent) -> Iterator[str]:
    command = record.command
    match event:
        case events.LiquidationStarted() if isinstance(command, commands.SweepLiquidations):
            yield "started by a sweep"
        case events.LiquidationStepped():
            yield f"step: {STEPS[event.step]}"
            if command.instrument_id:
                yield f"isolated step: {STEPS[event.step]}"
            if event.account_id == INSURANCE_FUND:
                yield f"the fund's step: {STEPS[event.step]}"
        case events.LiquidationEnded():
            yield "ended with positions" if event.maintenance_units else "ended with nothing"
            if len(record.events) == 2:
                yield "ended with margin to give back"
        case events.PositionAssigned():
            if event.place == 2:
                yield "second in the queue"
            if event.place and event.price_ticks != record.events[0].bankruptcy_price_ticks:
                yield "closed at a price of its own"
        case events.DeficitCovered():
            yield f"a deficit of {'isolated' if event.instrument_id else 'cross'} margin covered"
        case events.ResumptionScheduled():
            yield "halted by volatility" if event.high_price_ticks else "resumed to cancel_only"
        case events.InstrumentStateChanged() if isinstance(command, commands.ResumeInstrument) and event.state == 1:
            yield "resumed to normal"
        case events.FundingSettled():
            yield from met_of_settling(command, event)
        case events.IsolatedMarginChanged():
            yield "margin by wish" if isinstance(command, commands.ChangeIsolatedMargin) else "margin after trades"
            if isinstance(command, commands.Liquidate) and event.account_id != command.account_id:
                yield "an isolated counterpart"
        case events.MarginModeChanged():
            yield (
                "to isolated with margin"
                if event.isolated_units
                else "to isolated"
                if event.is_isolated
                else "to cross"
            )


def met_of_settling(command: commands.JournaledCommand, event: events.FundingSettled) -> Iterator[str]:
    if event.charge_units < 0:
        yield "received funding"
    match command:
        case commands.SettleFunding():
            yield "settled by the sweep"
        case commands.Liquidate():
            yield "settled by a liquidation"
        case _:
            yield "settled before a fill"
