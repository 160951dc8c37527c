"""Positions: what each account holds in each instrument it ever traded, and how far its funding is settled."""

from django.db import models

FUNDING_INDEX_DIGITS = 80  # a funding index has no bound; these are never reached


class FundingIndex(models.Model):
    """Sum of index price * value_units * rate over all periods: 10^9 times the ledger units that one lot has paid."""

    instrument_id = models.BigIntegerField(primary_key=True)
    value_units = models.BigIntegerField(help_text="Value of one lot at one tick.")
    funding_index = models.DecimalField(max_digits=FUNDING_INDEX_DIGITS, decimal_places=0)

    def __str__(self) -> str:
        return f"instrument {self.instrument_id}: {self.funding_index}"


class Position(models.Model):
    """`lots` is signed; `entry_value_units` is what they cost, with the same sign; both are 0 when flat.

    Of a position that is held, funding is owed since `funding_index`. `isolated_units` of the account's collateral are
    the position's own.
    """

    pk = models.CompositePrimaryKey("account_id", "instrument_id")
    account_id = models.BigIntegerField()
    instrument_id = models.BigIntegerField()
    lots = models.BigIntegerField()
    entry_value_units = models.BigIntegerField()
    realised_pnl_units = models.BigIntegerField(help_text="Sum over its life, before fees.")
    fee_units = models.BigIntegerField(help_text="Sum over its life.")
    updated_at_ns = models.BigIntegerField()
    sequence = models.BigIntegerField()
    is_isolated = models.BooleanField(default=False)
    isolated_units = models.BigIntegerField(default=0)
    funding_units = models.BigIntegerField(default=0, help_text="Paid over its life; below zero: received.")
    funding_index = models.DecimalField(max_digits=FUNDING_INDEX_DIGITS, decimal_places=0, default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_isolated=True) | models.Q(isolated_units=0),
                name="position_cross_has_no_margin_of_its_own",
            ),
            models.CheckConstraint(
                condition=models.Q(lots=0, entry_value_units=0)
                | models.Q(lots__gt=0, entry_value_units__gte=0)
                | models.Q(lots__lt=0, entry_value_units__lte=0),
                name="position_cost_has_its_sign",
            ),
        ]
        indexes = [models.Index(fields=["instrument_id"], name="position_by_instrument", condition=~models.Q(lots=0))]

    def __str__(self) -> str:
        return f"account {self.account_id}, instrument {self.instrument_id}: {self.lots} lots"
