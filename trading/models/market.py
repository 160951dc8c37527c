"""Market data: depth of the book, candles, the ticker's own numbers."""

from django.db import models
from django.db.models.functions import Mod

SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS
INTERVALS_S = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "1d": 86_400}


class DepthLevel(models.Model):
    """Lots that rest at one price. The book's sequence is that of the projection's cursor."""

    pk = models.CompositePrimaryKey("instrument_id", "side", "price_ticks")
    instrument_id = models.BigIntegerField()
    side = models.SmallIntegerField()
    price_ticks = models.BigIntegerField()
    quantity_lots = models.BigIntegerField()
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(price_ticks__gt=0, quantity_lots__gt=0), name="depth_positive"),
            models.CheckConstraint(condition=models.Q(side__in=(1, -1)), name="depth_side_known"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity_lots} @ {self.price_ticks}"


class Candle(models.Model):
    """One interval with its trades; one without any has no row. `turnover_tick_lots` is the sum of price * lots."""

    pk = models.CompositePrimaryKey("instrument_id", "interval_s", "start_ns")
    instrument_id = models.BigIntegerField()
    interval_s = models.BigIntegerField()
    start_ns = models.BigIntegerField()
    open_ticks = models.BigIntegerField()
    high_ticks = models.BigIntegerField()
    low_ticks = models.BigIntegerField()
    close_ticks = models.BigIntegerField()
    volume_lots = models.BigIntegerField()
    turnover_tick_lots = models.BigIntegerField()
    trade_count = models.IntegerField()
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(low_ticks__gt=0)
                & models.Q(open_ticks__range=(models.F("low_ticks"), models.F("high_ticks")))
                & models.Q(close_ticks__range=(models.F("low_ticks"), models.F("high_ticks"))),
                name="candle_prices_in_order",
            ),
            models.CheckConstraint(condition=models.Q(volume_lots__gt=0, trade_count__gt=0), name="candle_has_trades"),
            models.CheckConstraint(
                condition=models.Q(
                    start_ns=models.F("start_ns") - Mod("start_ns", models.F("interval_s") * models.Value(SECOND_NS))
                ),
                name="candle_starts_on_its_interval",
            ),
            models.CheckConstraint(
                condition=models.Q(interval_s__in=sorted(INTERVALS_S.values())), name="candle_interval_known"
            ),
        ]

    def __str__(self) -> str:
        return f"instrument {self.instrument_id}, {self.interval_s} s from {self.start_ns}"


class Ticker(models.Model):
    """The last trade, mark and index price (0: none yet), the lots held long, which are as many as short, and the last
    funding (period 0: none yet)."""

    instrument_id = models.BigIntegerField(primary_key=True)
    last_price_ticks = models.BigIntegerField(default=0)
    last_quantity_lots = models.BigIntegerField(default=0)
    last_trade_at_ns = models.BigIntegerField(default=0)
    mark_price_ticks = models.BigIntegerField(default=0)
    open_interest_lots = models.BigIntegerField(default=0)
    sequence = models.BigIntegerField()
    index_price_ticks = models.BigIntegerField(default=0)
    funding_rate_ppb = models.BigIntegerField(default=0)
    funded_period_ns = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(open_interest_lots__gte=0), name="ticker_interest_not_negative")
        ]

    def __str__(self) -> str:
        return f"ticker of instrument {self.instrument_id}"
