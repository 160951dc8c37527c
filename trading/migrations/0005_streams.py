"""Candles of every interval, made anew from the journal; the last sequence of each stream."""

from django.db import migrations, models
from django.db.models import F, Q, Value
from django.db.models.functions import Mod

SECOND_NS = 10**9
INTERVALS_S = [60, 300, 900, 3600, 14_400, 86_400]


class Migration(migrations.Migration):
    dependencies = [("trading", "0004_order_kit")]

    operations = [
        migrations.CreateModel(
            name="StreamPosition",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "projection", "owner_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("projection", models.CharField(max_length=40)),
                ("owner_id", models.BigIntegerField(help_text="Of an instrument or an account.")),
                ("sequence", models.BigIntegerField()),
            ],
        ),
        migrations.DeleteModel("Candle"),
        migrations.CreateModel(
            name="Candle",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "instrument_id",
                        "interval_s",
                        "start_ns",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("instrument_id", models.BigIntegerField()),
                ("interval_s", models.BigIntegerField()),
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
                        condition=Q(low_ticks__gt=0)
                        & Q(open_ticks__range=(F("low_ticks"), F("high_ticks")))
                        & Q(close_ticks__range=(F("low_ticks"), F("high_ticks"))),
                        name="candle_prices_in_order",
                    ),
                    models.CheckConstraint(condition=Q(volume_lots__gt=0, trade_count__gt=0), name="candle_has_trades"),
                    models.CheckConstraint(
                        condition=Q(start_ns=F("start_ns") - Mod("start_ns", F("interval_s") * Value(SECOND_NS))),
                        name="candle_starts_on_its_interval",
                    ),
                    models.CheckConstraint(condition=Q(interval_s__in=INTERVALS_S), name="candle_interval_known"),
                ],
            },
        ),
        migrations.RunSQL(
            "DELETE FROM trading_projectioncursor WHERE name = 'candles'", reverse_sql=migrations.RunSQL.noop
        ),
    ]
