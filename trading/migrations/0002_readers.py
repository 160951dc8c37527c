"""The rows of the journal's readers, and the trigger that holds double entry."""

import django.db.models.expressions
import django.db.models.functions.math
from django.db import migrations, models

# Entries come whole, in one statement: the check looks at each statement's new rows.
BALANCED_ENTRIES = """
CREATE FUNCTION trading_entries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added GROUP BY entry_id, asset HAVING sum(amount_units) <> 0) THEN
        RAISE EXCEPTION 'an entry does not sum to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER trading_entries_balance AFTER INSERT ON trading_posting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION trading_entries_balance();
"""
DROP_BALANCED_ENTRIES = """
DROP TRIGGER trading_entries_balance ON trading_posting;
DROP FUNCTION trading_entries_balance();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0001_journal"),
    ]

    operations = [
        migrations.CreateModel(
            name="Balance",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "ledger_account", "asset", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("ledger_account", models.CharField(max_length=40)),
                ("asset", models.CharField(max_length=16)),
                ("balance_units", models.BigIntegerField()),
                ("sequence", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="ParametersVersion",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "instrument_id", "version", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("instrument_id", models.BigIntegerField()),
                ("version", models.IntegerField()),
                ("maker_fee_ppb", models.BigIntegerField()),
                ("taker_fee_ppb", models.BigIntegerField()),
                ("price_band_ppb", models.BigIntegerField()),
                ("protection_ppb", models.BigIntegerField()),
                ("minimum_notional_units", models.BigIntegerField()),
                ("maximum_price_ticks", models.BigIntegerField()),
                ("maximum_order_lots", models.BigIntegerField()),
                ("position_limit_units", models.BigIntegerField()),
                ("maximum_open_orders", models.IntegerField()),
                ("default_leverage", models.IntegerField()),
                (
                    "brackets",
                    models.JSONField(help_text="Rows of floor, initial rate and cum, maintenance rate and cum."),
                ),
                ("effective_at_ns", models.BigIntegerField()),
                ("active_sequence", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="AccountLeverage",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "instrument_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("instrument_id", models.BigIntegerField()),
                ("leverage", models.IntegerField()),
                ("sequence", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("leverage__gte", 1)), name="leverage_positive")
                ],
            },
        ),
        migrations.CreateModel(
            name="Candle",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "instrument_id", "start_ns", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("instrument_id", models.BigIntegerField()),
                ("start_ns", models.BigIntegerField()),
                ("open_ticks", models.BigIntegerField()),
                ("high_ticks", models.BigIntegerField()),
                ("low_ticks", models.BigIntegerField()),
                ("close_ticks", models.BigIntegerField()),
                ("volume_lots", models.BigIntegerField()),
                ("turnover_tick_lots", models.BigIntegerField()),
                ("trade_count", models.IntegerField()),
                ("sequence", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("low_ticks__gt", 0),
                            ("open_ticks__range", (models.F("low_ticks"), models.F("high_ticks"))),
                            ("close_ticks__range", (models.F("low_ticks"), models.F("high_ticks"))),
                        ),
                        name="candle_prices_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("trade_count__gt", 0), ("volume_lots__gt", 0)), name="candle_has_trades"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "start_ns",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("start_ns"),
                                    "-",
                                    django.db.models.functions.math.Mod("start_ns", models.Value(60000000000)),
                                ),
                            )
                        ),
                        name="candle_starts_on_a_minute",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DepthLevel",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "instrument_id",
                        "side",
                        "price_ticks",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("instrument_id", models.BigIntegerField()),
                ("side", models.SmallIntegerField()),
                ("price_ticks", models.BigIntegerField()),
                ("quantity_lots", models.BigIntegerField()),
                ("sequence", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("price_ticks__gt", 0), ("quantity_lots__gt", 0)), name="depth_positive"
                    ),
                    models.CheckConstraint(condition=models.Q(("side__in", (1, -1))), name="depth_side_known"),
                ],
            },
        ),
        migrations.CreateModel(
            name="EngineAccount",
            fields=[
                ("account_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("user_id", models.BigIntegerField()),
                ("state", models.SmallIntegerField()),
                (
                    "maximum_open_orders",
                    models.IntegerField(default=0, help_text="Per instrument; 0: the instrument's own limit."),
                ),
                ("opened_at_ns", models.BigIntegerField()),
                ("sequence", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("state__range", (1, 4))), name="account_state_known"),
                    models.CheckConstraint(
                        condition=models.Q(("maximum_open_orders__gte", 0)), name="account_limit_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Fill",
            fields=[
                ("fill_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("trade_id", models.BigIntegerField()),
                ("order_id", models.BigIntegerField()),
                ("account_id", models.BigIntegerField()),
                ("instrument_id", models.BigIntegerField()),
                ("side", models.SmallIntegerField()),
                ("is_taker", models.BooleanField()),
                ("price_ticks", models.BigIntegerField()),
                ("quantity_lots", models.BigIntegerField()),
                ("fee_units", models.BigIntegerField(help_text="Above zero: paid.")),
                ("realised_pnl_units", models.BigIntegerField()),
                ("time_ns", models.BigIntegerField()),
                ("sequence", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["account_id", "fill_id"], name="fill_by_account"),
                    models.Index(fields=["order_id", "fill_id"], name="fill_by_order"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("price_ticks__gt", 0), ("quantity_lots__gt", 0)), name="fill_positive"
                    ),
                    models.CheckConstraint(condition=models.Q(("side__in", (1, -1))), name="fill_side_known"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Instrument",
            fields=[
                ("instrument_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("symbol", models.CharField(max_length=40, unique=True)),
                ("kind", models.CharField(max_length=16)),
                ("underlying", models.CharField(max_length=16)),
                ("settlement_asset", models.CharField(max_length=16)),
                ("tick", models.CharField(help_text="Canonical decimal text, as lot and multiplier.", max_length=40)),
                ("lot", models.CharField(max_length=40)),
                ("multiplier", models.CharField(max_length=40)),
                ("value_units", models.BigIntegerField(help_text="Value of one lot at one tick, in ledger units.")),
                ("parameters_version", models.IntegerField(help_text="The version in force.")),
                ("state", models.SmallIntegerField()),
                ("mark_price_ticks", models.BigIntegerField(default=0, help_text="0: none yet.")),
                ("marked_at_ns", models.BigIntegerField(default=0)),
                ("listed_at_ns", models.BigIntegerField()),
                ("sequence", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("value_units__gte", 1)), name="instrument_value_positive"
                    ),
                    models.CheckConstraint(condition=models.Q(("state__range", (1, 4))), name="instrument_state_known"),
                    models.CheckConstraint(
                        condition=models.Q(("mark_price_ticks__gte", 0)), name="instrument_mark_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("order_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("account_id", models.BigIntegerField()),
                ("instrument_id", models.BigIntegerField()),
                ("client_order_id", models.CharField(blank=True, max_length=36)),
                ("side", models.SmallIntegerField()),
                ("order_type", models.SmallIntegerField()),
                ("time_in_force", models.SmallIntegerField()),
                ("self_trade_prevention", models.SmallIntegerField()),
                ("post_only", models.BooleanField()),
                ("reduce_only", models.BooleanField()),
                ("trigger_by", models.SmallIntegerField()),
                ("trigger_price_ticks", models.BigIntegerField()),
                ("created_at_ns", models.BigIntegerField()),
                ("created_sequence", models.BigIntegerField()),
                ("quantity_lots", models.BigIntegerField()),
                ("price_ticks", models.BigIntegerField()),
                ("open_lots", models.BigIntegerField()),
                ("filled_lots", models.BigIntegerField()),
                ("cancelled_lots", models.BigIntegerField()),
                ("filled_tick_lots", models.BigIntegerField()),
                ("status", models.SmallIntegerField()),
                ("cancel_reason", models.SmallIntegerField(help_text="0: none.")),
                ("reject_code", models.CharField(blank=True, max_length=40)),
                ("updated_at_ns", models.BigIntegerField()),
                ("sequence", models.BigIntegerField(help_text="The record that last changed it.")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["account_id", "order_id"], name="order_by_account"),
                    models.Index(
                        condition=models.Q(("status__lte", 3)),
                        fields=["account_id", "order_id"],
                        name="order_open_by_account",
                    ),
                    models.Index(
                        condition=models.Q(("client_order_id", ""), _negated=True),
                        fields=["account_id", "client_order_id", "order_id"],
                        name="order_by_client_id",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "quantity_lots",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("filled_lots"), "+", models.F("open_lots")
                                    ),
                                    "+",
                                    models.F("cancelled_lots"),
                                ),
                            )
                        ),
                        name="order_lots_add_up",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cancelled_lots__gte", 0),
                            ("filled_lots__gte", 0),
                            ("open_lots__gte", 0),
                            ("quantity_lots__gt", 0),
                        ),
                        name="order_lots_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("open_lots__gt", 0), ("status__lte", 3)),
                            models.Q(("open_lots", 0), ("status__gt", 3)),
                            _connector="OR",
                        ),
                        name="order_open_or_closed",
                    ),
                    models.CheckConstraint(condition=models.Q(("side__in", (1, -1))), name="order_side_known"),
                    models.CheckConstraint(condition=models.Q(("status__range", (1, 6))), name="order_status_known"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Position",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "instrument_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("instrument_id", models.BigIntegerField()),
                ("lots", models.BigIntegerField()),
                ("entry_value_units", models.BigIntegerField()),
                ("realised_pnl_units", models.BigIntegerField(help_text="Sum over its life, before fees.")),
                ("fee_units", models.BigIntegerField(help_text="Sum over its life.")),
                ("updated_at_ns", models.BigIntegerField()),
                ("sequence", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("lots", 0), _negated=True),
                        fields=["instrument_id"],
                        name="position_by_instrument",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("entry_value_units", 0), ("lots", 0)),
                            models.Q(("entry_value_units__gte", 0), ("lots__gt", 0)),
                            models.Q(("entry_value_units__lte", 0), ("lots__lt", 0)),
                            _connector="OR",
                        ),
                        name="position_cost_has_its_sign",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("posting_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("trade_fee", "Trade Fee"),
                            ("realised_pnl", "Realised Pnl"),
                            ("transfer", "Transfer"),
                        ],
                        max_length=16,
                    ),
                ),
                ("ledger_account", models.CharField(max_length=40)),
                ("asset", models.CharField(max_length=16)),
                ("amount_units", models.BigIntegerField()),
                ("balance_units", models.BigIntegerField()),
                ("reference_id", models.BigIntegerField()),
                ("time_ns", models.BigIntegerField()),
                ("sequence", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["ledger_account", "posting_id"], name="posting_by_ledger_account")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_units", 0), _negated=True), name="posting_moves_money"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProjectionCursor",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                (
                    "sequence",
                    models.BigIntegerField(default=0, help_text="The last record whose effect is in the rows."),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("sequence__gte", 0)), name="cursor_sequence_not_negative"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Ticker",
            fields=[
                ("instrument_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("last_price_ticks", models.BigIntegerField(default=0)),
                ("last_quantity_lots", models.BigIntegerField(default=0)),
                ("last_trade_at_ns", models.BigIntegerField(default=0)),
                ("mark_price_ticks", models.BigIntegerField(default=0)),
                ("open_interest_lots", models.BigIntegerField(default=0)),
                ("sequence", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("open_interest_lots__gte", 0)), name="ticker_interest_not_negative"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Trade",
            fields=[
                ("trade_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("instrument_id", models.BigIntegerField()),
                ("price_ticks", models.BigIntegerField()),
                ("quantity_lots", models.BigIntegerField()),
                ("taker_side", models.SmallIntegerField()),
                ("time_ns", models.BigIntegerField()),
                ("sequence", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["instrument_id", "trade_id"], name="trade_by_instrument")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("price_ticks__gt", 0), ("quantity_lots__gt", 0)), name="trade_positive"
                    ),
                    models.CheckConstraint(condition=models.Q(("taker_side__in", (1, -1))), name="trade_side_known"),
                ],
            },
        ),
        migrations.RunSQL(BALANCED_ENTRIES, DROP_BALANCED_ENTRIES),
    ]
