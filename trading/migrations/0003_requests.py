import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0001_initial"),
        ("trading", "0002_readers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="InstrumentRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("accepted", "Accepted"),
                            ("refused", "Refused"),
                            ("void", "Void"),
                        ],
                        default="pending",
                        max_length=8,
                    ),
                ),
                ("code", models.CharField(blank=True, help_text="Why it was refused.", max_length=40)),
                ("sequence", models.BigIntegerField(help_text="The engine's record of it, once accepted.", null=True)),
                (
                    "attempts",
                    models.IntegerField(
                        default=1, help_text="Whoever sends a copy first raises this, and sends only then."
                    ),
                ),
                (
                    "final_at_ns",
                    models.BigIntegerField(
                        help_text="After this time the engine executes none of the copies sent so far."
                    ),
                ),
                (
                    "proven_until_ns",
                    models.BigIntegerField(help_text="The engine had not executed it before this time."),
                ),
                ("proven_sequence", models.BigIntegerField(help_text="No record up to this one is about it.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("listing", "Listing"), ("parameters", "Parameters"), ("state", "State")],
                        max_length=16,
                    ),
                ),
                ("symbol", models.CharField(max_length=40)),
                ("instrument_id", models.BigIntegerField()),
                ("version", models.IntegerField(help_text="Of the parameters it brings.", null=True)),
                ("content", models.JSONField()),
                ("effective_at", models.DateTimeField(help_text="Empty: at once.", null=True)),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("pending", "accepted", "refused", "void"))),
                        name="instrumentrequest_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sequence__isnull", False), ("state", "accepted")),
                            models.Q(models.Q(("state", "accepted"), _negated=True), ("sequence", None)),
                            _connector="OR",
                        ),
                        name="instrumentrequest_sequence_iff_accepted",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("pending", "accepted")), ("version__isnull", False)),
                        fields=("symbol", "version"),
                        name="instrument_request_version_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("pending", "accepted")), ("kind", "listing")),
                        fields=("instrument_id",),
                        name="instrument_request_listed_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "state"), ("version", None)),
                            models.Q(("kind__in", ("listing", "parameters")), ("version__gte", 1)),
                            _connector="OR",
                        ),
                        name="instrument_request_version_iff_parameters",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("accepted", "Accepted"),
                            ("refused", "Refused"),
                            ("void", "Void"),
                        ],
                        default="pending",
                        max_length=8,
                    ),
                ),
                ("code", models.CharField(blank=True, help_text="Why it was refused.", max_length=40)),
                ("sequence", models.BigIntegerField(help_text="The engine's record of it, once accepted.", null=True)),
                (
                    "attempts",
                    models.IntegerField(
                        default=1, help_text="Whoever sends a copy first raises this, and sends only then."
                    ),
                ),
                (
                    "final_at_ns",
                    models.BigIntegerField(
                        help_text="After this time the engine executes none of the copies sent so far."
                    ),
                ),
                (
                    "proven_until_ns",
                    models.BigIntegerField(help_text="The engine had not executed it before this time."),
                ),
                ("proven_sequence", models.BigIntegerField(help_text="No record up to this one is about it.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("asset", models.CharField(max_length=12)),
                ("amount_units", models.BigIntegerField()),
                ("idempotency_key", models.CharField(max_length=64)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="transfers", to="identity.account"
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(condition=models.Q(("state", "pending")), fields=["id"], name="transfer_pending")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("pending", "accepted", "refused", "void"))),
                        name="transfer_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sequence__isnull", False), ("state", "accepted")),
                            models.Q(models.Q(("state", "accepted"), _negated=True), ("sequence", None)),
                            _connector="OR",
                        ),
                        name="transfer_sequence_iff_accepted",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "void"), _negated=True),
                        fields=("account", "idempotency_key"),
                        name="transfer_key_once_per_account",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_units", 0), _negated=True), name="transfer_amount_not_zero"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("idempotency_key", ""), _negated=True), name="transfer_key_is_given"
                    ),
                ],
            },
        ),
    ]
