"""Funding that the engine is asked to apply: the rate of a period, decided once."""

from django.db import models
from django.db.models import Q

from trading.models.requests import LIVE, EngineRequest


class FundingRequest(EngineRequest):
    """The funding of the period that ended at `period_ns`, from `samples` premiums."""

    instrument_id = models.BigIntegerField()
    period_ns = models.BigIntegerField()
    rate_ppb = models.BigIntegerField()
    samples = models.IntegerField()

    class Meta(EngineRequest.Meta):
        constraints = [
            *EngineRequest.Meta.constraints,
            models.UniqueConstraint(
                fields=["instrument_id", "period_ns"], condition=LIVE, name="funding_request_once_a_period"
            ),
            models.CheckConstraint(condition=Q(samples__gt=0), name="funding_request_has_samples"),
        ]

    def __str__(self) -> str:
        return f"funding of instrument {self.instrument_id}, period {self.period_ns}, {self.state}"
