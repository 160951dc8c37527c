"""Indices and funding as answers: ints into text."""

from exchange.contract.numbers import Step, format_rate, format_scaled, step_from_text
from risk.api import index_answers
from risk.core.index_price import Constituent
from risk.core.rounding import half_even
from risk.models import IndexTick
from risk.selectors import FATE_WORDS, STATUS_WORDS, FundingEstimate
from trading.api.fields import MAXIMUM_ID
from trading.api.presenting import milliseconds
from trading.api.scales import Scale
from trading.core.terms import PPB
from trading.selectors.funding import FundingView


def index_price(row: IndexTick) -> index_answers.IndexPrice:
    return index_answers.IndexPrice(
        asset=row.asset,
        price=_price(row.price_ticks, step_from_text(row.tick)),
        status=STATUS_WORDS[row.status],
        time=milliseconds(row.time_ns),
    )


def index(row: IndexTick) -> index_answers.Index:
    record, step = row.record(), step_from_text(row.tick)
    return index_answers.Index(
        asset=row.asset,
        price=_price(row.price_ticks, step),
        status=STATUS_WORDS[row.status],
        time=milliseconds(row.time_ns),
        tick=row.tick,
        median=_rounded(record.median_nanoticks, step),
        benchmark=_rounded(record.benchmark_nanoticks, step),
        constituents=[_constituent(one, step) for one in record.constituents],
    )


def index_moment(row: IndexTick) -> index_answers.IndexMoment:
    step = step_from_text(row.tick)
    prices = {one.quote.venue: _rounded(_middle(one), step) for one in row.record().constituents}
    return index_answers.IndexMoment(
        time=milliseconds(row.time_ns),
        price=_price(row.price_ticks, step),
        status=STATUS_WORDS[row.status],
        venues={venue: price for venue, price in prices.items() if price is not None},
    )


def funding_rates(
    estimate: FundingEstimate,
    rows: list[FundingView],
    *,
    scale: Scale,
    interval_ns: int,
    following: str | None,
) -> index_answers.FundingRates:
    return index_answers.FundingRates(
        symbol=scale.symbol,
        predicted_rate=format_rate(estimate.rate_ppb),
        average_premium=format_rate(estimate.average_premium_ppb),
        samples=estimate.samples,
        next_funding_at=milliseconds(estimate.period_ns),
        interval=milliseconds(interval_ns),
        results=[
            index_answers.FundingPayment(
                time=milliseconds(row.period_ns),
                rate=format_rate(row.rate_ppb),
                index=format_scaled(row.index_price_ticks, scale.price),
            )
            for row in rows
        ],
        next=following,
    )


def _constituent(one: Constituent, step: Step) -> index_answers.IndexConstituent:
    quote = one.quote
    has_spoken = any((quote.bid_nanoticks, quote.ask_nanoticks, quote.price_nanoticks, quote.age_ns))
    return index_answers.IndexConstituent(
        venue=quote.venue,
        weight=quote.weight,
        bid=_rounded(quote.bid_nanoticks, step),
        ask=_rounded(quote.ask_nanoticks, step),
        price=_rounded(_middle(one), step),
        fate=FATE_WORDS[one.fate],
        counted=_rounded(one.counted_nanoticks, step),
        age_ms=min(max(milliseconds(quote.age_ns), -MAXIMUM_ID), MAXIMUM_ID) if has_spoken else None,
    )


def _middle(one: Constituent) -> int:
    """In nanoticks; 0 when there is none."""
    bid, ask = one.quote.bid_nanoticks, one.quote.ask_nanoticks
    if bid == ask == 0:
        return one.quote.price_nanoticks
    return half_even(bid + ask, 2) if bid > 0 and ask > 0 else 0


def _rounded(nanoticks: int, step: Step) -> str | None:
    """To the tick, half to even."""
    return _price(half_even(nanoticks, PPB), step)


def _price(ticks: int, step: Step) -> str | None:
    return format_scaled(ticks, step) if ticks > 0 else None
