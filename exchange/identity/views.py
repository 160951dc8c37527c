"""The pages to sign up, in and out, to prove who one is, and to change or reset the password.

django-allauth does the work; here its views get our limits and our pages.
"""

from typing import Any

from allauth.account import views as allauth
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from exchange.identity import throttles


class Limited:
    """A form that is not even looked at while there are no credits for it."""

    def wait_seconds(self) -> int:
        raise NotImplementedError

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wait_seconds = self.wait_seconds()
        if not wait_seconds:
            return super().post(request, *args, **kwargs)
        options = {name: value for name, value in self.get_form_kwargs().items() if name not in ("data", "files")}
        context = self.get_context_data(form=self.get_form_class()(**options), wait_seconds=wait_seconds)
        return self.render_to_response(context, status=429, headers={"Retry-After": str(wait_seconds)})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """`next` is where to go afterwards, if that is a path of this site."""
        return super().get_context_data(**kwargs) | {"next": self.get_next_url() or ""}


class SignIn(Limited, allauth.LoginView):
    template_name = "identity/sign_in.html"

    def wait_seconds(self) -> int:
        return throttles.charge_sign_in(self.request, email=self.request.POST.get("login", ""))

    def get_form(self, form_class: type | None = None) -> Any:
        form = super().get_form(form_class)
        form.fields["login"].label = "E-mail"
        form.fields["login"].widget.attrs |= {"autocomplete": "username", "autofocus": True}
        form.fields["password"].help_text = ""
        return form


class SignOut(LogoutView):
    http_method_names = ["post", "options"]


class SignUp(Limited, allauth.SignupView):
    template_name = "identity/sign_up.html"

    def wait_seconds(self) -> int:
        return throttles.charge_visitor(self.request, kind="sign_up_ip")


class ResetPassword(Limited, allauth.PasswordResetView):
    template_name = "identity/reset_password.html"

    def wait_seconds(self) -> int:
        return throttles.charge_visitor(self.request, kind="reset_ip")


class ChoosePassword(Limited, allauth.PasswordResetFromKeyView):
    template_name = "identity/choose_password.html"

    def wait_seconds(self) -> int:
        return throttles.charge_visitor(self.request, kind="reset_ip")


class Reauthenticate(Limited, allauth.ReauthenticateView):
    """Whoever holds a session guesses the password here no faster than at the front door."""

    template_name = "identity/reauthenticate.html"

    def wait_seconds(self) -> int:
        return throttles.charge_sign_in(self.request, email=self.request.user.email)


class ChangePassword(Limited, allauth.PasswordChangeView):
    template_name = "identity/change_password.html"

    def wait_seconds(self) -> int:
        return throttles.charge_sign_in(self.request, email=self.request.user.email)


@method_decorator(never_cache, name="dispatch")
class ConfirmEmail(allauth.ConfirmEmailView):
    template_name = "identity/confirm_email.html"


class Sessions(ListUserSessionsView):
    """Ends the own session named in `session`; all but this one when none is named."""

    template_name = "identity/sessions.html"

    def form_valid(self, form: Any) -> HttpResponse:
        named = self.request.POST.get("session")
        if named is None:
            return super().form_valid(form)
        for session in UserSession.objects.filter(user=self.request.user):
            if str(session.pk) == named:
                session.end()
        return redirect(self.get_success_url())
