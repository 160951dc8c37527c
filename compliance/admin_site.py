"""The operators' admin site: it shows rows, and changes nothing but by commands with an entry in the audit trail.

What is not a `ReadOnlyAdmin` is not shown: libraries bring pages that write past the audit trail.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Final

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver

from compliance.rights import INSPECT

PAGED_ROWS: Final = 10_000  # counting millions would take longer than anybody leafs
SECRET_FIELDS: Final = frozenset({"password", "encrypted_secret"})


class OperatorsSite(admin.AdminSite):
    site_header = site_title = "Exchange: operators"
    index_title = "What there is"
    empty_value_display = "–"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and request.user.has_perm(INSPECT)

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[admin.ModelAdmin] | None = None,
        **options: Any,
    ) -> None:
        if admin_class is not None and issubclass(admin_class, ReadOnlyAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Without the page to change a password, which is not one for operators."""
        return [url for url in super().get_urls() if not str(getattr(url, "name", "")).startswith("password_change")]


class ShortPaginator(Paginator):
    """Leafs through the first PAGED_ROWS; search finds the rest."""

    @cached_property
    def count(self) -> int:
        return self.object_list[:PAGED_ROWS].count()


class ReadOnly:
    """For whoever may inspect, and for nobody to change."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(INSPECT)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(INSPECT)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin):
    """Newest first. `without` names columns too large for a list."""

    paginator = ShortPaginator
    show_full_result_count = False
    list_per_page = 50
    actions = None
    ordering: Any = ("-pk",)
    without: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.without)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Not by secrets, however far away: who may filter by one can guess it letter by letter."""
        return SECRET_FIELDS.isdisjoint(lookup.split(LOOKUP_SEP)) and super().lookup_allowed(lookup, value, request)

    def get_urls(self) -> list[URLPattern]:
        """Without Django's own history: what happened to a row is in the audit trail."""
        return [url for url in super().get_urls() if not str(url.name).endswith("_history")]
