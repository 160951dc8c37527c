"""Which scope an operation needs: a view says it, or nobody may use the view."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from exchange.contract.errors import ApiError
from exchange.identity.principals import Principal
from exchange.identity.scopes import PUBLIC

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which itself imports this module, named in the settings


class HasScope(BasePermission):
    """Reads `view.required_scope`, or `view.required_scopes` by method: {"GET": "read", "POST": "trade"}.

    Refuses with unauthenticated who is nobody, and with forbidden_scope who lacks the scope or where none is declared.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        method = request.method or ""
        if method not in view.allowed_methods:
            return True  # the view answers 405 and runs nothing
        scope = scope_of(view, method)
        if scope == PUBLIC:
            return True
        principal = request.auth
        if not isinstance(principal, Principal):
            raise ApiError("unauthenticated")
        if scope is None or scope not in principal.scopes:
            raise ApiError("forbidden_scope", details={"required_scope": scope})
        return True


def scope_of(view: "APIView", method: str) -> str | None:
    """The scope `view` declares for `method` (HEAD as GET), None if it declares none."""
    by_method: dict[str, str] = getattr(view, "required_scopes", {})
    return by_method.get("GET" if method == "HEAD" else method) or getattr(view, "required_scope", None)
