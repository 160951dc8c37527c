"""The readers' rows in the admin site: to look at, never to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from trading.models import EngineAccount, Fill, Instrument, Order, Posting, ProjectionCursor, Trade


class ReadOnly(admin.ModelAdmin):
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Instrument)
class InstrumentAdmin(ReadOnly):
    list_display = ("instrument_id", "symbol", "state", "mark_price_ticks", "parameters_version", "sequence")


@admin.register(EngineAccount)
class EngineAccountAdmin(ReadOnly):
    list_display = ("account_id", "user_id", "state", "maximum_open_orders", "sequence")
    search_fields = ("=account_id", "=user_id")


@admin.register(Order)
class OrderAdmin(ReadOnly):
    list_display = ("order_id", "account_id", "instrument_id", "side", "price_ticks", "quantity_lots", "status")
    search_fields = ("=order_id", "=account_id", "=client_order_id")


@admin.register(Trade)
class TradeAdmin(ReadOnly):
    list_display = ("trade_id", "instrument_id", "price_ticks", "quantity_lots", "taker_side", "sequence")
    search_fields = ("=trade_id",)


@admin.register(Fill)
class FillAdmin(ReadOnly):
    list_display = ("fill_id", "account_id", "order_id", "side", "price_ticks", "quantity_lots", "fee_units")
    search_fields = ("=account_id", "=order_id", "=trade_id")


@admin.register(Posting)
class PostingAdmin(ReadOnly):
    list_display = ("posting_id", "entry_id", "kind", "ledger_account", "asset", "amount_units", "balance_units")
    search_fields = ("=ledger_account", "=entry_id")


@admin.register(ProjectionCursor)
class ProjectionCursorAdmin(ReadOnly):
    list_display = ("name", "sequence")
