"""The ledger in the admin site: to look at, never to change."""

from django.contrib import admin

from compliance.admin_site import ReadOnly, ReadOnlyAdmin
from wallets.models import Entry, LedgerAccount, Posting


class PostingInline(ReadOnly, admin.TabularInline):
    model = Posting


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "asset", "owner", "balance_units")
    list_filter = ("kind", "asset")


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "idempotency_key", "created_at")
    search_fields = ("idempotency_key",)
    inlines = (PostingInline,)
