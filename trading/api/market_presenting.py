"""Instruments and market data as answers: ints into text."""

from typing import Any

from exchange.contract.numbers import format_rate, format_scaled
from trading.api import answers
from trading.api.presenting import INSTRUMENT_STATES, SIDES, average_price, milliseconds, money, price, quantity
from trading.api.scales import Scale
from trading.core.instruments import Bracket, InstrumentParameters, InstrumentTerms
from trading.core.terms import PPB


def instrument(
    terms: InstrumentTerms, parameters: InstrumentParameters, *, state: int, scale: Scale
) -> answers.Instrument:
    return answers.Instrument(
        symbol=terms.symbol,
        kind=terms.kind,
        underlying=terms.underlying,
        settlement_asset=terms.settlement_asset,
        tick=format_scaled(1, scale.price),
        lot=format_scaled(1, scale.quantity),
        multiplier=terms.multiplier,
        expiry=None,
        strike=None,
        option_type=None,
        state=INSTRUMENT_STATES[state],
        version=parameters.version,
        maker_fee_rate=format_rate(parameters.maker_fee_ppb),
        taker_fee_rate=format_rate(parameters.taker_fee_ppb),
        price_band=format_rate(parameters.price_band_ppb),
        protection=format_rate(parameters.protection_ppb),
        minimum_notional=money(parameters.minimum_notional_units, scale),
        maximum_price=format_scaled(parameters.maximum_price_ticks, scale.price),
        maximum_order_quantity=quantity(parameters.maximum_order_lots, scale),
        position_limit=money(parameters.position_limit_units, scale),
        maximum_open_orders=parameters.maximum_open_orders,
        default_leverage=parameters.default_leverage,
        brackets=[bracket(row, scale=scale) for row in parameters.brackets],
    )


def bracket(row: Bracket, *, scale: Scale) -> answers.MarginBracket:
    return answers.MarginBracket(
        floor=money(row.floor_units, scale),
        initial_rate=format_rate(row.initial_rate_ppb),
        initial_cum=money(row.initial_cum_units, scale),
        maintenance_rate=format_rate(row.maintenance_rate_ppb),
        maintenance_cum=money(row.maintenance_cum_units, scale),
        maximum_leverage=PPB // row.initial_rate_ppb,
    )


def level(price_ticks: int, quantity_lots: int, *, scale: Scale) -> tuple[str, str]:
    return format_scaled(price_ticks, scale.price), quantity(quantity_lots, scale)


def trade(row: Any, *, scale: Scale) -> answers.Trade:
    return answers.Trade(
        id=row.trade_id,
        price=format_scaled(row.price_ticks, scale.price),
        quantity=quantity(row.quantity_lots, scale),
        side=SIDES[row.taker_side],
        time=milliseconds(row.time_ns),
        sequence=row.sequence,
    )


def candle(row: Any, *, scale: Scale) -> answers.Candle:
    return answers.Candle(
        time=milliseconds(row.start_ns),
        open=format_scaled(row.open_ticks, scale.price),
        high=format_scaled(row.high_ticks, scale.price),
        low=format_scaled(row.low_ticks, scale.price),
        close=format_scaled(row.close_ticks, scale.price),
        volume=quantity(row.volume_lots, scale),
        turnover=money(row.turnover_tick_lots * scale.value_units, scale),
        trades=row.trade_count,
    )
