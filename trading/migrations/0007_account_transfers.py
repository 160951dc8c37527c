import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0003_verified_addresses"),
        ("trading", "0006_order_groups"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountTransfer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source_is_margin", models.BooleanField()),
                ("target_is_margin", models.BooleanField()),
                ("asset", models.CharField(max_length=12)),
                ("amount_units", models.BigIntegerField()),
                ("idempotency_key", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "on its way"), ("done", "done"), ("refused", "refused")],
                        default="pending",
                        max_length=8,
                    ),
                ),
                ("code", models.CharField(blank=True, help_text="Why it was refused.", max_length=40)),
                (
                    "held_until",
                    models.DateTimeField(help_text="Until then one process works on it, and no other touches it."),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.account"
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.account"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")), fields=["id"], name="account_transfer_pending"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "idempotency_key"), name="account_transfer_key_once_per_source"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_units__gt", 0)), name="account_transfer_amount_above_zero"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("source", models.F("target")), _negated=True),
                            models.Q(("source_is_margin", models.F("target_is_margin")), _negated=True),
                            _connector="OR",
                        ),
                        name="account_transfer_goes_elsewhere",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("pending", "done", "refused"))),
                        name="account_transfer_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "refused"), models.Q(("code", ""), _negated=True)),
                            models.Q(models.Q(("state", "refused"), _negated=True), ("code", "")),
                            _connector="OR",
                        ),
                        name="account_transfer_code_iff_refused",
                    ),
                ],
            },
        ),
    ]
