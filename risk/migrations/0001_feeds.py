from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="FeedHold",
            fields=[
                ("instrument_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("state", models.SmallIntegerField()),
                ("from_state", models.SmallIntegerField()),
                ("floor_state", models.SmallIntegerField()),
                ("since_ns", models.BigIntegerField()),
                (
                    "after_request_id",
                    models.BigIntegerField(help_text="The last request for its state before theirs; 0: none."),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("floor_state__gte", 1), ("state__gt", models.F("floor_state")), ("state__range", (2, 4))
                        ),
                        name="feed_hold_is_above_its_floor",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="IndexTick",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "asset", "time_ns", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("asset", models.CharField(max_length=16)),
                ("time_ns", models.BigIntegerField()),
                ("tick", models.CharField(help_text="Canonical decimal text.", max_length=40)),
                ("price_ticks", models.BigIntegerField(help_text="0: there was no index.")),
                ("status", models.SmallIntegerField(help_text="INDEX_STATUSES; only a firm index moves marks.")),
                ("median_nanoticks", models.BigIntegerField()),
                ("benchmark_nanoticks", models.BigIntegerField(help_text="0: there was none.")),
                ("rules", models.JSONField(help_text="The fields of IndexRules.")),
                (
                    "constituents",
                    models.JSONField(
                        help_text="Of each the fields of VenueQuote, its fate, and the nanoticks counted."
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["time_ns"], name="index_tick_time")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("median_nanoticks__gte", 0), ("price_ticks__gte", 0)),
                        name="index_tick_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__range", (1, 5))), name="index_tick_status_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("price_ticks__gt", 0), ("status", 5), _connector="OR"),
                        name="index_tick_absent_without_price",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PremiumSample",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "instrument_id", "time_ns", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("instrument_id", models.BigIntegerField()),
                ("time_ns", models.BigIntegerField()),
                ("premium_ppb", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["time_ns"], name="premium_sample_time")],
            },
        ),
    ]
