"""Public market data. Prices are ticks, quantities lots; `turnover_tick_lots` is the sum of price * lots."""

from typing import Final

import msgspec
from django.db import connection

from trading.models.market import INTERVALS_S, MINUTE_NS

DAY_NS: Final = 24 * 60 * MINUTE_NS

Level = tuple[int, int]


class Book(msgspec.Struct, frozen=True):
    """The best levels of both sides as (price_ticks, quantity_lots), best first, as of `sequence`."""

    sequence: int
    bids: list[Level]
    asks: list[Level]


class TradeView(msgspec.Struct, frozen=True, array_like=True):
    trade_id: int
    instrument_id: int
    price_ticks: int
    quantity_lots: int
    taker_side: int
    time_ns: int
    sequence: int


class CandleView(msgspec.Struct, frozen=True):
    start_ns: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    volume_lots: int
    turnover_tick_lots: int
    trade_count: int
    sequence: int


class TickerView(msgspec.Struct, frozen=True):
    """Prices are 0 where there is none, `funded_period_ns` 0 before the first funding, `forecast_period_ns` where no
    period's funding was ever forecast. The day's figures cover the
    minutes begun in the last 24 h; `open_ticks` is the first trade of them."""

    instrument_id: int
    last_price_ticks: int
    last_quantity_lots: int
    last_trade_at_ns: int
    mark_price_ticks: int
    open_interest_lots: int
    best_bid_ticks: int
    best_ask_ticks: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    volume_lots: int
    turnover_tick_lots: int
    trade_count: int
    sequence: int
    index_price_ticks: int
    funding_rate_ppb: int
    funded_period_ns: int
    funding_interval_ns: int
    forecast_rate_ppb: int
    forecast_period_ns: int


# One statement sees one moment: levels and cursor belong together.
_BOOK: Final = """
SELECT coalesce((SELECT sequence FROM trading_projectioncursor WHERE name = 'depth'), 0),
    ARRAY(SELECT ARRAY[price_ticks, quantity_lots] FROM trading_depthlevel
        WHERE instrument_id = %(instrument_id)s AND side = 1 ORDER BY price_ticks DESC LIMIT %(depth)s),
    ARRAY(SELECT ARRAY[price_ticks, quantity_lots] FROM trading_depthlevel
        WHERE instrument_id = %(instrument_id)s AND side = -1 ORDER BY price_ticks LIMIT %(depth)s)
"""

_TICKERS: Final = """
SELECT t.instrument_id, t.last_price_ticks, t.last_quantity_lots, t.last_trade_at_ns, t.mark_price_ticks,
    t.open_interest_lots,
    (SELECT max(price_ticks) FROM trading_depthlevel d WHERE d.instrument_id = t.instrument_id AND side = 1),
    (SELECT min(price_ticks) FROM trading_depthlevel d WHERE d.instrument_id = t.instrument_id AND side = -1),
    (SELECT open_ticks FROM trading_candle c WHERE c.instrument_id = t.instrument_id AND interval_s = 60
        AND c.start_ns > %(since_ns)s ORDER BY c.start_ns LIMIT 1),
    day.*, t.sequence, t.index_price_ticks, t.funding_rate_ppb, t.funded_period_ns,
    (SELECT (p.risk->>'funding_interval_ns')::bigint FROM trading_instrument i JOIN trading_parametersversion p
        ON p.instrument_id = i.instrument_id AND p.version = i.parameters_version
        WHERE i.instrument_id = t.instrument_id),
    f.rate_ppb, f.period_ns
FROM trading_ticker t LEFT JOIN trading_fundingforecast f USING (instrument_id) CROSS JOIN LATERAL (
    SELECT max(high_ticks), min(low_ticks), sum(volume_lots), sum(turnover_tick_lots), sum(trade_count)
    FROM trading_candle c WHERE c.instrument_id = t.instrument_id AND interval_s = 60 AND c.start_ns > %(since_ns)s
) day
WHERE %(instrument_id)s::bigint IS NULL OR t.instrument_id = %(instrument_id)s
ORDER BY t.instrument_id
"""


def book(*, instrument_id: int, depth: int | None) -> Book:
    """The best `depth` levels of each side (None: all), with the sequence at which they stood so."""
    with connection.cursor() as cursor:
        cursor.execute(_BOOK, {"instrument_id": instrument_id, "depth": depth})
        sequence, bids, asks = cursor.fetchone()
    return Book(sequence, [tuple(level) for level in bids], [tuple(level) for level in asks])


def trades(*, instrument_id: int, limit: int, before_trade_id: int | None = None) -> list[TradeView]:
    """Newest first, those before `before_trade_id` if given."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(TradeView.__struct_fields__)} FROM trading_trade"
            " WHERE instrument_id = %s AND trade_id < %s ORDER BY trade_id DESC LIMIT %s",
            [instrument_id, _bound(before_trade_id), limit],
        )
        return [TradeView(*row) for row in cursor.fetchall()]


def candles(
    *, instrument_id: int, limit: int, interval: str = "1m", before_ns: int | None = None, since_ns: int = 0
) -> list[CandleView]:
    """Candles of one interval, newest first: those that start before `before_ns` and not before `since_ns`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(CandleView.__struct_fields__)} FROM trading_candle"
            " WHERE instrument_id = %s AND interval_s = %s AND start_ns < %s AND start_ns >= %s"
            " ORDER BY start_ns DESC LIMIT %s",
            [instrument_id, INTERVALS_S[interval], _bound(before_ns), since_ns, limit],
        )
        return [CandleView(*row) for row in cursor.fetchall()]


def tickers(*, now_ns: int, instrument_id: int | None = None) -> list[TickerView]:
    """One ticker an instrument by id, or only that of one; the day ends at `now_ns` (UTC)."""
    with connection.cursor() as cursor:
        cursor.execute(_TICKERS, {"instrument_id": instrument_id, "since_ns": now_ns - DAY_NS})
        return [TickerView(*(int(number or 0) for number in row)) for row in cursor.fetchall()]


def ticker(*, now_ns: int, instrument_id: int) -> TickerView | None:
    """None while the readers do not know the instrument."""
    return next(iter(tickers(now_ns=now_ns, instrument_id=instrument_id)), None)


def _bound(position: int | None) -> int:
    return 2**63 - 1 if position is None else position
