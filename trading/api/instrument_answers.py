"""What clients receive of instruments: as in `answers`."""

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


class Instrument(Struct):
    """An instrument: its terms, which never change, and its parameters, which may."""

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
    protection: Rate
    minimum_notional: Amount
    maximum_price: Price
    maximum_order_quantity: Quantity
    position_limit: Amount
    maximum_open_orders: int
    default_leverage: int
    brackets: list[MarginBracket]


class Instruments(Struct):
    """All instruments, by symbol."""

    results: list[Instrument]
