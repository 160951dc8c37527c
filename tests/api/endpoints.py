"""Every operation of the API as the addresses declare it, with a request that reaches it."""

from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver

from tests.api.market import order

EXAMPLES = {
    "symbol": "BTC-PERP",
    "asset": "BTC",
    "order_id": "65",
    "liquidation_id": "65",
    "client_order_id": "mine",
    "key": "0" * 32,
}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "orders"): order(),
    ("PATCH", "orders/<id:order_id>"): {"quantity": "0.02"},
    ("POST", "orders/batch"): {"operations": [{"op": "cancel", "id": 65}]},
    ("POST", "cancel-after"): {"timeout": 0},
    ("POST", "quotes"): {"symbol": "BTC-PERP", "quotes": [{"side": "buy", "price": "59000", "quantity": "0.01"}]},
    ("PUT", "market-maker-protection"): {"symbol": "BTC-PERP", "window_ms": 1000, "quantity_limit": "1"},
    ("PATCH", "positions/<symbol:symbol>"): {"leverage": 5, "margin_mode": "isolated"},
    ("POST", "transfers"): {
        "asset": "USDT",
        "amount": "1",
        "direction": "to_funding",
        "idempotency_key": "once",
    },
    ("POST", "api-keys"): {"label": "bot", "scopes": ["read"]},
    ("POST", "risk/preview"): {"orders": [order()]},
}


class Operation(NamedTuple):
    method: str
    pattern: str
    view: type
    scope: str | None

    def path(self) -> str:
        path = self.pattern
        for name, value in EXAMPLES.items():
            for converter in ("id", "symbol", "client_order_id", "key_id"):
                path = path.replace(f"<{converter}:{name}>", value)
        assert "<" not in path, f"no example for {self.pattern}"
        return f"/{path}"

    def body(self) -> dict[str, Any] | None:
        return BODIES.get((self.method, self.pattern))


def operations() -> list[Operation]:
    """All methods of all views below /api/v1."""
    found = []
    for pattern, view in _views(get_resolver().url_patterns, ""):
        if not pattern.startswith("api/v1/"):
            continue
        for method in ("get", "post", "patch", "put", "delete"):
            if hasattr(view, method) and method in view.http_method_names:
                scope = getattr(view, "required_scopes", {}).get(method.upper())
                found.append(Operation(method.upper(), pattern.removeprefix("api/v1/"), view, scope))
    return found


def _views(patterns: list[URLPattern | URLResolver], prefix: str):
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, path)
        elif hasattr(pattern.callback, "view_class"):
            yield path, pattern.callback.view_class
