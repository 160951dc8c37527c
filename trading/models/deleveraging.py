"""Who would be deleveraged first, as measured a moment ago."""

from django.db import models


class DeleveragingQueue(models.Model):
    """The queue of one side of an instrument: `bounds` are pairs of a fifth of its lots (1: first) and, as text, the
    lowest rank of the positions that end in it."""

    pk = models.CompositePrimaryKey("instrument_id", "side")
    instrument_id = models.BigIntegerField()
    side = models.SmallIntegerField()
    bounds = models.JSONField()
    measured_at_ns = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(side__in=(1, -1)), name="queue_side_known")]

    def __str__(self) -> str:
        return f"queue of side {self.side} of instrument {self.instrument_id}"
