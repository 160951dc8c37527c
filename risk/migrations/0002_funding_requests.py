from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0001_feeds"),
    ]

    operations = [
        migrations.CreateModel(
            name="FundingRequest",
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
                ("instrument_id", models.BigIntegerField()),
                ("period_ns", models.BigIntegerField()),
                ("rate_ppb", models.BigIntegerField()),
                ("samples", models.IntegerField()),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("pending", "accepted", "refused", "void"))),
                        name="fundingrequest_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sequence__isnull", False), ("state", "accepted")),
                            models.Q(models.Q(("state", "accepted"), _negated=True), ("sequence", None)),
                            _connector="OR",
                        ),
                        name="fundingrequest_sequence_iff_accepted",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("pending", "accepted"))),
                        fields=("instrument_id", "period_ns"),
                        name="funding_request_once_a_period",
                    ),
                    models.CheckConstraint(condition=models.Q(("samples__gt", 0)), name="funding_request_has_samples"),
                ],
            },
        ),
    ]
