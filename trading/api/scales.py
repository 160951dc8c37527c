"""The steps in which an instrument counts: what one tick, one lot and one ledger unit are as decimal text."""

from functools import lru_cache
from typing import Final, NamedTuple

from exchange.contract.numbers import Step, step_from_text
from trading.core.instruments import InstrumentTerms
from trading.core.listing import SETTLEMENT_STEPS

MARGIN_ASSET: Final = "USDT"
MARGIN_STEP: Final = SETTLEMENT_STEPS[MARGIN_ASSET]


class Scale(NamedTuple):
    """`quantity` is the step of the API's quantities (contracts * multiplier), `money` that of the settlement asset.

    `value_units` is the value of one lot at one tick; `average_price` the step average prices are rounded to.
    """

    instrument_id: int
    symbol: str
    asset: str
    price: Step
    average_price: Step
    quantity: Step
    money: Step
    value_units: int


@lru_cache(maxsize=1024)
def scale_of(terms: InstrumentTerms) -> Scale:
    """The scale of an instrument; its terms never change."""
    tick_mantissa, tick_exponent = step_from_text(terms.tick)
    lot_mantissa, lot_exponent = step_from_text(terms.lot)
    multiplier_mantissa, multiplier_exponent = step_from_text(terms.multiplier)
    return Scale(
        instrument_id=terms.instrument_id,
        symbol=terms.symbol,
        asset=terms.settlement_asset,
        price=(tick_mantissa, tick_exponent),
        average_price=(tick_mantissa, tick_exponent - 2),
        quantity=(lot_mantissa * multiplier_mantissa, lot_exponent + multiplier_exponent),
        money=SETTLEMENT_STEPS[terms.settlement_asset],
        value_units=terms.value_units,
    )
