"""What clients receive of instruments: as in `answers`."""

from typing import Literal

from msgspec import Struct

from trading.api.fields import Amount, Price, Quantity, Rate, Symbol, Time, TradingState


class MarginBracket(Struct):
    """From `floor` of notional on, margin = notional × rate − cum."""

    floor: Amount
    initial_rate: Rate
    initial_cum: Amount
    maintenance_rate: Rate
    maintenance_cum: Amount
    maximum_leverage: int


class RiskParameters(Struct):
    """How the instrument is marked, funded, halted and liquidated. `funding_interest` and `funding_clamp` are of eight
    hours, `funding_cap` of one interval. A mark older than `mark_staleness_ms` liquidates nobody (0: however old); one
    that moves by more than `volatility_move` within the window halts trading, then only cancels are taken for a time.
    The price band widens with the range of the window up to `maximum_band`. A round of a liquidation closes one bracket
    or, with `liquidation_share`, that part of the position. 0 and "0": off."""

    mark_method: Literal["index_and_basis", "index_only", "median_of_three"]
    mark_staleness_ms: int
    funding_interval_ms: int
    funding_interest: Rate
    funding_clamp: Rate
    funding_cap: Rate
    impact_notional: Amount
    volatility_move: Rate
    volatility_window_ms: int
    volatility_halt_ms: int
    volatility_cancel_only_ms: int
    maximum_band: Rate
    liquidation_share: Rate
    liquidation_fee: Rate
    liquidation_band: Rate


class Instrument(Struct):
    """An instrument: its terms, which never change, and its parameters, which may. `price_band` is the least distance
    from the mark price that limit orders are taken in; it widens when prices move (`maximum_band`), and is from
    `lowest_price` to `highest_price` now (null: no mark yet)."""

    symbol: Symbol
    kind: str
    underlying: str
    settlement_asset: str
    tick: str
    lot: str
    multiplier: str
    expiry: Time | None
    strike: Price | None
    option_type: str | None
    state: TradingState
    version: int
    maker_fee_rate: Rate
    taker_fee_rate: Rate
    price_band: Rate
    lowest_price: Price | None
    highest_price: Price | None
    protection: Rate
    minimum_notional: Amount
    maximum_price: Price
    maximum_order_quantity: Quantity
    position_limit: Amount
    maximum_open_orders: int
    default_leverage: int
    brackets: list[MarginBracket]
    risk: RiskParameters


class Instruments(Struct):
    """All instruments, by symbol."""

    results: list[Instrument]
