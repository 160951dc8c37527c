"""The page of the user's API keys: which there are, a new one, and the end of one."""

from datetime import UTC, datetime, time
from typing import Any

from allauth.core.exceptions import ReauthenticationRequired
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from exchange.contract.errors import ApiError
from exchange.identity import reauthentication, selectors, services
from exchange.identity.models import User
from frontend import acting
from frontend.pages import private

SCOPES = (
    ("read", "read: orders, positions, balances"),
    ("trade", "trade: place, amend and cancel orders"),
    ("transfer", "transfer: move money between wallet and margin"),
)


class KeyForm(forms.Form):
    """Field names are those of `services.create_api_key`'s refusals."""

    account = forms.ChoiceField(help_text="The one account the key acts for.")
    label = forms.CharField(max_length=60, help_text="So that you know it again.")
    scopes = forms.MultipleChoiceField(
        label="It may", choices=SCOPES, initial=["read"], widget=forms.CheckboxSelectMultiple
    )
    networks = forms.CharField(
        label="From these networks",
        required=False,
        max_length=2000,
        help_text="Such as 192.0.2.0/24, with commas. Empty: from any address; a key that may transfer needs some.",
    )
    expires_at = forms.DateField(
        label="Until", required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text="Empty: no end."
    )
    public_key = forms.CharField(
        label="Your Ed25519 public key",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
        help_text="In base64 or as PEM; we never see your private key. Empty: we make an HMAC secret, shown once.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.accounts = {str(account.id): account for account in selectors.own_accounts(user=user)}
        self.fields["account"].choices = [(id, account.name) for id, account in self.accounts.items()]

    def wishes(self) -> dict[str, Any]:
        """The arguments of `services.create_api_key`."""
        given = self.cleaned_data
        until = given["expires_at"]
        return {
            "account": self.accounts[given["account"]],
            "label": given["label"],
            "scopes": given["scopes"],
            "networks": [network.strip() for network in given["networks"].split(",") if network.strip()],
            "expires_at": until and datetime.combine(until, time(), UTC),
            "public_key": given["public_key"] or None,
        }


@require_GET
@private
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "api_keys/page.html", {"keys": selectors.own_keys(user=request.user)})


@require_http_methods(["GET", "POST"])
@private
def create(request: HttpRequest) -> HttpResponse:
    """The form, only just after the password was typed; then the key, with its secret this once."""
    if not reauthentication.is_fresh(request):
        raise ReauthenticationRequired
    form = KeyForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        acting.principal_of(request)
        try:
            key, secret = services.create_api_key(**form.wishes())
            return render(request, "api_keys/created.html", {"key": key, "secret": secret})
        except ApiError as error:
            field = error.details.get("field")
            form.add_error(field if field in form.fields else None, error.message)
    return render(request, "api_keys/new.html", {"form": form})


@require_POST
@private
def delete(request: HttpRequest, key: str) -> HttpResponse:
    services.revoke_api_key(owner=request.user, public_id=key)
    messages.success(request, "The API key is deleted. Within two seconds nobody can use it any more.")
    return redirect("api_keys")
