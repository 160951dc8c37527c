"""Looking at users, accounts and keys; switching users off and staff on. Everything else goes through the services."""

from django.contrib import admin
from django.http import HttpRequest

from exchange.identity.models import Account, ApiKey, User


class LookOnly(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(LookOnly):
    list_display = ("email", "is_active", "is_staff", "created_at", "last_login")
    search_fields = ("email",)
    fields = list_display
    readonly_fields = ("email", "created_at", "last_login")

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)


@admin.register(Account)
class AccountAdmin(LookOnly):
    list_display = ("id", "owner", "name", "created_at")
    list_select_related = ("owner",)
    search_fields = ("=id", "name", "owner__email")


@admin.register(ApiKey)
class ApiKeyAdmin(LookOnly):
    list_display = ("public_id", "account", "label", "scopes", "expires_at", "revoked_at", "last_used_at")
    list_select_related = ("account",)
    search_fields = ("=public_id", "label", "account__owner__email")
    exclude = ("encrypted_secret",)
