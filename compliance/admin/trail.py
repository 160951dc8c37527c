"""The audit trail itself."""

from django.contrib import admin

from compliance.admin_site import ReadOnlyAdmin
from compliance.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = (
        "id", "started_at", "actor", "action", "target", "before", "after", "reason", "outcome", "code", "sequence",
    )  # fmt: skip
    list_filter = ("action", "outcome")
    list_select_related = ("actor",)
    search_fields = ("=target", "=request_id", "=command_id", "actor__email")
