"""What funding rates will be, one row an instrument."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0015_deficits"),
    ]

    operations = [
        migrations.CreateModel(
            name="FundingForecast",
            fields=[
                ("instrument_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("period_ns", models.BigIntegerField(help_text="When the period ends.")),
                ("rate_ppb", models.BigIntegerField()),
                ("average_premium_ppb", models.BigIntegerField()),
                ("samples", models.IntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("samples__gt", 0)), name="funding_forecast_has_samples")
                ],
            },
        ),
    ]
