"""Orders know what they hide, what brought them and what they are grouped with."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0005_streams"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="display_lots",
            field=models.BigIntegerField(default=0, help_text="What an iceberg shows at a time; 0: all."),
        ),
        migrations.AddField(
            model_name="order",
            name="group_id",
            field=models.BigIntegerField(default=0, help_text="The id of the group's first order; 0: none."),
        ),
        migrations.AddField(
            model_name="order",
            name="hidden_lots",
            field=models.BigIntegerField(default=0, help_text="The open ones the book does not show."),
        ),
        migrations.AddField(
            model_name="order",
            name="is_quote",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="order",
            name="parent_order_id",
            field=models.BigIntegerField(default=0, help_text="The order that brought this one; 0: none."),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("parent_order_id__gt", 0)), fields=["parent_order_id"], name="order_by_parent"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("is_quote", True)),
                fields=["account_id", "instrument_id", "side", "price_ticks", "order_id"],
                name="order_quotes_by_price",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("hidden_lots__gte", 0), ("hidden_lots__lte", models.F("open_lots"))),
                name="order_hidden_lots_are_open",
            ),
        ),
    ]
