"""Rows of what feeds said and of what was made of it."""

from collections.abc import Iterable
from typing import Final

from django.db import transaction

from risk.models import IndexTick, PremiumSample

DELETE_LIMIT: Final = 20_000


def record_round(*, ticks: Iterable[IndexTick], samples: Iterable[PremiumSample]) -> None:
    """All of one round in one transaction. A time that is already taken keeps what it has."""
    with transaction.atomic():
        IndexTick.objects.bulk_create(ticks, ignore_conflicts=True)
        PremiumSample.objects.bulk_create(samples, ignore_conflicts=True)


def forget_before(*, ticks_ns: int, samples_ns: int) -> int:
    """Deletes what is older, each table in pieces; returns how many rows."""
    return _delete(IndexTick, ticks_ns) + _delete(PremiumSample, samples_ns)


def _delete(model: type[IndexTick] | type[PremiumSample], before_ns: int) -> int:
    total = 0
    while True:
        oldest = model.objects.filter(time_ns__lt=before_ns).values_list("pk")[:DELETE_LIMIT]
        deleted, _ = model.objects.filter(pk__in=list(oldest)).delete()
        total += deleted
        if deleted < DELETE_LIMIT:
            return total
