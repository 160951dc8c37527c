"""Users, their accounts and their keys."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from compliance.admin.steering import Command, CommandForm, SteeredAdmin
from compliance.admin_site import ReadOnlyAdmin
from compliance.rights import APPOINT, RESTRICT, REVOKE, ROLES
from compliance.services import people, roles
from compliance.services.audit import Mandate
from exchange.identity.models import Account, ApiKey, User


class RoleForm(CommandForm):
    role = forms.ChoiceField(choices=[(role, role) for role in (roles.NO_ROLE, *ROLES)])

    def initial_of(self, row: User) -> dict[str, Any]:
        return {"role": roles.role_of(row)}


def switch_off(mandate: Mandate, user: User, fields: dict[str, Any]) -> str:
    people.switch_user(mandate=mandate, user=user, is_active=False)
    return f"{user.email} is switched off."


def switch_on(mandate: Mandate, user: User, fields: dict[str, Any]) -> str:
    people.switch_user(mandate=mandate, user=user, is_active=True)
    return f"{user.email} is switched on."


def appoint(mandate: Mandate, user: User, fields: dict[str, Any]) -> str:
    roles.appoint(mandate=mandate, user=user, role=fields["role"])
    return f"The role of {user.email} is now: {fields['role']}."


def revoke(mandate: Mandate, key: ApiKey, fields: dict[str, Any]) -> str:
    people.revoke_key(mandate=mandate, key=key)
    return f"Key {key.public_id} is revoked: within 2 s nobody can use it any more."


@admin.register(User)
class UserAdmin(SteeredAdmin):
    list_display = ("id", "email", "is_active", "is_staff", "roles", "created_at", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("=id", "email")
    fields = ("email", "is_active", "is_staff", "is_superuser", "roles", "created_at", "last_login")
    commands = (
        Command("switch-off", "Switch off", RESTRICT, switch_off),
        Command("switch-on", "Switch on", RESTRICT, switch_on),
        Command("role", "Change role", APPOINT, appoint, RoleForm),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def target_of(self, row: User) -> str:
        return f"user {row.id}"

    @admin.display(description="role")
    def roles(self, row: User) -> str:
        return ", ".join(group.name for group in row.groups.all())


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ("id", "owner", "name", "created_at")
    list_select_related = ("owner",)
    search_fields = ("=id", "name", "owner__email")


@admin.register(ApiKey)
class ApiKeyAdmin(SteeredAdmin):
    list_display = ("public_id", "account", "label", "scopes", "expires_at", "revoked_at", "last_used_at")
    list_select_related = ("account",)
    search_fields = ("=public_id", "label", "account__owner__email")
    exclude = ("encrypted_secret",)
    without = ("encrypted_secret",)
    commands = (Command("revoke", "Revoke", REVOKE, revoke, warning="A revoked key never works again."),)

    def target_of(self, row: ApiKey) -> str:
        return f"key {row.public_id}"
