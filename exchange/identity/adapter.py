"""How django-allauth does things here: whom it lets in, where it sends people, what it writes to them."""

from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from exchange.identity import addresses, mails, throttles
from exchange.identity.models import User

UNKNOWN_ADDRESS: Final = "0.0.0.0"  # of a unix socket's client
# Letters that somebody who is not signed in can have sent to any address.
ON_REQUEST: Final = frozenset(
    f"account/email/{name}"
    for name in (
        "email_confirmation",
        "email_confirmation_signup",
        "account_already_exists",
        "unknown_account",
        "password_reset_key",
    )
)


class IdentityAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This e-mail address and password do not belong together.",
        "enter_current_password": "This is not your present password.",
        "incorrect_password": "This is not your password.",
    }

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """A user who is off is told what everybody is told who cannot sign in."""
        user = super().authenticate(request, **credentials)
        return user if user is not None and user.is_active else None

    def reauthenticate(self, user: User, password: str) -> bool:
        return user.check_password(password)

    def login(self, request: HttpRequest, user: User) -> None:
        """Who was switched off between password and letter gets no session."""
        if not user.is_active:
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        super().login(request, user)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        return redirect("account_login")

    def is_safe_url(self, url: str) -> bool:
        """Paths of this site only."""
        return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_client_ip(self, request: HttpRequest) -> str:
        return str(addresses.client_address(request) or UNKNOWN_ADDRESS)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """As everywhere, a letter too many is left out without a word: the page says the same either way."""
        if template_prefix in ON_REQUEST and throttles.charge_letter(email=email):
            return
        mails.deliver(self.render_mail(template_prefix, email, {"email": email, **context}))
