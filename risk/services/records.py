"""Rows of what feeds said and of what was made of it."""

from collections.abc import Iterable

from django.db import transaction

from risk.models import IndexTick, PremiumSample


def record_round(*, ticks: Iterable[IndexTick], samples: Iterable[PremiumSample]) -> None:
    """All of one round in one transaction. A time that is already taken keeps what it has."""
    with transaction.atomic():
        IndexTick.objects.bulk_create(ticks, ignore_conflicts=True)
        PremiumSample.objects.bulk_create(samples, ignore_conflicts=True)


def forget_before(*, ticks_ns: int, samples_ns: int) -> int:
    """Deletes what is older; returns how many rows."""
    ticks, _ = IndexTick.objects.filter(time_ns__lt=ticks_ns).delete()
    samples, _ = PremiumSample.objects.filter(time_ns__lt=samples_ns).delete()
    return ticks + samples
