"""API keys: each acts for one account, within its scopes, networks and time."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from exchange.identity.models.account import Account
from exchange.identity.scopes import GRANTABLE_SCOPES


class ApiKey(models.Model):
    class Kind(models.TextChoices):
        HMAC = "hmac", "HMAC"
        ED25519 = "ed25519", "Ed25519"

    public_id = models.CharField(max_length=32, unique=True, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="api_keys")
    label = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.HMAC)
    encrypted_secret = models.TextField(blank=True, editable=False, help_text="Of HMAC keys.")
    public_key = models.CharField(
        max_length=44, blank=True, default="", db_default="", help_text="Of Ed25519 keys: 32 bytes in base64."
    )
    scopes = ArrayField(models.CharField(max_length=16))
    allowed_networks = ArrayField(models.CharField(max_length=43), default=list, help_text="CIDR; empty: any address.")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="To the minute.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="hmac", public_key="") & ~models.Q(encrypted_secret="")
                | models.Q(kind="ed25519", encrypted_secret="") & ~models.Q(public_key=""),
                name="api_key_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=sorted(GRANTABLE_SCOPES)) & models.Q(scopes__len__gt=0),
                name="api_key_scopes_grantable",
            ),
            models.CheckConstraint(
                condition=~models.Q(scopes__contains=["transfer"]) | models.Q(allowed_networks__len__gt=0),
                name="api_key_transfer_needs_networks",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at=None) | models.Q(expires_at__gt=models.F("created_at")),
                name="api_key_expires_after_creation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.label}"
