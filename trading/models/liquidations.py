"""Liquidations: their steps, and the positions each step passed to the insurance fund or closed against others."""

from django.db import models
from django.db.models import Q

from trading.core.terms import LIQUIDATION_STEPS


class Liquidation(models.Model):
    """Of an isolated position, or with `instrument_id` 0 of all cross positions of the account. Amounts are those with
    which it started and, once it has ended (`ended_at_ns` 0: it runs), those with which it did."""

    liquidation_id = models.BigIntegerField(primary_key=True)
    account_id = models.BigIntegerField()
    instrument_id = models.BigIntegerField(help_text="0: all cross positions.")
    started_at_ns = models.BigIntegerField()
    started_sequence = models.BigIntegerField()
    equity_units = models.BigIntegerField()
    maintenance_units = models.BigIntegerField()
    ended_at_ns = models.BigIntegerField(default=0, help_text="0: it runs.")
    ended_equity_units = models.BigIntegerField(default=0)
    ended_maintenance_units = models.BigIntegerField(default=0)
    step_count = models.IntegerField(default=0)
    fee_units = models.BigIntegerField(default=0, help_text="Sum of what went to the insurance fund.")
    sequence = models.BigIntegerField()
    deficit_units = models.BigIntegerField(default=0, help_text="What the insurance fund paid beyond the equity.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(deficit_units__gte=0), name="liquidation_deficit_not_negative"),
            models.CheckConstraint(
                condition=Q(equity_units__lt=models.F("maintenance_units")), name="liquidation_was_due"
            ),
        ]
        indexes = [models.Index(fields=["account_id", "liquidation_id"], name="liquidation_by_account")]

    def __str__(self) -> str:
        return f"liquidation {self.liquidation_id}"


class LiquidationStep(models.Model):
    """One record of a liquidation, with the numbers it was decided on. `lots` are signed as the position; of a
    reduction `filled_lots` of them were traded in the book, else they passed to others; of a cancel `cancelled_orders`
    went. There is nothing in it of whose it was."""

    sequence = models.BigIntegerField(primary_key=True)
    liquidation_id = models.BigIntegerField()
    instrument_id = models.BigIntegerField(help_text="0: those of all cross positions (of a cancel).")
    step = models.SmallIntegerField()
    lots = models.BigIntegerField()
    equity_units = models.BigIntegerField()
    maintenance_units = models.BigIntegerField()
    mark_price_ticks = models.BigIntegerField()
    bankruptcy_price_ticks = models.BigIntegerField()
    limit_price_ticks = models.BigIntegerField()
    order_id = models.BigIntegerField(help_text="Of a reduction, else 0.")
    cancelled_orders = models.IntegerField()
    filled_lots = models.BigIntegerField()
    filled_tick_lots = models.BigIntegerField(help_text="Sum of price * lots.")
    realised_pnl_units = models.BigIntegerField(help_text="Of the account.")
    fee_units = models.BigIntegerField()
    time_ns = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(step__in=sorted(LIQUIDATION_STEPS.values())), name="liquidation_step_known"
            ),
            models.CheckConstraint(condition=Q(fee_units__gte=0), name="liquidation_fee_not_negative"),
        ]
        indexes = [
            models.Index(fields=["liquidation_id", "sequence"], name="liquidation_step_by_id"),
            models.Index(fields=["instrument_id", "sequence"], name="liquidation_step_by_market"),
        ]

    def __str__(self) -> str:
        return f"step {self.step} of liquidation {self.liquidation_id}"


class Assignment(models.Model):
    """Lots that passed from a liquidated position to the insurance fund (place 0), or were closed against the position
    at this place in the queue, at the bankruptcy price. `side` is that of the liquidated account in it."""

    pk = models.CompositePrimaryKey("sequence", "number")
    sequence = models.BigIntegerField()
    number = models.IntegerField(help_text="Counts from 1 in each record.")
    liquidation_id = models.BigIntegerField()
    instrument_id = models.BigIntegerField()
    account_id = models.BigIntegerField()
    counterparty_id = models.BigIntegerField()
    side = models.SmallIntegerField()
    price_ticks = models.BigIntegerField()
    quantity_lots = models.BigIntegerField()
    realised_pnl_units = models.BigIntegerField()
    counterparty_realised_pnl_units = models.BigIntegerField()
    place = models.IntegerField()
    rank_ppb = models.BigIntegerField()
    time_ns = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price_ticks__gt=0, quantity_lots__gt=0), name="assignment_positive"),
            models.CheckConstraint(condition=Q(side__in=(1, -1)), name="assignment_side_known"),
            models.CheckConstraint(condition=Q(place__gte=0), name="assignment_place_not_negative"),
        ]
        indexes = [
            models.Index(fields=["liquidation_id", "sequence", "number"], name="assignment_by_liquidation"),
            models.Index(fields=["counterparty_id", "liquidation_id"], name="assignment_by_counterparty"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity_lots} lots of liquidation {self.liquidation_id} at {self.price_ticks}"
