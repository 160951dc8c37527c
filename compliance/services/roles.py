"""Roles of staff: groups with the rights of `compliance.rights.ROLES`, one a person."""

from typing import Any

from django.contrib.auth.models import Group, Permission

from compliance.rights import ROLES, codename
from compliance.services import audit
from compliance.services.audit import Intent, Mandate
from exchange.contract.errors import ApiError
from exchange.identity.models import User

NO_ROLE = "none"


def make_roles(**kwargs: Any) -> None:
    """Brings the groups in line with ROLES; harmless when repeated."""
    for role, rights in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        names = [codename(right) for right in rights]
        group.permissions.set(Permission.objects.filter(content_type__app_label="compliance", codename__in=names))


def role_of(user: User) -> str:
    """The user's role, or NO_ROLE."""
    return user.groups.filter(name__in=ROLES).values_list("name", flat=True).first() or NO_ROLE


def appoint(*, mandate: Mandate, user: User, role: str) -> None:
    """Gives the user this role and no other; NO_ROLE takes it and the way into the admin site away.

    Refuses with invalid_parameter unknown roles and superusers, who have every right without a role.
    """
    if role != NO_ROLE and role not in ROLES:
        raise ApiError("invalid_parameter", f"role must be {NO_ROLE}, {', '.join(ROLES)}.", {"field": "role"})
    intent = Intent("user.role", f"user {user.id}", {"role": role_of(user)}, {"role": role})

    def change() -> None:
        changed = User.objects.filter(id=user.id, is_superuser=False).update(is_staff=role != NO_ROLE)
        if not changed:
            raise ApiError("invalid_parameter", "A superuser has every right and needs no role.", {"field": "role"})
        user.groups.set(Group.objects.filter(name=role))

    audit.carry_out(mandate=mandate, intent=intent, change=change)
