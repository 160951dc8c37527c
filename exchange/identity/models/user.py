"""People, known by their e-mail address."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Made on the server's console, so nobody has to prove by a letter that the address is theirs."""
        user = self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})
        user.take_email_as_verified()
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=self.normalize_email(username))

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return User.normalize_username(email or "")


class User(AbstractBaseUser, PermissionsMixin):
    """Signs in with an e-mail address, kept in lower case so that spelling makes no second user."""

    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True, help_text="Off instead of deleting: neither signs in nor uses keys.")
    is_staff = models.BooleanField(default=False, help_text="May use the admin site.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_is_lower_case"),
            models.CheckConstraint(condition=~models.Q(email=""), name="user_email_is_given"),
        ]

    @classmethod
    def normalize_username(cls, username: str) -> str:
        return str(super().normalize_username(username)).strip().lower()

    def take_email_as_verified(self) -> None:
        self.emailaddress_set.update_or_create(email=self.email, defaults={"verified": True, "primary": True})
