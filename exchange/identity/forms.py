"""Forms of the pages about oneself."""

from typing import Any

from allauth.account.forms import SignupForm
from django.contrib.auth.hashers import make_password
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, HttpResponse

from exchange.identity.models import User


class SignUpForm(SignupForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email = self.fields["email"]
        email.label = "E-mail"
        email.validators.append(MaxLengthValidator(User._meta.get_field("email").max_length))  # else it is cut off

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """An address that is taken costs as much time as a new one, so that the clock does not tell them apart."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)
