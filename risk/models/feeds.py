"""What feeds leave behind: every index price with all it was made from, premiums, and what they stopped."""

from decimal import Decimal
from typing import Self

from django.db import models

from risk.core.index_price import Constituent, IndexRecord, IndexRules, VenueQuote


class IndexTick(models.Model):
    """An index price as it was published; from its own columns anybody can compute it again. Prices: of `tick`."""

    pk = models.CompositePrimaryKey("asset", "time_ns")
    asset = models.CharField(max_length=16)
    time_ns = models.BigIntegerField()
    tick = models.CharField(max_length=40, help_text="Canonical decimal text.")
    price_ticks = models.BigIntegerField(help_text="0: there was no index.")
    status = models.SmallIntegerField(help_text="INDEX_STATUSES; only a firm index moves marks.")
    median_nanoticks = models.BigIntegerField()
    benchmark_nanoticks = models.BigIntegerField(help_text="0: there was none.")
    rules = models.JSONField(help_text="The fields of IndexRules.")
    constituents = models.JSONField(help_text="Of each the fields of VenueQuote, its fate, and the nanoticks counted.")

    class Meta:
        indexes = [models.Index(fields=["time_ns"], name="index_tick_time")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(price_ticks__gte=0, median_nanoticks__gte=0), name="index_tick_not_negative"
            ),
            models.CheckConstraint(condition=models.Q(status__range=(1, 5)), name="index_tick_status_known"),
            models.CheckConstraint(
                condition=models.Q(price_ticks__gt=0) | models.Q(status=5), name="index_tick_absent_without_price"
            ),
        ]

    def __str__(self) -> str:
        return f"index {self.asset} at {self.time_ns}"

    @classmethod
    def of(cls, record: IndexRecord, *, asset: str, time_ns: int, tick: Decimal) -> Self:
        return cls(
            asset=asset,
            time_ns=time_ns,
            tick=str(tick),
            price_ticks=record.index_price_ticks,
            status=record.status,
            median_nanoticks=record.median_nanoticks,
            benchmark_nanoticks=record.benchmark_nanoticks,
            rules=list(record.rules),
            constituents=[[*one.quote, one.fate, one.counted_nanoticks] for one in record.constituents],
        )

    def record(self) -> IndexRecord:
        return IndexRecord(
            rules=IndexRules(*self.rules),
            benchmark_nanoticks=self.benchmark_nanoticks,
            constituents=tuple(
                Constituent(VenueQuote(*quote), fate, counted) for *quote, fate, counted in self.constituents
            ),
            median_nanoticks=self.median_nanoticks,
            index_price_ticks=self.price_ticks,
            status=self.status,
        )


class PremiumSample(models.Model):
    """The premium of the exchange's own book over the index, at a time of the fixed cadence."""

    pk = models.CompositePrimaryKey("instrument_id", "time_ns")
    instrument_id = models.BigIntegerField()
    time_ns = models.BigIntegerField()
    premium_ppb = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["time_ns"], name="premium_sample_time")]

    def __str__(self) -> str:
        return f"premium of instrument {self.instrument_id} at {self.time_ns}"


class FeedHold(models.Model):
    """A state that the feeds gave an instrument for want of a firm index, and are to take back.

    `state` is what they asked for, `from_state` what they found then, `floor_state` what others had set before: the
    feeds go no further back. It is theirs as long as `after_request_id` is followed by their own request alone.
    """

    instrument_id = models.BigIntegerField(primary_key=True)
    state = models.SmallIntegerField()
    from_state = models.SmallIntegerField()
    floor_state = models.SmallIntegerField()
    since_ns = models.BigIntegerField()
    after_request_id = models.BigIntegerField(help_text="The last request for its state before theirs; 0: none.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__range=(2, 4), floor_state__gte=1, state__gt=models.F("floor_state")),
                name="feed_hold_is_above_its_floor",
            ),
        ]

    def __str__(self) -> str:
        return f"instrument {self.instrument_id} held in state {self.state}"
