"""What an instrument is: terms that never change, and versioned parameters."""

from typing import NamedTuple


class Bracket(NamedTuple):
    """One bracket of the margin table (F9): from `floor_units` of notional on, margin = notional * rate - cum."""

    floor_units: int
    initial_rate_ppb: int
    initial_cum_units: int
    maintenance_rate_ppb: int
    maintenance_cum_units: int


class InstrumentTerms(NamedTuple):
    """The part of an instrument that is fixed for its life. A linear contract's value is price * quantity * multiplier.

    `value_units` is the value of one lot at one tick, a whole number of the settlement asset's ledger units.
    `tick`, `lot` and `multiplier` are canonical decimal texts for the edges; the engine computes with `value_units`.
    """

    instrument_id: int
    symbol: str
    kind: str
    underlying: str
    settlement_asset: str
    tick: str
    lot: str
    multiplier: str
    value_units: int


class InstrumentParameters(NamedTuple):
    """The part of an instrument that operators may change; each change is a new `version`, journaled."""

    version: int
    maker_fee_ppb: int
    taker_fee_ppb: int
    price_band_ppb: int
    protection_ppb: int
    minimum_notional_units: int
    maximum_price_ticks: int
    maximum_order_lots: int
    position_limit_units: int
    maximum_open_orders: int
    default_leverage: int
    brackets: tuple[Bracket, ...]
