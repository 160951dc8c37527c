"""Instruments as the journal states them: fixed terms, versions of parameters, state, prices, funding."""

from typing import Any

from django.db import models

from trading.core.instruments import InstrumentTerms, RiskParameters


def default_risk() -> dict[str, Any]:
    return RiskParameters()._asdict()


class Instrument(models.Model):
    instrument_id = models.BigIntegerField(primary_key=True)
    symbol = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=16)
    underlying = models.CharField(max_length=16)
    settlement_asset = models.CharField(max_length=16)
    tick = models.CharField(max_length=40, help_text="Canonical decimal text, as lot and multiplier.")
    lot = models.CharField(max_length=40)
    multiplier = models.CharField(max_length=40)
    value_units = models.BigIntegerField(help_text="Value of one lot at one tick, in ledger units.")
    parameters_version = models.IntegerField(help_text="The version in force.")
    state = models.SmallIntegerField(help_text="Its own; the exchange's holds too, whichever is stricter.")
    mark_price_ticks = models.BigIntegerField(default=0, help_text="0: none yet.")
    marked_at_ns = models.BigIntegerField(default=0)
    listed_at_ns = models.BigIntegerField()
    sequence = models.BigIntegerField()
    index_price_ticks = models.BigIntegerField(default=0, help_text="0: none yet.")
    funding_rate_ppb = models.BigIntegerField(default=0, help_text="Of the last period.")
    funded_period_ns = models.BigIntegerField(default=0, help_text="When that period ended; 0: none yet.")
    resume_at_ns = models.BigIntegerField(default=0, help_text="When it gets a milder state by itself; 0: never.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(value_units__gte=1), name="instrument_value_positive"),
            models.CheckConstraint(condition=models.Q(state__range=(1, 4)), name="instrument_state_known"),
            models.CheckConstraint(condition=models.Q(mark_price_ticks__gte=0), name="instrument_mark_not_negative"),
        ]

    def __str__(self) -> str:
        return self.symbol

    def terms(self) -> InstrumentTerms:
        return InstrumentTerms(*(getattr(self, field) for field in InstrumentTerms._fields))


class ParametersVersion(models.Model):
    """One version of an instrument's parameters; `active_sequence` is 0 while it is only scheduled."""

    pk = models.CompositePrimaryKey("instrument_id", "version")
    instrument_id = models.BigIntegerField()
    version = models.IntegerField()
    maker_fee_ppb = models.BigIntegerField()
    taker_fee_ppb = models.BigIntegerField()
    price_band_ppb = models.BigIntegerField()
    protection_ppb = models.BigIntegerField()
    minimum_notional_units = models.BigIntegerField()
    maximum_price_ticks = models.BigIntegerField()
    maximum_order_lots = models.BigIntegerField()
    position_limit_units = models.BigIntegerField()
    maximum_open_orders = models.IntegerField()
    default_leverage = models.IntegerField()
    brackets = models.JSONField(help_text="Rows of floor, initial rate and cum, maintenance rate and cum.")
    risk = models.JSONField(default=default_risk, help_text="How it is marked, funded, halted and liquidated.")
    effective_at_ns = models.BigIntegerField()
    active_sequence = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"instrument {self.instrument_id}, version {self.version}"


class PriceBand(models.Model):
    """The prices that limit orders may have now. `made_from` is what the next mark needs: terms, parameters, state,
    mark, and the lows and highs of the window."""

    instrument_id = models.BigIntegerField(primary_key=True)
    low_ticks = models.BigIntegerField(help_text="Below 1 where the band is wider than the mark.")
    high_ticks = models.BigIntegerField(help_text="0: no mark yet.")
    made_from = models.JSONField()
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(low_ticks__lte=models.F("high_ticks")), name="price_band_spans"),
        ]

    def __str__(self) -> str:
        return f"instrument {self.instrument_id}: {self.low_ticks} to {self.high_ticks}"


class ExchangeState(models.Model):
    """No instrument of the clearing domain is in a milder state than this; without a row it is normal."""

    domain = models.SmallIntegerField(primary_key=True)
    state = models.SmallIntegerField()
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(state__range=(1, 4)), name="exchange_state_known"),
        ]

    def __str__(self) -> str:
        return f"state {self.state} since {self.sequence}"


class FundingForecast(models.Model):
    """What the funding rate of an instrument's running period will be, were its premium that of the `samples` so far.
    Written by the feeds, so that nobody who asks adds up samples."""

    instrument_id = models.BigIntegerField(primary_key=True)
    period_ns = models.BigIntegerField(help_text="When the period ends.")
    rate_ppb = models.BigIntegerField()
    average_premium_ppb = models.BigIntegerField()
    samples = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(samples__gt=0), name="funding_forecast_has_samples"),
        ]

    def __str__(self) -> str:
        return f"instrument {self.instrument_id}, period {self.period_ns}: {self.rate_ppb} so far"


class FundingRate(models.Model):
    """Funding of one period: longs pay shorts the rate of their value at this index price."""

    pk = models.CompositePrimaryKey("instrument_id", "period_ns")
    instrument_id = models.BigIntegerField()
    period_ns = models.BigIntegerField(help_text="When the period ended.")
    rate_ppb = models.BigIntegerField()
    index_price_ticks = models.BigIntegerField()
    time_ns = models.BigIntegerField()
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(index_price_ticks__gt=0), name="funding_has_an_index"),
        ]

    def __str__(self) -> str:
        return f"instrument {self.instrument_id}, period {self.period_ns}: {self.rate_ppb}"
