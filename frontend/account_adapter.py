"""What signing in means beyond identity: a newcomer gets an account to trade with."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from exchange.identity.adapter import IdentityAdapter
from exchange.identity.models import User
from trading.services import accounts


class AccountAdapter(IdentityAdapter):
    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Not at sign-up: who cannot read the mail of an address gets nothing."""
        if not user.is_staff:
            accounts.open_first_account(owner=user)
        return super().post_login(request, user, **kwargs)
