"""How far each fifth of a queue of deleveraging reaches."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0012_fund_transfers"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeleveragingQueue",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "instrument_id", "side", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("instrument_id", models.BigIntegerField()),
                ("side", models.SmallIntegerField()),
                ("bounds", models.JSONField()),
                ("measured_at_ns", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("side__in", (1, -1))), name="queue_side_known")
                ],
            },
        ),
    ]
