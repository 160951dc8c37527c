"""The engine's vocabulary as small integers, and the words of the API for each.

Inside the engine and on the wire of the journal everything is an int; the tables at the end are for edges.
"""

from typing import Final

BUY: Final = 1
SELL: Final = -1

LIMIT: Final = 1
MARKET: Final = 2
STOP: Final = 3
STOP_LIMIT: Final = 4
TAKE_PROFIT: Final = 5
TAKE_PROFIT_LIMIT: Final = 6
TRAILING_STOP: Final = 7
# What the market types match with is the protection price.
MARKET_TYPES: Final = frozenset((MARKET, STOP, TAKE_PROFIT, TRAILING_STOP))
TRIGGERED_TYPES: Final = frozenset((STOP, STOP_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT, TRAILING_STOP))

LARGEST_ICEBERG: Final = 100  # times what it shows

GTC: Final = 1
IOC: Final = 2
FOK: Final = 3
GTD: Final = 4

TRIGGER_BY_MARK: Final = 1
TRIGGER_BY_LAST: Final = 2
TRIGGER_BY_INDEX: Final = 3

EXPIRE_MAKER: Final = 1
EXPIRE_TAKER: Final = 2
EXPIRE_BOTH: Final = 3

INSTRUMENT_NORMAL: Final = 1
INSTRUMENT_POST_ONLY: Final = 2
INSTRUMENT_CANCEL_ONLY: Final = 3
INSTRUMENT_HALTED: Final = 4

ACCOUNT_NORMAL: Final = 1
ACCOUNT_REDUCE_ONLY: Final = 2
ACCOUNT_CANCEL_ONLY: Final = 3
ACCOUNT_FROZEN: Final = 4

ORDER_UNTRIGGERED: Final = 1
ORDER_NEW: Final = 2
ORDER_PARTIALLY_FILLED: Final = 3
ORDER_FILLED: Final = 4
ORDER_CANCELLED: Final = 5
ORDER_REJECTED: Final = 6

CANCEL_USER: Final = 1
CANCEL_IOC: Final = 2
CANCEL_SELF_TRADE: Final = 3
CANCEL_PROTECTION: Final = 4
CANCEL_REDUCE_ONLY: Final = 5
CANCEL_EXPIRED: Final = 6
CANCEL_DEAD_MAN: Final = 7
CANCEL_PARENT: Final = 8
CANCEL_GROUP: Final = 9
CANCEL_REQUOTED: Final = 10
CANCEL_MARKET_MAKER_PROTECTION: Final = 11
CANCEL_LIQUIDATION: Final = 12
CANCEL_DELEVERAGING: Final = 13
CANCEL_MARGIN: Final = 14

STEP_CANCEL: Final = 1
STEP_REDUCE: Final = 2
STEP_TAKEOVER: Final = 3
STEP_DELEVERAGE: Final = 4

INSURANCE_FUND: Final = -1  # its account's id
SETTLEMENT_ASSET: Final = "USDT"

PPB: Final = 1_000_000_000
MAXIMUM_BAND_PPB: Final = 100 * PPB  # real books hold asks at ten times the mark

SIDES: Final = {"buy": BUY, "sell": SELL}
ORDER_TYPES: Final = {
    "limit": LIMIT,
    "market": MARKET,
    "stop": STOP,
    "stop_limit": STOP_LIMIT,
    "take_profit": TAKE_PROFIT,
    "take_profit_limit": TAKE_PROFIT_LIMIT,
    "trailing_stop": TRAILING_STOP,
}
TIMES_IN_FORCE: Final = {"gtc": GTC, "ioc": IOC, "fok": FOK, "gtd": GTD}
TRIGGERS_BY: Final = {"mark": TRIGGER_BY_MARK, "last": TRIGGER_BY_LAST, "index": TRIGGER_BY_INDEX}
SELF_TRADE_PREVENTIONS: Final = {
    "expire_maker": EXPIRE_MAKER,
    "expire_taker": EXPIRE_TAKER,
    "expire_both": EXPIRE_BOTH,
}
INSTRUMENT_STATES: Final = {
    "normal": INSTRUMENT_NORMAL,
    "post_only": INSTRUMENT_POST_ONLY,
    "cancel_only": INSTRUMENT_CANCEL_ONLY,
    "halted": INSTRUMENT_HALTED,
}
ACCOUNT_STATES: Final = {
    "normal": ACCOUNT_NORMAL,
    "reduce_only": ACCOUNT_REDUCE_ONLY,
    "cancel_only": ACCOUNT_CANCEL_ONLY,
    "frozen": ACCOUNT_FROZEN,
}
ORDER_STATUSES: Final = {
    "untriggered": ORDER_UNTRIGGERED,
    "new": ORDER_NEW,
    "partially_filled": ORDER_PARTIALLY_FILLED,
    "filled": ORDER_FILLED,
    "cancelled": ORDER_CANCELLED,
    "rejected": ORDER_REJECTED,
}
CANCEL_REASONS: Final = {
    "user": CANCEL_USER,
    "ioc": CANCEL_IOC,
    "self_trade": CANCEL_SELF_TRADE,
    "protection": CANCEL_PROTECTION,
    "reduce_only": CANCEL_REDUCE_ONLY,
    "expired": CANCEL_EXPIRED,
    "dead_man": CANCEL_DEAD_MAN,
    "parent": CANCEL_PARENT,
    "group": CANCEL_GROUP,
    "requoted": CANCEL_REQUOTED,
    "market_maker_protection": CANCEL_MARKET_MAKER_PROTECTION,
    "liquidation": CANCEL_LIQUIDATION,
    "deleveraging": CANCEL_DELEVERAGING,
    "margin": CANCEL_MARGIN,
}
LIQUIDATION_STEPS: Final = {
    "cancel_orders": STEP_CANCEL,
    "reduce": STEP_REDUCE,
    "take_over": STEP_TAKEOVER,
    "deleverage": STEP_DELEVERAGE,
}
