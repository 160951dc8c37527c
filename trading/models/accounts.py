"""Accounts as the engine knows them."""

from django.db import models


class EngineAccount(models.Model):
    account_id = models.BigIntegerField(primary_key=True)
    user_id = models.BigIntegerField()
    state = models.SmallIntegerField()
    maximum_open_orders = models.IntegerField(default=0, help_text="Per instrument; 0: the instrument's own limit.")
    opened_at_ns = models.BigIntegerField()
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(state__range=(1, 4)), name="account_state_known"),
            models.CheckConstraint(condition=models.Q(maximum_open_orders__gte=0), name="account_limit_not_negative"),
        ]

    def __str__(self) -> str:
        return f"account {self.account_id}"


class AccountLeverage(models.Model):
    """A leverage the account chose; without a row the instrument's default holds."""

    pk = models.CompositePrimaryKey("account_id", "instrument_id")
    account_id = models.BigIntegerField()
    instrument_id = models.BigIntegerField()
    leverage = models.IntegerField()
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(leverage__gte=1), name="leverage_positive")]

    def __str__(self) -> str:
        return f"account {self.account_id}, instrument {self.instrument_id}: {self.leverage}x"
