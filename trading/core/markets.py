"""A listed instrument as it trades: its book, its stops, its prices."""

from __future__ import annotations

from trading.core.instruments import InstrumentParameters, InstrumentTerms
from trading.core.order_book import OrderBook
from trading.core.price_window import PriceWindow
from trading.core.terms import (
    INSTRUMENT_NORMAL,
    INSTRUMENT_POST_ONLY,
    PPB,
    TRIGGER_BY_INDEX,
    TRIGGER_BY_LAST,
    TRIGGER_BY_MARK,
)
from trading.core.triggers import TriggerBook


class Instrument:
    """A listed instrument. Prices are ticks; `lot_value_units` is one lot at mark.

    `state` is the stricter of its own and the exchange's. `marked_at_ns` is the time of the last mark, `window` holds
    the marks of late, `resume_at_ns` is when a halt for volatility gives way (0: none). `funding_index` is what one lot
    has paid since listing, in ledger units times 10^9, up to the period that ended at `funded_until_ns`.
    `margin_key` changes whenever mark price, parameters or funding index do. It, `state`, `is_unrestricted` (it trades
    normally and has a mark), `lot_value_units`, `lot_fee_ppb_units` (the taker fee on one lot at mark, times 10^9),
    `position_limit_lots`, the band of prices from `band_low_ticks` to `band_high_ticks`, `initial_steps` (the next
    bracket's floor, 0 after the last; rate and cum of initial margin) and the fields that repeat single `parameters`
    for whoever reads them with every order follow from the rest and are no state, nor is `unsettled`: the accounts that
    the sweep of funding has yet to visit, last first.

    Up to `ordinary_lots` a position is within its limit and within `ordinary_step`: the last of `initial_steps` that
    asks for no more than the default leverage does. Each of its lots takes at most `most_a_lot_takes_units` of margin:
    at the default leverage that is `lot_requirement_units`, and so close to what is asked for.
    """

    __slots__ = (
        "band_high_ticks",
        "band_low_ticks",
        "book",
        "brackets",
        "default_leverage",
        "funded_until_ns",
        "funding_index",
        "index_price_ticks",
        "initial_steps",
        "instrument_id",
        "is_unrestricted",
        "last_price_ticks",
        "lot_fee_ppb_units",
        "lot_requirement_units",
        "lot_value_units",
        "margin_key",
        "mark_price_ticks",
        "marked_at_ns",
        "maximum_open_orders",
        "maximum_order_lots",
        "maximum_price_ticks",
        "minimum_notional_units",
        "newest_version",
        "ordinary_lots",
        "ordinary_step",
        "own_state",
        "parameters",
        "position_limit_lots",
        "resume_at_ns",
        "scheduled",
        "settlement_asset",
        "state",
        "taker_fee_ppb",
        "terms",
        "triggers_by_index",
        "triggers_by_last",
        "triggers_by_mark",
        "unsettled",
        "value_units",
        "window",
    )

    def __init__(self, terms: InstrumentTerms, parameters: InstrumentParameters) -> None:
        self.terms = terms
        self.instrument_id = terms.instrument_id
        self.settlement_asset = terms.settlement_asset
        self.value_units = terms.value_units
        self.newest_version = 0
        self.scheduled: dict[int, tuple[int, InstrumentParameters]] = {}
        self.own_state = INSTRUMENT_NORMAL
        self.state = INSTRUMENT_NORMAL
        self.index_price_ticks = 0
        self.marked_at_ns = 0
        self.funding_index = 0
        self.funded_until_ns = 0
        self.unsettled: list[int] | None = None
        self.window = PriceWindow()
        self.resume_at_ns = 0
        self.mark_price_ticks = 0
        self.lot_value_units = 0
        self.last_price_ticks = 0
        self.margin_key = 0
        self.book = OrderBook()
        self.triggers_by_mark = TriggerBook()
        self.triggers_by_last = TriggerBook()
        self.triggers_by_index = TriggerBook()
        self.adopt(parameters)

    def adopt(self, parameters: InstrumentParameters) -> None:
        """These parameters hold from now on."""
        self.parameters = parameters
        self.newest_version = max(self.newest_version, parameters.version)
        self.brackets = parameters.brackets
        ceilings_units = [bracket.floor_units for bracket in self.brackets[1:]] + [0]
        self.initial_steps = [
            (ceiling_units, bracket.initial_rate_ppb, bracket.initial_cum_units)
            for ceiling_units, bracket in zip(ceilings_units, self.brackets, strict=True)
        ]
        leverage = self.default_leverage = parameters.default_leverage  # which the first bracket always admits
        self.ordinary_step = [step for step in self.initial_steps if step[1] * leverage <= PPB][-1]
        self.maximum_open_orders = parameters.maximum_open_orders
        self.maximum_order_lots = parameters.maximum_order_lots
        self.maximum_price_ticks = parameters.maximum_price_ticks
        self.minimum_notional_units = parameters.minimum_notional_units
        self.taker_fee_ppb = parameters.taker_fee_ppb
        self.mark(self.mark_price_ticks)

    def mark(self, price_ticks: int) -> None:
        """The mark price from now on."""
        self.mark_price_ticks = price_ticks
        lot_value_units = self.lot_value_units = price_ticks * self.value_units
        self.lot_fee_ppb_units = lot_value_units * self.taker_fee_ppb
        self.lot_requirement_units = self.most_a_lot_takes_units(self.default_leverage)
        limit_units, ceiling_units = self.parameters.position_limit_units, self.ordinary_step[0]
        self.position_limit_lots = limit_units // lot_value_units if lot_value_units else 0
        self.ordinary_lots = self.position_limit_lots
        if ceiling_units and lot_value_units:
            self.ordinary_lots = min(self.position_limit_lots, (ceiling_units - 1) // lot_value_units)
        self.margin_key += 1
        self.set_band()
        self._set_unrestricted()

    def most_a_lot_takes_units(self, leverage: int) -> int:
        """Ledger units of initial margin up to `ordinary_lots`, with the taker fee of two lots: a position may have
        open orders for twice its lots. Each part is rounded up, so that the sum is never below what is asked for."""
        initial_units = -(-self.lot_value_units * self.ordinary_step[1] // PPB)
        return max(self.lot_value_units // leverage + 1, initial_units) - 2 * (-self.lot_fee_ppb_units // PPB)

    def be_in(self, own_state: int, exchange_state: int) -> None:
        """Its own state and the exchange's from now on."""
        self.own_state = own_state
        self.state = max(own_state, exchange_state)
        self._set_unrestricted()

    def _set_unrestricted(self) -> None:
        self.is_unrestricted = self.state == INSTRUMENT_NORMAL and self.mark_price_ticks > 0

    def watches_volatility(self) -> bool:
        return self.parameters.risk.volatility_window_ns > 0 and self.own_state <= INSTRUMENT_POST_ONLY

    def set_band(self) -> None:
        """The band of prices is around the mark, wider while the marks of late are further apart than it."""
        band_ppb, maximum_ppb = self.parameters.price_band_ppb, self.parameters.risk.maximum_band_ppb
        if maximum_ppb > band_ppb and self.parameters.risk.volatility_window_ns and not self.window.is_empty():
            band_ppb = min(max(band_ppb, self.window.range_ppb()), maximum_ppb)
        distance_ticks = self.mark_price_ticks * band_ppb // PPB
        self.band_low_ticks = self.mark_price_ticks - distance_ticks
        self.band_high_ticks = self.mark_price_ticks + distance_ticks

    def is_ready(self, time_ns: int) -> bool:
        """Whether its mark is good enough to liquidate on, and it trades."""
        staleness_ns = self.parameters.risk.mark_staleness_ns
        is_fresh = staleness_ns == 0 or time_ns - self.marked_at_ns <= staleness_ns
        return self.is_unrestricted and is_fresh

    def trigger_book(self, trigger_by: int) -> TriggerBook:
        if trigger_by == TRIGGER_BY_MARK:
            return self.triggers_by_mark
        assert trigger_by in (TRIGGER_BY_LAST, TRIGGER_BY_INDEX)
        return self.triggers_by_last if trigger_by == TRIGGER_BY_LAST else self.triggers_by_index

    def trigger_price_ticks(self, trigger_by: int) -> int:
        """The price that triggers of this kind watch; 0: none yet."""
        if trigger_by == TRIGGER_BY_MARK:
            return self.mark_price_ticks
        return self.last_price_ticks if trigger_by == TRIGGER_BY_LAST else self.index_price_ticks
