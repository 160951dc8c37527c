"""The ledger in the admin site: to look at, never to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from wallets.models import Entry, LedgerAccount, Posting


class LookOnly:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PostingInline(LookOnly, admin.TabularInline):
    model = Posting


@admin.register(LedgerAccount)
class LedgerAccountAdmin(LookOnly, admin.ModelAdmin):
    list_display = ("id", "kind", "asset", "owner", "balance_units")
    list_filter = ("kind", "asset")


@admin.register(Entry)
class EntryAdmin(LookOnly, admin.ModelAdmin):
    list_display = ("id", "kind", "idempotency_key", "created_at")
    search_fields = ("idempotency_key",)
    inlines = (PostingInline,)
