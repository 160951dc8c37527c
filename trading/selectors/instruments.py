"""Instruments with the parameters in force, kept in the process for a moment: every request needs them."""

import json
import time
from typing import Final

import msgspec
from django.db import connection

from exchange.contract.errors import ApiError
from trading.core.instruments import Bracket, InstrumentParameters, InstrumentTerms, RiskParameters
from trading.core.terms import INSTRUMENT_NORMAL
from trading.models.journal import DOMAIN

LIFETIME_S: Final = 1.0
SHORTEST_LIFETIME_S: Final = 0.05  # of a list that lacks what is asked for: it may just have been listed

_COLUMNS: Final = """
    i.instrument_id, i.symbol, i.kind, i.underlying, i.settlement_asset, i.tick, i.lot, i.multiplier, i.value_units,
    p.version, p.maker_fee_ppb, p.taker_fee_ppb, p.price_band_ppb, p.protection_ppb, p.minimum_notional_units,
    p.maximum_price_ticks, p.maximum_order_lots, p.position_limit_units, p.maximum_open_orders, p.default_leverage,
    p.brackets, p.risk, greatest(i.state, e.state), i.mark_price_ticks, i.marked_at_ns, i.listed_at_ns, i.sequence,
    i.index_price_ticks, i.funding_rate_ppb, i.funded_period_ns, i.state, i.resume_at_ns,
    coalesce(b.low_ticks, 0), coalesce(b.high_ticks, 0)
"""
_TERMS: Final = len(InstrumentTerms._fields)
_BRACKETS: Final = _TERMS + InstrumentParameters._fields.index("brackets")
_RISK: Final = _BRACKETS + 1


class InstrumentView(msgspec.Struct, frozen=True):
    """An instrument as the readers know it; prices are 0 while there are none.

    `state` is what holds: the stricter of its `own_state` and the exchange's. `funded_period_ns` 0: never funded yet,
    `resume_at_ns` 0: no change of state is scheduled. Limit orders are taken from `lowest_price_ticks` to
    `highest_price_ticks`, as the band is now; the latter is 0 while there is no mark.
    """

    terms: InstrumentTerms
    parameters: InstrumentParameters
    state: int
    mark_price_ticks: int
    marked_at_ns: int
    listed_at_ns: int
    sequence: int
    index_price_ticks: int
    funding_rate_ppb: int
    funded_period_ns: int
    own_state: int
    resume_at_ns: int
    lowest_price_ticks: int
    highest_price_ticks: int


_kept: tuple[float, dict[str, InstrumentView]] = (float("-inf"), {})


def list_instruments() -> list[InstrumentView]:
    """All instruments by id, at most a second old."""
    return list(_instruments(LIFETIME_S).values())


def instrument_by_symbol(*, symbol: str) -> InstrumentView:
    """Refuses an unknown symbol: instrument_not_found."""
    found = _instruments(LIFETIME_S).get(symbol) or _instruments(SHORTEST_LIFETIME_S).get(symbol)
    if found is None:
        raise ApiError("instrument_not_found", "There is no such instrument.", {"symbol": symbol[:40]})
    return found


def instrument_by_id(*, instrument_id: int) -> InstrumentView:
    """Refuses an unknown id: instrument_not_found."""
    for lifetime_s in (LIFETIME_S, SHORTEST_LIFETIME_S):
        for view in _instruments(lifetime_s).values():
            if view.terms.instrument_id == instrument_id:
                return view
    raise ApiError("instrument_not_found", "There is no such instrument.", {"instrument_id": instrument_id})


def next_funding_ns(interval_ns: int, *, now_ns: int) -> int:
    """When the running funding period ends."""
    return now_ns - now_ns % interval_ns + interval_ns


def exchange_state() -> int:
    """The code of the state in which the whole exchange is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state FROM trading_exchangestate WHERE domain = %s", [DOMAIN])
        row = cursor.fetchone()
        return row[0] if row else INSTRUMENT_NORMAL


def forget_instruments() -> None:
    """Drop what the process keeps; the next call reads the rows."""
    global _kept
    _kept = (float("-inf"), {})


def _instruments(lifetime_s: float) -> dict[str, InstrumentView]:
    global _kept
    read_at_s, views = _kept
    if time.monotonic() - read_at_s > lifetime_s:
        read_at_s, views = time.monotonic(), {view.terms.symbol: view for view in _read()}
        _kept = (read_at_s, views)
    return views


def _read() -> list[InstrumentView]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM trading_instrument i JOIN trading_parametersversion p"
            " ON p.instrument_id = i.instrument_id AND p.version = i.parameters_version"
            " LEFT JOIN trading_priceband b ON b.instrument_id = i.instrument_id"
            " LEFT JOIN trading_exchangestate e ON e.domain = %s ORDER BY i.instrument_id",
            [DOMAIN],
        )
        return [_view(row) for row in cursor.fetchall()]


def _view(row: tuple) -> InstrumentView:
    brackets = tuple(Bracket(*bracket) for bracket in json.loads(row[_BRACKETS]))
    parameters = InstrumentParameters(*row[_TERMS:_BRACKETS], brackets, RiskParameters(**json.loads(row[_RISK])))
    *numbers, low_ticks, high_ticks = row[_RISK + 1 :]
    band = max(low_ticks, 1), min(high_ticks, parameters.maximum_price_ticks)
    return InstrumentView(InstrumentTerms(*row[:_TERMS]), parameters, *numbers, *band)
