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


class RiskParameters(NamedTuple):
    """How an instrument is marked, funded, halted and liquidated. Rates in parts per billion; a time of 0 is "never".

    `mark_method` and the two after it: see `risk.core.mark_price`. Funding is by `risk.core.funding`: interest and
    clamp are of eight hours, the cap of one interval, premiums come from the average price of `impact_notional_units`.
    A mark older than `mark_staleness_ns` liquidates nobody. A mark that moves by more than `volatility_move_ppb` within
    the window halts the instrument, then only cancels are taken for a time; the price band widens with the range of the
    window up to `maximum_band_ppb` (0: it does not). A round of a liquidation closes one bracket, or with a share not 0
    that part of the position; see `risk.core.waterfall`. The insurance fund holds at most `fund_limit_units`, and keeps
    `fund_margin_ppb` of what it holds.
    """

    mark_method: int = 1
    basis_clamp_ppb: int = 5_000_000
    basis_average_ns: int = 30_000_000_000
    mark_staleness_ns: int = 60_000_000_000
    funding_interval_ns: int = 28_800_000_000_000
    funding_interest_ppb: int = 100_000
    funding_clamp_ppb: int = 500_000
    funding_cap_ppb: int = 20_000_000
    impact_notional_units: int = 20_000_000_000
    volatility_move_ppb: int = 0
    volatility_window_ns: int = 0
    volatility_halt_ns: int = 300_000_000_000
    volatility_cancel_only_ns: int = 60_000_000_000
    maximum_band_ppb: int = 0
    liquidation_share_ppb: int = 0
    liquidation_buffer_ppb: int = 100_000_000
    liquidation_fee_ppb: int = 5_000_000
    liquidation_band_ppb: int = 50_000_000
    fund_limit_units: int = 10_000_000_000_000
    fund_margin_ppb: int = 10_000_000


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
    risk: RiskParameters = RiskParameters()
