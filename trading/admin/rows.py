"""The readers' rows and the requests to the engine: to look at."""

from django.contrib import admin

from compliance.admin_site import ReadOnlyAdmin
from trading.models import AccountTransfer, Fill, InstrumentRequest, Order, Posting, ProjectionCursor, Trade, Transfer


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ("order_id", "account_id", "instrument_id", "side", "price_ticks", "quantity_lots", "status")
    search_fields = ("=order_id", "=account_id", "=client_order_id")


@admin.register(Trade)
class TradeAdmin(ReadOnlyAdmin):
    list_display = ("trade_id", "instrument_id", "price_ticks", "quantity_lots", "taker_side", "sequence")
    search_fields = ("=trade_id",)


@admin.register(Fill)
class FillAdmin(ReadOnlyAdmin):
    list_display = ("fill_id", "account_id", "order_id", "side", "price_ticks", "quantity_lots", "fee_units")
    search_fields = ("=account_id", "=order_id", "=trade_id")


@admin.register(Posting)
class PostingAdmin(ReadOnlyAdmin):
    list_display = ("posting_id", "entry_id", "kind", "ledger_account", "asset", "amount_units", "balance_units")
    search_fields = ("=ledger_account", "=entry_id")


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    list_display = ("id", "account", "asset", "amount_units", "state", "code", "sequence", "attempts", "created_at")
    list_select_related = ("account",)
    list_filter = ("state",)
    search_fields = ("=account__id", "=idempotency_key")


@admin.register(AccountTransfer)
class AccountTransferAdmin(ReadOnlyAdmin):
    list_display = ("id", "source", "target", "asset", "amount_units", "state", "code", "reached", "created_at")
    list_select_related = ("source", "target", "reached")
    list_filter = ("state",)
    search_fields = ("=source__id", "=target__id", "=idempotency_key")


@admin.register(InstrumentRequest)
class InstrumentRequestAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "symbol", "version", "state", "code", "sequence", "attempts", "requested_by")
    list_select_related = ("requested_by",)
    list_filter = ("state", "kind")


@admin.register(ProjectionCursor)
class ProjectionCursorAdmin(ReadOnlyAdmin):
    list_display = ("name", "sequence")
    ordering = ("name",)
