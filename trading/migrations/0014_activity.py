"""What accounts tell the engine by the minute, and who told too much."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0013_deleveraging_queues"),
    ]

    operations = [
        migrations.CreateModel(
            name="ActivityHold",
            fields=[
                ("account_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("previous_state", models.SmallIntegerField(help_text="What it goes back to.")),
                ("command_id", models.CharField(help_text="Of the command that made it so, hex.", max_length=32)),
                ("until", models.DateTimeField()),
                ("messages", models.IntegerField()),
                ("fills", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="AccountActivity",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "minute_ns", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("minute_ns", models.BigIntegerField(help_text="Its start.")),
                ("messages", models.IntegerField()),
                ("fills", models.IntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["minute_ns"], name="activity_by_minute")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("fills__gte", 0), ("messages__gte", 0)), name="activity_not_negative"
                    )
                ],
            },
        ),
    ]
