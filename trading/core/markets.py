"""A listed instrument as it trades: its book, its stops, its prices."""

from __future__ import annotations

from trading.core.instruments import InstrumentParameters, InstrumentTerms
from trading.core.order_book import OrderBook
from trading.core.terms import INSTRUMENT_NORMAL, TRIGGER_BY_LAST, TRIGGER_BY_MARK
from trading.core.triggers import TriggerBook


class Instrument:
    """A listed instrument. Prices are ticks; `lot_value_units` is one lot at mark.

    `margin_key` changes whenever mark price or parameters do. It, `lot_value_units` and the fields that repeat single
    `parameters` for whoever reads them with every order follow from the rest and are no state.
    """

    __slots__ = (
        "book",
        "brackets",
        "default_leverage",
        "instrument_id",
        "last_price_ticks",
        "lot_value_units",
        "margin_key",
        "mark_price_ticks",
        "maximum_open_orders",
        "maximum_order_lots",
        "maximum_price_ticks",
        "minimum_notional_units",
        "newest_version",
        "parameters",
        "position_limit_units",
        "price_band_ppb",
        "scheduled",
        "settlement_asset",
        "state",
        "taker_fee_ppb",
        "terms",
        "triggers_by_last",
        "triggers_by_mark",
        "value_units",
    )

    def __init__(self, terms: InstrumentTerms, parameters: InstrumentParameters) -> None:
        self.terms = terms
        self.instrument_id = terms.instrument_id
        self.settlement_asset = terms.settlement_asset
        self.value_units = terms.value_units
        self.newest_version = 0
        self.scheduled: dict[int, tuple[int, InstrumentParameters]] = {}
        self.state = INSTRUMENT_NORMAL
        self.mark_price_ticks = 0
        self.lot_value_units = 0
        self.last_price_ticks = 0
        self.margin_key = 0
        self.book = OrderBook()
        self.triggers_by_mark = TriggerBook()
        self.triggers_by_last = TriggerBook()
        self.adopt(parameters)

    def adopt(self, parameters: InstrumentParameters) -> None:
        """These parameters hold from now on."""
        self.parameters = parameters
        self.newest_version = max(self.newest_version, parameters.version)
        self.brackets = parameters.brackets
        self.default_leverage = parameters.default_leverage
        self.maximum_open_orders = parameters.maximum_open_orders
        self.maximum_order_lots = parameters.maximum_order_lots
        self.maximum_price_ticks = parameters.maximum_price_ticks
        self.minimum_notional_units = parameters.minimum_notional_units
        self.position_limit_units = parameters.position_limit_units
        self.price_band_ppb = parameters.price_band_ppb
        self.taker_fee_ppb = parameters.taker_fee_ppb
        self.margin_key += 1

    def mark(self, price_ticks: int) -> None:
        """The mark price from now on."""
        self.mark_price_ticks = price_ticks
        self.lot_value_units = price_ticks * self.value_units
        self.margin_key += 1

    def trigger_book(self, trigger_by: int) -> TriggerBook:
        assert trigger_by in (TRIGGER_BY_MARK, TRIGGER_BY_LAST)
        return self.triggers_by_mark if trigger_by == TRIGGER_BY_MARK else self.triggers_by_last
