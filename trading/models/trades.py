"""Trades as the public sees them, and their two sides as the accounts see them."""

from django.db import models


class Trade(models.Model):
    trade_id = models.BigIntegerField(primary_key=True)
    instrument_id = models.BigIntegerField()
    price_ticks = models.BigIntegerField()
    quantity_lots = models.BigIntegerField()
    taker_side = models.SmallIntegerField()
    time_ns = models.BigIntegerField()
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(price_ticks__gt=0, quantity_lots__gt=0), name="trade_positive"),
            models.CheckConstraint(condition=models.Q(taker_side__in=(1, -1)), name="trade_side_known"),
        ]
        indexes = [models.Index(fields=["instrument_id", "trade_id"], name="trade_by_instrument")]

    def __str__(self) -> str:
        return f"trade {self.trade_id}"


class Fill(models.Model):
    """One side of a trade. The id is 2 * trade id, plus 1 for the taker: in the order of the trades, each once."""

    fill_id = models.BigIntegerField(primary_key=True)
    trade_id = models.BigIntegerField()
    order_id = models.BigIntegerField()
    account_id = models.BigIntegerField()
    instrument_id = models.BigIntegerField()
    side = models.SmallIntegerField()
    is_taker = models.BooleanField()
    price_ticks = models.BigIntegerField()
    quantity_lots = models.BigIntegerField()
    fee_units = models.BigIntegerField(help_text="Above zero: paid.")
    realised_pnl_units = models.BigIntegerField()
    time_ns = models.BigIntegerField()
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(price_ticks__gt=0, quantity_lots__gt=0), name="fill_positive"),
            models.CheckConstraint(condition=models.Q(side__in=(1, -1)), name="fill_side_known"),
        ]
        indexes = [
            models.Index(fields=["account_id", "fill_id"], name="fill_by_account"),
            models.Index(fields=["order_id", "fill_id"], name="fill_by_order"),
        ]

    def __str__(self) -> str:
        return f"{'taker' if self.is_taker else 'maker'} of trade {self.trade_id}"
