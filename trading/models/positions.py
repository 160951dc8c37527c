"""Positions: what each account holds in each instrument it ever traded."""

from django.db import models


class Position(models.Model):
    """`lots` is signed; `entry_value_units` is what they cost, with the same sign; both are 0 when flat."""

    pk = models.CompositePrimaryKey("account_id", "instrument_id")
    account_id = models.BigIntegerField()
    instrument_id = models.BigIntegerField()
    lots = models.BigIntegerField()
    entry_value_units = models.BigIntegerField()
    realised_pnl_units = models.BigIntegerField(help_text="Sum over its life, before fees.")
    fee_units = models.BigIntegerField(help_text="Sum over its life.")
    updated_at_ns = models.BigIntegerField()
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(lots=0, entry_value_units=0)
                | models.Q(lots__gt=0, entry_value_units__gte=0)
                | models.Q(lots__lt=0, entry_value_units__lte=0),
                name="position_cost_has_its_sign",
            )
        ]
        indexes = [models.Index(fields=["instrument_id"], name="position_by_instrument", condition=~models.Q(lots=0))]

    def __str__(self) -> str:
        return f"account {self.account_id}, instrument {self.instrument_id}: {self.lots} lots"
