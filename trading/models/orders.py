"""Orders, open and closed."""

from django.db import models
from django.db.models import F, Q

from trading.core.terms import ORDER_PARTIALLY_FILLED


class Order(models.Model):
    """Codes are those of `trading.core.terms`. `filled_tick_lots` is the sum of price * lots over the fills: times the
    instrument's value_units it is what was paid, over filled_lots the average price in ticks."""

    order_id = models.BigIntegerField(primary_key=True)
    account_id = models.BigIntegerField()
    instrument_id = models.BigIntegerField()
    client_order_id = models.CharField(max_length=36, blank=True)
    side = models.SmallIntegerField()
    order_type = models.SmallIntegerField()
    time_in_force = models.SmallIntegerField()
    self_trade_prevention = models.SmallIntegerField()
    post_only = models.BooleanField()
    reduce_only = models.BooleanField()
    trigger_by = models.SmallIntegerField()
    trigger_price_ticks = models.BigIntegerField()
    created_at_ns = models.BigIntegerField()
    created_sequence = models.BigIntegerField()
    quantity_lots = models.BigIntegerField()
    price_ticks = models.BigIntegerField()
    open_lots = models.BigIntegerField()
    filled_lots = models.BigIntegerField()
    cancelled_lots = models.BigIntegerField()
    filled_tick_lots = models.BigIntegerField()
    status = models.SmallIntegerField()
    cancel_reason = models.SmallIntegerField(help_text="0: none.")
    reject_code = models.CharField(max_length=40, blank=True)
    updated_at_ns = models.BigIntegerField()
    sequence = models.BigIntegerField(help_text="The record that last changed it.")
    expires_at_ns = models.BigIntegerField(default=0, help_text="0: never.")
    trailing_distance_ticks = models.BigIntegerField(default=0)
    trailing_rate_ppb = models.BigIntegerField(default=0)
    activation_price_ticks = models.BigIntegerField(default=0, help_text="0: active at once.")
    display_lots = models.BigIntegerField(default=0, help_text="What an iceberg shows at a time; 0: all.")
    hidden_lots = models.BigIntegerField(default=0, help_text="The open ones the book does not show.")
    parent_order_id = models.BigIntegerField(default=0, help_text="The order that brought this one; 0: none.")
    group_id = models.BigIntegerField(default=0, help_text="The id of the group's first order; 0: none.")
    is_quote = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity_lots=F("filled_lots") + F("open_lots") + F("cancelled_lots")),
                name="order_lots_add_up",
            ),
            models.CheckConstraint(
                condition=Q(quantity_lots__gt=0, open_lots__gte=0, filled_lots__gte=0, cancelled_lots__gte=0),
                name="order_lots_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(hidden_lots__gte=0, hidden_lots__lte=F("open_lots")), name="order_hidden_lots_are_open"
            ),
            models.CheckConstraint(
                condition=Q(status__lte=ORDER_PARTIALLY_FILLED, open_lots__gt=0)
                | Q(status__gt=ORDER_PARTIALLY_FILLED, open_lots=0),
                name="order_open_or_closed",
            ),
            models.CheckConstraint(condition=Q(side__in=(1, -1)), name="order_side_known"),
            models.CheckConstraint(condition=Q(status__range=(1, 6)), name="order_status_known"),
        ]
        indexes = [
            models.Index(fields=["account_id", "order_id"], name="order_by_account"),
            models.Index(
                fields=["account_id", "order_id"],
                name="order_open_by_account",
                condition=Q(status__lte=ORDER_PARTIALLY_FILLED),
            ),
            models.Index(
                fields=["account_id", "client_order_id", "order_id"],
                name="order_by_client_id",
                condition=~Q(client_order_id=""),
            ),
            models.Index(fields=["parent_order_id"], name="order_by_parent", condition=Q(parent_order_id__gt=0)),
            models.Index(
                fields=["account_id", "instrument_id", "side", "price_ticks", "order_id"],
                name="order_quotes_by_price",
                condition=Q(is_quote=True),
            ),
        ]

    def __str__(self) -> str:
        return f"order {self.order_id}"
