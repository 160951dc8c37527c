"""Reads of risk: indices with what they were made of, and funding."""

from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Count, Sum

from risk.core.funding import FundingRules, average_premium_ppb, funding_rate_ppb
from risk.core.index_price import FATES, INDEX_STATUSES, recompute
from risk.core.rounding import ceiling
from risk.models import IndexTick, PremiumSample
from trading.core.instruments import RiskParameters
from trading.models import FundingForecast, Instrument
from trading.selectors.instruments import next_funding_ns

SAMPLE_EVERY_NS: Final = 5 * 10**9  # the cadence of premiums
STATUS_WORDS: Final = {code: word for word, code in INDEX_STATUSES.items()}
FATE_WORDS: Final = {code: word for word, code in FATES.items()}


class FundingEstimate(NamedTuple):
    """The rate of the interval that ends at `period_ns`, from the `samples` so far."""

    period_ns: int
    rate_ppb: int
    average_premium_ppb: int
    samples: int


class FeedState(NamedTuple):
    """How an index is: its status, the age of its newest tick, and the fate of each venue in that."""

    asset: str
    status: str
    age_ms: int
    fates: dict[str, str]


def predicted_rate(*, instrument_id: int, risk: RiskParameters, now_ns: int) -> FundingEstimate:
    """The rate of the interval under way at `now_ns`, were its premium that of the samples it has."""
    period_ns = next_funding_ns(risk.funding_interval_ns, now_ns=now_ns)
    funded = Instrument.objects.filter(instrument_id=instrument_id).values_list("funded_period_ns", flat=True).first()
    start_ns = max(funded or 0, period_ns - risk.funding_interval_ns)
    total_ppb, samples = _sampled(instrument_id, start_ns, period_ns)
    average_ppb = average_premium_ppb(premium_sum_ppb=total_ppb, samples=samples)
    return FundingEstimate(period_ns, _span_rate_ppb(average_ppb, risk, period_ns - start_ns), average_ppb, samples)


def funding_estimate(*, instrument_id: int, risk: RiskParameters, now_ns: int) -> FundingEstimate:
    """As `predicted_rate`, at most a sample old: from the row that the feeds leave, if it is of this interval."""
    row = FundingForecast.objects.filter(instrument_id=instrument_id).first()
    if row is None or row.period_ns != next_funding_ns(risk.funding_interval_ns, now_ns=now_ns):
        return predicted_rate(instrument_id=instrument_id, risk=risk, now_ns=now_ns)
    return FundingEstimate(row.period_ns, row.rate_ppb, row.average_premium_ppb, row.samples)


def rate_of_period(*, instrument_id: int, risk: RiskParameters, period_ns: int, funded_ns: int) -> FundingEstimate:
    """The rate of the interval that ended at `period_ns`, of what of it is after `funded_ns`: no hour is paid twice.

    A time of the cadence without a sample counts as a premium of 0.
    """
    start_ns = max(funded_ns, period_ns - risk.funding_interval_ns)
    total_ppb, samples = _sampled(instrument_id, start_ns, period_ns)
    expected = ceiling(period_ns, SAMPLE_EVERY_NS) - ceiling(start_ns, SAMPLE_EVERY_NS)
    average_ppb = average_premium_ppb(premium_sum_ppb=total_ppb, samples=expected)
    return FundingEstimate(period_ns, _span_rate_ppb(average_ppb, risk, period_ns - start_ns), average_ppb, samples)


def _sampled(instrument_id: int, start_ns: int, end_ns: int) -> tuple[int, int]:
    """(sum of the premiums in ppb, their number) from the start on and before the end."""
    samples = PremiumSample.objects.filter(instrument_id=instrument_id, time_ns__gte=start_ns, time_ns__lt=end_ns)
    found = samples.aggregate(total=Sum("premium_ppb"), count=Count("time_ns"))
    return int(found["total"] or 0), found["count"]


def _span_rate_ppb(average_ppb: int, risk: RiskParameters, span_ns: int) -> int:
    """The rate of a span, by the instrument's parameters."""
    rules = FundingRules(risk.funding_interest_ppb, risk.funding_clamp_ppb, risk.funding_cap_ppb, span_ns)
    return funding_rate_ppb(average_premium_ppb=average_ppb, rules=rules)


# A loose walk down the key: from the newest tick to the last one of the interval before, and so on.
_LAST_OF_EACH: Final = """
WITH RECURSIVE newest(time_ns) AS (
    (SELECT time_ns FROM risk_indextick WHERE asset = %(asset)s AND time_ns < %(before_ns)s
        ORDER BY time_ns DESC LIMIT 1)
    UNION ALL
    SELECT older.time_ns FROM newest CROSS JOIN LATERAL (
        SELECT time_ns FROM risk_indextick t WHERE t.asset = %(asset)s
            AND t.time_ns < newest.time_ns - newest.time_ns %% %(interval_ns)s ORDER BY t.time_ns DESC LIMIT 1) older
)
SELECT time_ns FROM newest LIMIT %(limit)s
"""


def latest_tick(*, asset: str) -> IndexTick | None:
    """None while there is no index of the asset."""
    return IndexTick.objects.filter(asset=asset).order_by("-time_ns").first()


def latest_ticks() -> dict[str, IndexTick]:
    """The newest of each asset."""
    assets = _assets()
    return {asset: tick for asset in assets if (tick := latest_tick(asset=asset)) is not None}


def feed_states(*, now_ns: int) -> list[FeedState]:
    return [
        FeedState(
            asset=asset,
            status=STATUS_WORDS[tick.status],
            age_ms=(now_ns - tick.time_ns) // 10**6,
            fates={one.quote.venue: FATE_WORDS[one.fate] for one in tick.record().constituents},
        )
        for asset, tick in latest_ticks().items()
    ]


def index_history(*, asset: str, limit: int, interval_ns: int, before_ns: int | None = None) -> list[IndexTick]:
    """The last tick of each interval that has one, newest first, those before `before_ns` if given."""
    bounds = {"asset": asset, "interval_ns": interval_ns, "limit": limit, "before_ns": before_ns or 2**63 - 1}
    with connection.cursor() as cursor:
        cursor.execute(_LAST_OF_EACH, bounds)
        times = [time_ns for (time_ns,) in cursor.fetchall()]
    return list(IndexTick.objects.filter(asset=asset, time_ns__in=times).order_by("-time_ns"))


def _assets() -> list[str]:
    """By one step down the key an asset, however many ticks there are."""
    assets: list[str] = []
    while True:
        rows = IndexTick.objects.filter(asset__gt=assets[-1] if assets else "").order_by("asset")
        found = rows.values_list("asset", flat=True).first()
        if found is None:
            return assets
        assets.append(found)


def is_honest(tick: IndexTick) -> bool:
    """Does the record of an index price, computed again from its quotes and rules alone, give that price?"""
    record = tick.record()
    return recompute(record) == record
