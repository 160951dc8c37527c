"""Funding, margin modes, liquidations: rows of the readers, and what those that are there already lack."""

from django.db import migrations, models

import trading.models.instruments


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0010_account_transfers_reached"),
    ]

    operations = [
        migrations.CreateModel(
            name="Assignment",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "sequence", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("sequence", models.BigIntegerField()),
                ("number", models.IntegerField(help_text="Counts from 1 in each record.")),
                ("liquidation_id", models.BigIntegerField()),
                ("instrument_id", models.BigIntegerField()),
                ("account_id", models.BigIntegerField()),
                ("counterparty_id", models.BigIntegerField()),
                ("side", models.SmallIntegerField()),
                ("price_ticks", models.BigIntegerField()),
                ("quantity_lots", models.BigIntegerField()),
                ("realised_pnl_units", models.BigIntegerField()),
                ("counterparty_realised_pnl_units", models.BigIntegerField()),
                ("place", models.IntegerField()),
                ("rank_ppb", models.BigIntegerField()),
                ("time_ns", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="ExchangeState",
            fields=[
                ("domain", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("state", models.SmallIntegerField()),
                ("sequence", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="FundingIndex",
            fields=[
                ("instrument_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("value_units", models.BigIntegerField(help_text="Value of one lot at one tick.")),
                ("funding_index", models.DecimalField(decimal_places=0, max_digits=80)),
            ],
        ),
        migrations.CreateModel(
            name="FundingRate",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "instrument_id", "period_ns", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("instrument_id", models.BigIntegerField()),
                ("period_ns", models.BigIntegerField(help_text="When the period ended.")),
                ("rate_ppb", models.BigIntegerField()),
                ("index_price_ticks", models.BigIntegerField()),
                ("time_ns", models.BigIntegerField()),
                ("sequence", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Liquidation",
            fields=[
                ("liquidation_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("account_id", models.BigIntegerField()),
                ("instrument_id", models.BigIntegerField(help_text="0: all cross positions.")),
                ("started_at_ns", models.BigIntegerField()),
                ("started_sequence", models.BigIntegerField()),
                ("equity_units", models.BigIntegerField()),
                ("maintenance_units", models.BigIntegerField()),
                ("ended_at_ns", models.BigIntegerField(default=0, help_text="0: it runs.")),
                ("ended_equity_units", models.BigIntegerField(default=0)),
                ("ended_maintenance_units", models.BigIntegerField(default=0)),
                ("step_count", models.IntegerField(default=0)),
                ("fee_units", models.BigIntegerField(default=0, help_text="Sum of what went to the insurance fund.")),
                ("sequence", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="LiquidationStep",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("liquidation_id", models.BigIntegerField()),
                ("instrument_id", models.BigIntegerField(help_text="0: those of all cross positions (of a cancel).")),
                ("step", models.SmallIntegerField()),
                ("lots", models.BigIntegerField()),
                ("equity_units", models.BigIntegerField()),
                ("maintenance_units", models.BigIntegerField()),
                ("mark_price_ticks", models.BigIntegerField()),
                ("bankruptcy_price_ticks", models.BigIntegerField()),
                ("limit_price_ticks", models.BigIntegerField()),
                ("order_id", models.BigIntegerField(help_text="Of a reduction, else 0.")),
                ("cancelled_orders", models.IntegerField()),
                ("filled_lots", models.BigIntegerField()),
                ("filled_tick_lots", models.BigIntegerField(help_text="Sum of price * lots.")),
                ("realised_pnl_units", models.BigIntegerField(help_text="Of the account.")),
                ("fee_units", models.BigIntegerField()),
                ("time_ns", models.BigIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name="instrument",
            name="funded_period_ns",
            field=models.BigIntegerField(default=0, help_text="When that period ended; 0: none yet."),
        ),
        migrations.AddField(
            model_name="instrument",
            name="funding_rate_ppb",
            field=models.BigIntegerField(default=0, help_text="Of the last period."),
        ),
        migrations.AddField(
            model_name="instrument",
            name="index_price_ticks",
            field=models.BigIntegerField(default=0, help_text="0: none yet."),
        ),
        migrations.AddField(
            model_name="instrument",
            name="resume_at_ns",
            field=models.BigIntegerField(default=0, help_text="When it gets a milder state by itself; 0: never."),
        ),
        migrations.AddField(
            model_name="parametersversion",
            name="risk",
            field=models.JSONField(
                default=trading.models.instruments.default_risk,
                help_text="How it is marked, funded, halted and liquidated.",
            ),
        ),
        migrations.AddField(
            model_name="position",
            name="funding_index",
            field=models.DecimalField(decimal_places=0, default=0, max_digits=80),
        ),
        migrations.AddField(
            model_name="position",
            name="funding_units",
            field=models.BigIntegerField(default=0, help_text="Paid over its life; below zero: received."),
        ),
        migrations.AddField(
            model_name="position",
            name="is_isolated",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="position",
            name="isolated_units",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="ticker",
            name="funded_period_ns",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="ticker",
            name="funding_rate_ppb",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="ticker",
            name="index_price_ticks",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="instrument",
            name="state",
            field=models.SmallIntegerField(help_text="Its own; the exchange's holds too, whichever is stricter."),
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
                    ("liquidation", "Liquidation"),
                    ("deleveraging", "Deleveraging"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_isolated", True), ("isolated_units", 0), _connector="OR"),
                name="position_cross_has_no_margin_of_its_own",
            ),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(fields=["liquidation_id", "sequence", "number"], name="assignment_by_liquidation"),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(fields=["counterparty_id", "liquidation_id"], name="assignment_by_counterparty"),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("price_ticks__gt", 0), ("quantity_lots__gt", 0)), name="assignment_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(condition=models.Q(("side__in", (1, -1))), name="assignment_side_known"),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("place__gte", 0)), name="assignment_place_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangestate",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__range", (1, 4))), name="exchange_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="fundingrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("index_price_ticks__gt", 0)), name="funding_has_an_index"
            ),
        ),
        migrations.AddIndex(
            model_name="liquidation",
            index=models.Index(fields=["account_id", "liquidation_id"], name="liquidation_by_account"),
        ),
        migrations.AddConstraint(
            model_name="liquidation",
            constraint=models.CheckConstraint(
                condition=models.Q(("equity_units__lt", models.F("maintenance_units"))), name="liquidation_was_due"
            ),
        ),
        migrations.AddIndex(
            model_name="liquidationstep",
            index=models.Index(fields=["liquidation_id", "sequence"], name="liquidation_step_by_id"),
        ),
        migrations.AddIndex(
            model_name="liquidationstep",
            index=models.Index(fields=["instrument_id", "sequence"], name="liquidation_step_by_market"),
        ),
        migrations.AddConstraint(
            model_name="liquidationstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("step__in", [1, 2, 3, 4])), name="liquidation_step_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="liquidationstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("fee_units__gte", 0)), name="liquidation_fee_not_negative"
            ),
        ),
        migrations.RunSQL(
            "INSERT INTO trading_fundingindex (instrument_id, value_units, funding_index)"
            " SELECT instrument_id, value_units, 0 FROM trading_instrument",
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
