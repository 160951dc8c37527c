"""Instruments as the journal states them: fixed terms, versions of parameters, state and mark price."""

from django.db import models

from trading.core.instruments import InstrumentTerms


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
    state = models.SmallIntegerField()
    mark_price_ticks = models.BigIntegerField(default=0, help_text="0: none yet.")
    marked_at_ns = models.BigIntegerField(default=0)
    listed_at_ns = models.BigIntegerField()
    sequence = models.BigIntegerField()

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
    effective_at_ns = models.BigIntegerField()
    active_sequence = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"instrument {self.instrument_id}, version {self.version}"
