"""What the forms of the trading page send, as the requests of the API: one grammar, one set of refusals."""

import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from exchange.contract.errors import ApiError
from trading.api import requests
from trading.api.operations import refusal_of

TYPES_WITH_PRICE: Final = ("limit", "stop_limit", "take_profit_limit")
TYPES_WITH_TRIGGER: Final = ("stop", "stop_limit", "take_profit", "take_profit_limit")
NS_PER_MS: Final = 1_000_000
_TEXTS: Final = ("side", "type", "quantity")
_ATTACHED: Final = {"profit_price": "take_profit", "loss_price": "stop"}
_FLAGS: Final = ("post_only", "reduce_only")


def new_order(data: Mapping[str, str], *, symbol: str) -> requests.NewOrder:
    """Fields that the chosen type does not take are left out, as the page hides them.

    Refuses as the API does: invalid_parameter, invalid_price, invalid_quantity.
    """
    order_type = data.get("type", "")
    fields: dict[str, Any] = {"symbol": symbol}
    names = list(_TEXTS)
    if order_type == "limit":
        names.append("display_quantity")
    if order_type in TYPES_WITH_PRICE:
        names += ["price", "time_in_force"]
    if order_type in TYPES_WITH_TRIGGER:
        names += ["trigger_price", "trigger_by"]
    if order_type == "trailing_stop":
        names += ["trailing_distance", "activation_price", "trigger_by"]
    for name in names:
        text = data.get(name, "").strip()
        if text:
            fields[name] = text
    fields |= {name: True for name in _FLAGS if data.get(name)}
    if attached := [_attached(kind, data[name]) for name, kind in _ATTACHED.items() if data.get(name, "").strip()]:
        fields["attached"] = attached
    if order_type != "limit":
        fields.pop("post_only", None)
    if fields.get("time_in_force") == "gtd":
        fields["expires_at"] = time.time_ns() // NS_PER_MS + _minutes(data.get("expires_in", "")) * 60_000
    return converted(fields, requests.NewOrder)


def order_change(data: Mapping[str, str]) -> requests.OrderChange:
    """Refuses as the API does."""
    given = {name: data.get(name, "").strip() for name in ("quantity", "price")}
    return converted({name: text for name, text in given.items() if text}, requests.OrderChange)


def position_change(data: Mapping[str, str]) -> requests.PositionChange:
    """Refuses as the API does. A minus may be typed as people type it."""
    names = ("leverage", "margin_mode", "isolated_margin_change")
    given: dict[str, Any] = {name: text for name in names if (text := data.get(name, "").strip())}
    if "leverage" in given:
        given["leverage"] = _leverage(given["leverage"])
    if "isolated_margin_change" in given:
        given["isolated_margin_change"] = given["isolated_margin_change"].replace("−", "-").removeprefix("+")
    return converted(given, requests.PositionChange)


def _leverage(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not 1 <= int(text) <= 1000:
        raise ApiError("invalid_parameter", "Leverage is a whole number from 1 to 1000.", {"field": "leverage"})
    return int(text)


def converted(fields: Mapping[str, Any], kind: type[Any]) -> Any:
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise refusal_of(error) from None


def _attached(kind: str, trigger_price: str) -> dict[str, str]:
    return {"type": kind, "trigger_price": trigger_price.strip(), "trigger_by": "mark"}


def _minutes(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6 or not 1 <= int(text) <= 525_600:
        raise ApiError(
            "invalid_parameter", "Give the minutes until the order ends, 1 to 525600.", {"field": "expires_in"}
        )
    return int(text)
