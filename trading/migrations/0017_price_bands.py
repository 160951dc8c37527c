"""The band of prices in force, one row an instrument."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0016_funding_forecasts"),
    ]

    operations = [
        migrations.CreateModel(
            name="PriceBand",
            fields=[
                ("instrument_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("low_ticks", models.BigIntegerField(help_text="Below 1 where the band is wider than the mark.")),
                ("high_ticks", models.BigIntegerField(help_text="0: no mark yet.")),
                ("made_from", models.JSONField()),
                ("sequence", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("low_ticks__lte", models.F("high_ticks"))), name="price_band_spans"
                    )
                ],
            },
        ),
    ]
