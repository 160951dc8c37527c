"""Trading accounts: which user owns which account of the engine."""

from django.conf import settings
from django.db import models


class Account(models.Model):
    """Its id is the account id of the engine, which learns it by an OpenAccount command of the trading services."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="accounts")
    name = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, editable=False, help_text="Since when the engine surely knows it.")

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=models.Q(opened_at=None), name="account_waits_to_be_opened"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="account_name_unique_per_owner"),
            models.CheckConstraint(condition=models.Q(id__gt=0), name="account_id_positive"),
            models.CheckConstraint(condition=~models.Q(name=""), name="account_name_is_given"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.name}"
