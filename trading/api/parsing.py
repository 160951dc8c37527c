"""Requests into commands: text into ints. Refuses what is malformed in itself; all else the engine decides."""

from typing import Final

from exchange.contract.digests import item_command_id
from exchange.contract.errors import ApiError
from exchange.contract.numbers import RATE_STEP, parse_scaled
from trading.api import requests
from trading.api.fields import OrderType, TimeInForce
from trading.api.scales import Scale
from trading.core import terms
from trading.core.listing import SETTLEMENT_STEPS
from trading.engine.commands import (
    AmendOrder,
    AttachedOrder,
    CancelOrder,
    ChangeIsolatedMargin,
    MassQuote,
    PlaceOrder,
    PlaceSpecialOrder,
    Quote,
    SetLeverage,
    SetMarginMode,
    SetMarketMakerProtection,
)

NS_PER_MS: Final = 1_000_000
MAXIMUM_TRANSFER_UNITS: Final = 10**15
_WITH_PRICE: Final = ("limit", "stop_limit", "take_profit_limit")
_WITH_TRIGGER_PRICE: Final = ("stop", "stop_limit", "take_profit", "take_profit_limit")
_WITH_TRIGGER: Final = (*_WITH_TRIGGER_PRICE, "trailing_stop")
_RESTING: Final = ("gtc", "gtd")


def place_order(
    order: requests.NewOrder, *, scale: Scale, account_id: int, command_id: bytes, valid_until_ns: int
) -> PlaceOrder:
    """Refuses with invalid_price, invalid_quantity, and with invalid_parameter fields that do not go together."""
    _check_kind(order)
    time_in_force = order.time_in_force or ("gtc" if order.type in _WITH_PRICE else "ioc")
    _check_time_in_force(order, time_in_force)
    _check_display(order, time_in_force, scale)
    return PlaceSpecialOrder(
        command_id=command_id,
        valid_until_ns=valid_until_ns,
        account_id=account_id,
        instrument_id=scale.instrument_id,
        client_order_id=order.client_order_id or "",
        side=terms.SIDES[order.side],
        order_type=terms.ORDER_TYPES[order.type],
        quantity_lots=_quantity_lots(order.quantity, scale),
        price_ticks=_price_ticks(order.price, "price", scale),
        time_in_force=terms.TIMES_IN_FORCE[time_in_force],
        self_trade_prevention=terms.SELF_TRADE_PREVENTIONS[order.self_trade_prevention],
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        trigger_price_ticks=_price_ticks(order.trigger_price, "trigger_price", scale),
        trigger_by=terms.TRIGGERS_BY[order.trigger_by] if order.trigger_by else 0,
        expires_at_ns=(order.expires_at or 0) * NS_PER_MS,
        trailing_distance_ticks=_price_ticks(order.trailing_distance, "trailing_distance", scale),
        trailing_rate_ppb=_rate_ppb(order.trailing_rate, "trailing_rate"),
        activation_price_ticks=_price_ticks(order.activation_price, "activation_price", scale),
        display_lots=_quantity_lots(order.display_quantity, scale, "display_quantity"),
        group_id=order.group_id or 0,
        attached=_attached_orders(order, scale),
    ).simplest()


def amend_order(
    change: requests.OrderChange,
    *,
    order_id: int,
    scale: Scale,
    account_id: int,
    command_id: bytes,
    valid_until_ns: int,
) -> AmendOrder:
    """Refuses with invalid_price, invalid_quantity, and invalid_parameter when neither is given."""
    if change.quantity is None and change.price is None:
        raise _refusal("quantity", "Give a new quantity, a new price, or both.")
    return AmendOrder(
        command_id=command_id,
        valid_until_ns=valid_until_ns,
        account_id=account_id,
        order_id=order_id,
        quantity_lots=_quantity_lots(change.quantity, scale),
        price_ticks=_price_ticks(change.price, "price", scale),
        expected_sequence=change.expected_sequence or 0,
    )


def cancel_order(
    item: requests.CancelFields, *, account_id: int, command_id: bytes, valid_until_ns: int
) -> CancelOrder:
    """Refuses with invalid_parameter unless exactly one of the two ids is given."""
    if (item.id is None) == (item.client_order_id is None):
        raise _refusal("id", "Give either id or client_order_id.")
    return CancelOrder(
        command_id=command_id,
        valid_until_ns=valid_until_ns,
        account_id=account_id,
        order_id=item.id or 0,
        client_order_id=item.client_order_id or "",
    )


def mass_quote(
    body: requests.MassQuote, *, scale: Scale, account_id: int, command_id: bytes, valid_until_ns: int
) -> MassQuote:
    """Refuses with invalid_price, invalid_quantity, and with invalid_parameter quotes that cannot stand together."""
    quotes = tuple(
        Quote(
            side=terms.SIDES[quote.side],
            price_ticks=_price_ticks(quote.price, f"quotes[{number}].price", scale),
            quantity_lots=_quantity_lots(quote.quantity, scale, f"quotes[{number}].quantity"),
        )
        for number, quote in enumerate(body.quotes)
    )
    if len({(quote.side, quote.price_ticks) for quote in quotes}) < len(quotes):
        raise _refusal("quotes", "Give at most one quote for each side and price.")
    bids, asks = ([quote.price_ticks for quote in quotes if quote.side == side] for side in (terms.BUY, terms.SELL))
    if bids and asks and max(bids) >= min(asks):
        raise _refusal("quotes", "The highest bid must be below the lowest ask.")
    return MassQuote(
        command_id=command_id,
        valid_until_ns=valid_until_ns,
        account_id=account_id,
        instrument_id=scale.instrument_id,
        quotes=quotes,
    )


def market_maker_protection(
    body: requests.MarketMakerProtection, *, scale: Scale, account_id: int, command_id: bytes, valid_until_ns: int
) -> SetMarketMakerProtection:
    """Refuses with invalid_quantity, and with invalid_parameter a window without a limit, or the other way round."""
    quantity_lots = _limit_lots(body.quantity_limit, "quantity_limit", scale)
    delta_lots = _limit_lots(body.delta_limit, "delta_limit", scale)
    if body.window_ms and not quantity_lots and not delta_lots:
        raise _refusal("quantity_limit", "Give a quantity_limit, a delta_limit or both; a window_ms of 0 is off.")
    if not body.window_ms and (quantity_lots or delta_lots or body.freeze_ms):
        raise _refusal("window_ms", "Limits and freeze_ms need a window_ms above zero.")
    return SetMarketMakerProtection(
        command_id=command_id,
        valid_until_ns=valid_until_ns,
        account_id=account_id,
        instrument_id=scale.instrument_id,
        window_ns=body.window_ms * NS_PER_MS,
        quantity_lots=quantity_lots,
        delta_lots=delta_lots,
        freeze_ns=body.freeze_ms * NS_PER_MS,
    )


def position_change(
    body: requests.PositionChange | requests.TriedChange,
    *,
    scale: Scale,
    account_id: int,
    command_id: bytes,
    valid_until_ns: int,
) -> dict[str, SetLeverage | SetMarginMode | ChangeIsolatedMargin]:
    """A command for each field that is given, in the order in which they are to be done.

    Each has an id that follows from the request's and the field, whichever others are given. Refuses with
    invalid_parameter: nothing to change, and an amount that is malformed, zero or too much.
    """

    def ids(index: int) -> tuple[bytes, int, int, int]:
        return item_command_id(command_id, index), valid_until_ns, account_id, scale.instrument_id

    commands: dict[str, SetLeverage | SetMarginMode | ChangeIsolatedMargin] = {}
    if body.leverage is not None:
        commands["leverage"] = SetLeverage(*ids(0), body.leverage)
    if body.margin_mode is not None:
        commands["margin_mode"] = SetMarginMode(*ids(1), body.margin_mode == "isolated")
    if body.isolated_margin_change is not None:
        amount_units = _change_units(body.isolated_margin_change, scale)
        commands["isolated_margin_change"] = ChangeIsolatedMargin(*ids(2), amount_units)
    if not commands:
        raise _refusal("leverage", "Give leverage, margin_mode or isolated_margin_change.")
    return commands


def _change_units(text: str, scale: Scale) -> int:
    field = "isolated_margin_change"
    units = parse_scaled(text, step=scale.money, field=field, signed=True, maximum=MAXIMUM_TRANSFER_UNITS)
    if units == 0:
        raise _refusal(field, f"{field} must not be zero.")
    return units


def transfer_units(transfer: requests.NewTransfer) -> int:
    """Ledger units into the margin collateral, below zero out of it. Refuses zero and too much: invalid_parameter."""
    step = SETTLEMENT_STEPS[transfer.asset]
    units = parse_scaled(transfer.amount, step=step, field="amount", maximum=MAXIMUM_TRANSFER_UNITS)
    if units == 0:
        raise _refusal("amount", "amount must be above zero.")
    return units if transfer.direction == "to_margin" else -units


def _attached_orders(order: requests.NewOrder, scale: Scale) -> tuple[AttachedOrder, ...]:
    if order.attached and (order.reduce_only or order.group_id):
        raise _refusal("attached", "An order that is reduce_only or has a group_id takes no attached orders.")
    return tuple(_attached_order(one, f"attached[{number}].", scale) for number, one in enumerate(order.attached))


def _attached_order(order: requests.AttachedOrder, place: str, scale: Scale) -> AttachedOrder:
    _check_kind(order, place)
    return AttachedOrder(
        order_type=terms.ORDER_TYPES[order.type],
        price_ticks=_price_ticks(order.price, f"{place}price", scale),
        trigger_price_ticks=_price_ticks(order.trigger_price, f"{place}trigger_price", scale),
        trigger_by=terms.TRIGGERS_BY[order.trigger_by],
        trailing_distance_ticks=_price_ticks(order.trailing_distance, f"{place}trailing_distance", scale),
        trailing_rate_ppb=_rate_ppb(order.trailing_rate, f"{place}trailing_rate"),
        activation_price_ticks=_price_ticks(order.activation_price, f"{place}activation_price", scale),
    )


def _check_kind(order: requests.NewOrder | requests.AttachedOrder, place: str = "") -> None:
    """Whether the fields are those of the order's type; `place` is where the order stands."""
    _demand(f"{place}price", order.price, order.type in _WITH_PRICE, order.type)
    _demand(f"{place}trigger_price", order.trigger_price, order.type in _WITH_TRIGGER_PRICE, order.type)
    _demand(f"{place}trigger_by", order.trigger_by, order.type in _WITH_TRIGGER, order.type)
    if order.type != "trailing_stop":
        for field in ("trailing_distance", "trailing_rate", "activation_price"):
            _demand(place + field, getattr(order, field), False, order.type)
    elif (order.trailing_distance is None) == (order.trailing_rate is None):
        field = f"{place}trailing_distance"
        raise _refusal(field, "A trailing_stop needs either trailing_distance or trailing_rate.")


def _demand(field: str, value: str | None, is_needed: bool, order_type: OrderType) -> None:
    if is_needed and value is None:
        raise _refusal(field, f"A {order_type} order needs {field}.")
    if value is not None and not is_needed:
        raise _refusal(field, f"A {order_type} order takes no {field}.")


def _check_time_in_force(order: requests.NewOrder, time_in_force: TimeInForce) -> None:
    rests = time_in_force in _RESTING
    if order.type not in _WITH_PRICE and rests:
        raise _refusal("time_in_force", f"A {order.type} order is ioc or fok.")
    if order.post_only and not (order.type == "limit" and rests):
        raise _refusal("post_only", "Only a limit order that is gtc or gtd can be post_only.")
    if (order.expires_at is not None) != (time_in_force == "gtd"):
        raise _refusal("expires_at", "An order that is gtd needs expires_at, and no other takes it.")


def _check_display(order: requests.NewOrder, time_in_force: TimeInForce, scale: Scale) -> None:
    field = "display_quantity"
    if order.display_quantity is None:
        return
    if order.type != "limit" or time_in_force not in _RESTING or order.reduce_only:
        raise _refusal(field, "Only a limit order that is gtc or gtd and not reduce_only can have display_quantity.")
    display_lots = _quantity_lots(order.display_quantity, scale, field)
    if not display_lots <= _quantity_lots(order.quantity, scale) <= terms.LARGEST_ICEBERG * display_lots:
        problem = f"{field} must be at most quantity and at least a hundredth of it."
        raise ApiError("invalid_quantity", problem, {"field": field})


def _rate_ppb(text: str | None, field: str) -> int:
    """Parts per billion above 0 and below 1; 0 when not given."""
    if text is None:
        return 0
    rate_ppb = parse_scaled(text, step=RATE_STEP, field=field, maximum=terms.PPB - 1)
    if rate_ppb == 0:
        raise _refusal(field, f"{field} must be above zero.")
    return rate_ppb


def _quantity_lots(text: str | None, scale: Scale, field: str = "quantity") -> int:
    """0 when not given."""
    return _positive(text, field, "invalid_quantity", scale.quantity)


def _limit_lots(text: str, field: str, scale: Scale) -> int:
    return parse_scaled(text, step=scale.quantity, field=field, code="invalid_quantity")


def _price_ticks(text: str | None, field: str, scale: Scale) -> int:
    """0 when not given."""
    return _positive(text, field, "invalid_price", scale.price)


def _positive(text: str | None, field: str, code: str, step: tuple[int, int]) -> int:
    if text is None:
        return 0
    count = parse_scaled(text, step=step, field=field, code=code)
    if count == 0:
        raise ApiError(code, f"{field} must be above zero.", {"field": field})
    return count


def _refusal(field: str, message: str) -> ApiError:
    return ApiError("invalid_parameter", message, {"field": field})
