"""What the insurance fund paid of the deficits that liquidations leave."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0014_activity"),
    ]

    operations = [
        migrations.AddField(
            model_name="liquidation",
            name="deficit_units",
            field=models.BigIntegerField(default=0, help_text="What the insurance fund paid beyond the equity."),
        ),
        migrations.AlterField(
            model_name="posting",
            name="kind",
            field=models.CharField(
                choices=[
                    ("trade_fee", "Trade Fee"),
                    ("realised_pnl", "Realised Pnl"),
                    ("transfer", "Transfer"),
                    ("funding", "Funding"),
                    ("liquidation_fee", "Liquidation Fee"),
                    ("deficit_covered", "Deficit Covered"),
                    ("liquidation", "Liquidation"),
                    ("deleveraging", "Deleveraging"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="liquidation",
            constraint=models.CheckConstraint(
                condition=models.Q(("deficit_units__gte", 0)), name="liquidation_deficit_not_negative"
            ),
        ),
    ]
