"""Instruments and market data as answers: ints into text."""

import time
from collections.abc import Sequence

from exchange.contract.numbers import format_rate, format_scaled
from trading.api import answers, instrument_answers
from trading.api.presenting import INSTRUMENT_STATES, SIDES, milliseconds, money, price, quantity
from trading.api.scales import Scale, scale_of
from trading.core.instruments import Bracket, RiskParameters
from trading.core.risk_text import MARK_WORDS
from trading.core.terms import INSTRUMENT_HALTED, INSTRUMENT_NORMAL, PPB
from trading.selectors.instruments import InstrumentView, next_funding_ns
from trading.selectors.market import Book, CandleView, TickerView, TradeView
from trading.services.engine_channel import Heartbeat


def instrument(view: InstrumentView) -> instrument_answers.Instrument:
    terms, parameters, scale = view.terms, view.parameters, scale_of(view.terms)
    return instrument_answers.Instrument(
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
        state=INSTRUMENT_STATES[view.state],
        version=parameters.version,
        maker_fee_rate=format_rate(parameters.maker_fee_ppb),
        taker_fee_rate=format_rate(parameters.taker_fee_ppb),
        price_band=format_rate(parameters.price_band_ppb),
        lowest_price=price(view.lowest_price_ticks, scale) if view.highest_price_ticks else None,
        highest_price=price(view.highest_price_ticks, scale),
        protection=format_rate(parameters.protection_ppb),
        minimum_notional=money(parameters.minimum_notional_units, scale),
        maximum_price=format_scaled(parameters.maximum_price_ticks, scale.price),
        maximum_order_quantity=quantity(parameters.maximum_order_lots, scale),
        position_limit=money(parameters.position_limit_units, scale),
        maximum_open_orders=parameters.maximum_open_orders,
        default_leverage=parameters.default_leverage,
        brackets=[bracket(row, scale=scale) for row in parameters.brackets],
        risk=risk(parameters.risk, scale=scale),
    )


def risk(parameters: RiskParameters, *, scale: Scale) -> instrument_answers.RiskParameters:
    """Times are milliseconds, as everywhere."""
    return instrument_answers.RiskParameters(
        mark_method=MARK_WORDS[parameters.mark_method],
        mark_staleness_ms=milliseconds(parameters.mark_staleness_ns),
        funding_interval_ms=milliseconds(parameters.funding_interval_ns),
        funding_interest=format_rate(parameters.funding_interest_ppb),
        funding_clamp=format_rate(parameters.funding_clamp_ppb),
        funding_cap=format_rate(parameters.funding_cap_ppb),
        impact_notional=money(parameters.impact_notional_units, scale),
        volatility_move=format_rate(parameters.volatility_move_ppb),
        volatility_window_ms=milliseconds(parameters.volatility_window_ns),
        volatility_halt_ms=milliseconds(parameters.volatility_halt_ns),
        volatility_cancel_only_ms=milliseconds(parameters.volatility_cancel_only_ns),
        maximum_band=format_rate(parameters.maximum_band_ppb),
        liquidation_share=format_rate(parameters.liquidation_share_ppb),
        liquidation_fee=format_rate(parameters.liquidation_fee_ppb),
        liquidation_band=format_rate(parameters.liquidation_band_ppb),
    )


def bracket(row: Bracket, *, scale: Scale) -> instrument_answers.MarginBracket:
    return instrument_answers.MarginBracket(
        floor=money(row.floor_units, scale),
        initial_rate=format_rate(row.initial_rate_ppb),
        initial_cum=money(row.initial_cum_units, scale),
        maintenance_rate=format_rate(row.maintenance_rate_ppb),
        maintenance_cum=money(row.maintenance_cum_units, scale),
        maximum_leverage=PPB // row.initial_rate_ppb,
    )


def book(view: Book, *, scale: Scale) -> answers.Book:
    return answers.Book(
        symbol=scale.symbol,
        sequence=view.sequence,
        bids=[level(*row, scale=scale) for row in view.bids],
        asks=[level(*row, scale=scale) for row in view.asks],
    )


def level(price_ticks: int, quantity_lots: int, *, scale: Scale) -> answers.BookLevel:
    return [format_scaled(price_ticks, scale.price), quantity(quantity_lots, scale)]


def trade(row: TradeView, *, scale: Scale) -> answers.Trade:
    return answers.Trade(
        id=row.trade_id,
        price=format_scaled(row.price_ticks, scale.price),
        quantity=quantity(row.quantity_lots, scale),
        side=SIDES[row.taker_side],
        time=milliseconds(row.time_ns),
        sequence=row.sequence,
    )


def candle(row: CandleView, *, scale: Scale) -> answers.Candle:
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


def status(views: Sequence[InstrumentView], *, heartbeat: Heartbeat | None) -> answers.Status:
    """The exchange is halted while the engine is away, else in the freest state of any of its instruments."""
    states = {view.terms.symbol: view.state for view in views}
    state = min(states.values(), default=INSTRUMENT_NORMAL) if heartbeat else INSTRUMENT_HALTED
    return answers.Status(
        state=INSTRUMENT_STATES[state],
        engine=heartbeat and answers.EngineStatus(sequence=heartbeat.sequence, lag_ms=heartbeat.lag_ms),
        instruments={symbol: INSTRUMENT_STATES[state] for symbol, state in sorted(states.items())},
        resumes_at={view.terms.symbol: milliseconds(view.resume_at_ns) for view in views if view.resume_at_ns},
    )


def ticker(row: TickerView, *, scale: Scale) -> answers.Ticker:
    next_ns = next_funding_ns(row.funding_interval_ns, now_ns=time.time_ns())
    return answers.Ticker(
        symbol=scale.symbol,
        last=price(row.last_price_ticks, scale),
        mark=price(row.mark_price_ticks, scale),
        index=price(row.index_price_ticks, scale),
        best_bid=price(row.best_bid_ticks, scale),
        best_ask=price(row.best_ask_ticks, scale),
        open_24h=price(row.open_ticks, scale),
        high_24h=price(row.high_ticks, scale),
        low_24h=price(row.low_ticks, scale),
        volume_24h=quantity(row.volume_lots, scale),
        turnover_24h=money(row.turnover_tick_lots * scale.value_units, scale),
        trades_24h=row.trade_count,
        open_interest=quantity(row.open_interest_lots, scale),
        funding_rate=format_rate(row.forecast_rate_ppb) if row.forecast_period_ns == next_ns else None,
        next_funding_at=milliseconds(next_ns),
        last_funding_rate=format_rate(row.funding_rate_ppb) if row.funded_period_ns else None,
        time=milliseconds(row.last_trade_at_ns) or None,
    )
