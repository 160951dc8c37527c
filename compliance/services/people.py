"""What compliance does to people and their keys. Owners revoke their own keys through `exchange.identity.services`."""

from compliance.services import audit
from compliance.services.audit import Intent, Mandate
from exchange.contract.errors import ApiError
from exchange.identity import services as identity
from exchange.identity.models import ApiKey, User


def switch_user(*, mandate: Mandate, user: User, is_active: bool) -> None:
    """Off: the user neither signs in nor uses keys. Only a superuser may switch staff, and nobody themselves, else
    forbidden_scope."""
    intent = Intent("user.active", f"user {user.id}", {"is_active": user.is_active}, {"is_active": is_active})

    def change() -> None:
        if user.id == mandate.actor.id or (user.is_staff and not mandate.actor.is_superuser):
            raise ApiError("forbidden_scope", "Ask a superuser to switch off or on who is staff.")
        User.objects.filter(id=user.id).update(is_active=is_active)

    audit.carry_out(mandate=mandate, intent=intent, change=change)


def revoke_key(*, mandate: Mandate, key: ApiKey) -> None:
    """Ends the key within 2 s everywhere. Harmless when repeated."""
    before = {"revoked_at": key.revoked_at and key.revoked_at.isoformat()}
    intent = Intent("key.revoke", f"key {key.public_id}", before, {"revoked": True})
    audit.carry_out(
        mandate=mandate,
        intent=intent,
        change=lambda: identity.revoke_api_key(owner=key.account.owner, public_id=key.public_id),
    )
