"""How much each account tells the engine, and how much of it becomes trades."""

from django.db import models


class AccountActivity(models.Model):
    """One minute of an account: orders placed, amended and cancelled by its owner, and fills."""

    pk = models.CompositePrimaryKey("account_id", "minute_ns")
    account_id = models.BigIntegerField()
    minute_ns = models.BigIntegerField(help_text="Its start.")
    messages = models.IntegerField()
    fills = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["minute_ns"], name="activity_by_minute")]
        constraints = [
            models.CheckConstraint(condition=models.Q(messages__gte=0, fills__gte=0), name="activity_not_negative")
        ]

    def __str__(self) -> str:
        return f"account {self.account_id}: {self.messages} messages, {self.fills} fills"


class ActivityHold(models.Model):
    """An account that may only cancel until some time, because it told too much for what it traded."""

    account_id = models.BigIntegerField(primary_key=True)
    previous_state = models.SmallIntegerField(help_text="What it goes back to.")
    command_id = models.CharField(max_length=32, help_text="Of the command that made it so, hex.")
    until = models.DateTimeField()
    messages = models.IntegerField()
    fills = models.IntegerField()

    def __str__(self) -> str:
        return f"account {self.account_id} until {self.until}"
