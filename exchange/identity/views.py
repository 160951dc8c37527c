"""The pages to sign in and out."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from exchange.identity import throttles


class SignInForm(AuthenticationForm):
    """Says the same of an unknown e-mail address, a wrong password and a user who is off."""

    username = forms.EmailField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    error_messages = {"invalid_login": "This e-mail address and password do not belong together."}


class SignIn(LoginView):
    template_name = "identity/sign_in.html"
    authentication_form = SignInForm

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        wait_seconds = throttles.charge_sign_in(request, email=request.POST.get("username", ""))
        if wait_seconds:
            context = self.get_context_data(form=SignInForm(request), wait_seconds=wait_seconds)
            return self.render_to_response(context, status=429, headers={"Retry-After": str(wait_seconds)})
        return super().post(request, *args, **kwargs)

    def get_redirect_url(self) -> str:
        """`next`, if it is a path of this site."""
        target = self.request.POST.get("next", self.request.GET.get("next", ""))
        is_local = target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
        return target if is_local else ""


class SignOut(LogoutView):
    http_method_names = ["post", "options"]
