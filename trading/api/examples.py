"""Requests as somebody would send them, by the name of their struct, for the description of the API."""

from typing import Any, Final

_LIMIT: Final = {"symbol": "BTC-PERP", "side": "buy", "type": "limit", "quantity": "0.5", "price": "60000"}
_TAKE_PROFIT: Final = {"type": "take_profit_limit", "trigger_price": "61500", "trigger_by": "last", "price": "61500"}
_STOP_LOSS: Final = {"type": "stop", "trigger_price": "58800", "trigger_by": "mark"}

EXAMPLES: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "NewOrder": {
        "A limit order": _LIMIT,
        "A market order": {"symbol": "BTC-PERP", "side": "sell", "type": "market", "quantity": "0.5"},
        "An iceberg": {**_LIMIT, "quantity": "5", "display_quantity": "0.25"},
        "A limit order with take-profit and stop-loss": {**_LIMIT, "attached": [_TAKE_PROFIT, _STOP_LOSS]},
        "The second order of a group": {
            "symbol": "BTC-PERP",
            "side": "buy",
            "type": "stop",
            "quantity": "0.5",
            "trigger_price": "61000",
            "trigger_by": "last",
            "group_id": 129,
        },
        "A trailing stop": {
            "symbol": "BTC-PERP",
            "side": "sell",
            "type": "trailing_stop",
            "quantity": "0.5",
            "trailing_rate": "0.01",
            "trigger_by": "mark",
            "reduce_only": True,
        },
    },
    "MassQuote": {
        "Both sides": {
            "symbol": "BTC-PERP",
            "quotes": [
                {"side": "buy", "price": "59990", "quantity": "0.5"},
                {"side": "buy", "price": "59980", "quantity": "1"},
                {"side": "sell", "price": "60010", "quantity": "0.5"},
                {"side": "sell", "price": "60020", "quantity": "1"},
            ],
        },
        "Take all away": {"symbol": "BTC-PERP", "quotes": []},
    },
    "PositionChange": {
        "Five times leverage": {"leverage": 5},
        "An isolated position with more margin": {"margin_mode": "isolated", "isolated_margin_change": "250"},
        "Take some of its margin away": {"isolated_margin_change": "-100"},
    },
    "MarketMakerProtection": {
        "Three coins bought or sold more than the other way in a second": {
            "symbol": "BTC-PERP",
            "window_ms": 1000,
            "delta_limit": "3",
            "freeze_ms": 5000,
        },
        "Off": {"symbol": "BTC-PERP", "window_ms": 0},
    },
}
