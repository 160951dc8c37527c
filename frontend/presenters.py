"""Whole numbers into what a page shows."""

from typing import NamedTuple

from exchange.contract.numbers import format_scaled, step_from_text
from trading.selectors.instruments import InstrumentView


class InstrumentLine(NamedTuple):
    """`mark_price` is empty while there is none."""

    symbol: str
    mark_price: str
    tick: str
    lot: str
    settlement_asset: str


def present_instrument(view: InstrumentView) -> InstrumentLine:
    terms = view.terms
    mark_price = format_scaled(view.mark_price_ticks, step_from_text(terms.tick)) if view.mark_price_ticks else ""
    return InstrumentLine(terms.symbol, mark_price, terms.tick, terms.lot, terms.settlement_asset)
