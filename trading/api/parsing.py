"""Requests into commands: text into ints. Refuses what is malformed in itself; all else the engine decides."""

from typing import Final

from exchange.contract.errors import ApiError
from exchange.contract.numbers import RATE_STEP, parse_scaled
from trading.api import requests
from trading.api.fields import OrderType, TimeInForce
from trading.api.scales import Scale
from trading.core import terms
from trading.core.listing import SETTLEMENT_STEPS
from trading.engine.commands import AmendOrder, CancelOrder, PlaceOrder

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
    _demand("price", order.price, order.type in _WITH_PRICE, order.type)
    _demand("trigger_price", order.trigger_price, order.type in _WITH_TRIGGER_PRICE, order.type)
    _demand("trigger_by", order.trigger_by, order.type in _WITH_TRIGGER, order.type)
    time_in_force = order.time_in_force or ("gtc" if order.type in _WITH_PRICE else "ioc")
    _check_time_in_force(order, time_in_force)
    _check_trailing(order)
    return PlaceOrder(
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
    )


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


def transfer_units(transfer: requests.NewTransfer) -> int:
    """Ledger units into the margin collateral, below zero out of it. Refuses zero and too much: invalid_parameter."""
    step = SETTLEMENT_STEPS[transfer.asset]
    units = parse_scaled(transfer.amount, step=step, field="amount", maximum=MAXIMUM_TRANSFER_UNITS)
    if units == 0:
        raise _refusal("amount", "amount must be above zero.")
    return units if transfer.direction == "to_margin" else -units


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


def _check_trailing(order: requests.NewOrder) -> None:
    if order.type == "trailing_stop":
        if (order.trailing_distance is None) == (order.trailing_rate is None):
            raise _refusal("trailing_distance", "A trailing_stop needs either trailing_distance or trailing_rate.")
        return
    for field in ("trailing_distance", "trailing_rate", "activation_price"):
        _demand(field, getattr(order, field), False, order.type)


def _rate_ppb(text: str | None, field: str) -> int:
    """Parts per billion above 0 and below 1; 0 when not given."""
    if text is None:
        return 0
    rate_ppb = parse_scaled(text, step=RATE_STEP, field=field, maximum=terms.PPB - 1)
    if rate_ppb == 0:
        raise _refusal(field, f"{field} must be above zero.")
    return rate_ppb


def _quantity_lots(text: str | None, scale: Scale) -> int:
    """0 when not given."""
    return _positive(text, "quantity", "invalid_quantity", scale.quantity)


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
