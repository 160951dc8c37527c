"""Instruments with the parameters in force, kept in the process for a moment: every request needs them."""

import json
import time
from typing import Final

import msgspec
from django.db import connection

from exchange.contract.errors import ApiError
from trading.core.instruments import Bracket, InstrumentParameters, InstrumentTerms

LIFETIME_S: Final = 1.0
SHORTEST_LIFETIME_S: Final = 0.05  # of a list that lacks what is asked for: it may just have been listed

_COLUMNS: Final = """
    i.instrument_id, i.symbol, i.kind, i.underlying, i.settlement_asset, i.tick, i.lot, i.multiplier, i.value_units,
    p.version, p.maker_fee_ppb, p.taker_fee_ppb, p.price_band_ppb, p.protection_ppb, p.minimum_notional_units,
    p.maximum_price_ticks, p.maximum_order_lots, p.position_limit_units, p.maximum_open_orders, p.default_leverage,
    p.brackets, i.state, i.mark_price_ticks, i.marked_at_ns, i.listed_at_ns, i.sequence
"""
_TERMS: Final = len(InstrumentTerms._fields)
_BRACKETS: Final = _TERMS + len(InstrumentParameters._fields) - 1


class InstrumentView(msgspec.Struct, frozen=True):
    """An instrument as the readers know it; `mark_price_ticks` is 0 while there is no mark price."""

    terms: InstrumentTerms
    parameters: InstrumentParameters
    state: int
    mark_price_ticks: int
    marked_at_ns: int
    listed_at_ns: int
    sequence: int


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
            " ON p.instrument_id = i.instrument_id AND p.version = i.parameters_version ORDER BY i.instrument_id"
        )
        return [_view(row) for row in cursor.fetchall()]


def _view(row: tuple) -> InstrumentView:
    brackets = tuple(Bracket(*bracket) for bracket in json.loads(row[_BRACKETS]))
    parameters = InstrumentParameters(*row[_TERMS:_BRACKETS], brackets)
    return InstrumentView(InstrumentTerms(*row[:_TERMS]), parameters, *row[_BRACKETS + 1 :])
