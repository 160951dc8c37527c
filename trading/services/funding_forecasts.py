"""The rows of what funding will be."""

from collections.abc import Iterable

from trading.models import FundingForecast


def remember_forecasts(forecasts: Iterable[FundingForecast]) -> None:
    """Each in place of what its instrument had."""
    FundingForecast.objects.bulk_create(
        list(forecasts),
        update_conflicts=True,
        unique_fields=["instrument_id"],
        update_fields=["period_ns", "rate_ppb", "average_premium_ppb", "samples"],
    )
