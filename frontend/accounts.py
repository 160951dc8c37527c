"""The page of the user's trading accounts: what each holds, another account, and money from one to another."""

import secrets
from typing import Any, Final, NamedTuple

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from exchange.contract.errors import ApiError
from exchange.contract.numbers import format_scaled, parse_scaled
from exchange.identity import selectors
from exchange.identity.models import Account
from frontend import acting
from frontend.pages import private
from trading.api import answers, presenting
from trading.api.listed import scale_by_id
from trading.api.scales import MARGIN_ASSET, MARGIN_STEP
from trading.engine.commands import DescribeAccount
from trading.models import AccountTransfer
from trading.selectors.account_transfers import latest_account_transfers
from trading.services import account_transfers, accounts, gateway
from trading.services.account_transfers import Place
from wallets import selectors as wallets
from wallets.core import ledger

SHOWN_TRANSFERS: Final = 10
PLACES: Final = (("margin", True), ("wallet", False))


class AccountLine(NamedTuple):
    """`margin` is what the engine says, None while it cannot be asked or does not know the account yet."""

    account: Account
    wallet: str
    margin: answers.Account | None


class TransferLine(NamedTuple):
    row: AccountTransfer
    source: str
    target: str
    amount: str


class OpenForm(forms.Form):
    name = forms.CharField(max_length=40, help_text="Letters, digits, space, dot, dash, underscore.")


class TransferForm(forms.Form):
    source = forms.ChoiceField(label="From")
    target = forms.ChoiceField(label="To")
    amount = forms.CharField(
        label=f"Amount in {MARGIN_ASSET}",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    idempotency_key = forms.CharField(max_length=64, widget=forms.HiddenInput, initial=lambda: secrets.token_hex(16))

    def __init__(self, *args: Any, own: list[Account], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = {
            f"{account.id}-{word}": Place(account.id, is_margin) for account in own for word, is_margin in PLACES
        }
        choices = [(f"{account.id}-{word}", f"{account.name}: {word}") for account in own for word, _ in PLACES]
        self.fields["source"].choices = self.fields["target"].choices = choices
        self.fields["target"].initial = choices[1][0] if choices else None

    def renew_key(self) -> None:
        """After a refusal, so that what is corrected counts as another wish."""
        self.data = {**self.data.dict(), "idempotency_key": secrets.token_hex(16)}

    def wishes(self) -> dict[str, Any]:
        """The arguments of `account_transfers.transfer`. Refuses a malformed amount with invalid_parameter."""
        given = self.cleaned_data
        return {
            "source": self.places[given["source"]],
            "target": self.places[given["target"]],
            "asset": MARGIN_ASSET,
            "amount_units": parse_scaled(
                given["amount"].strip(), step=MARGIN_STEP, field="amount", maximum=ledger.MAXIMUM_AMOUNT_UNITS
            ),
            "idempotency_key": given["idempotency_key"],
        }


@require_GET
@private
def page(request: HttpRequest) -> HttpResponse:
    own = selectors.own_accounts(user=request.user)
    return _page(request, own, OpenForm(), TransferForm(own=own))


@require_POST
@private
def open_account(request: HttpRequest) -> HttpResponse:
    own = selectors.own_accounts(user=request.user)
    form = OpenForm(request.POST)
    if form.is_valid():
        acting.principal_of(request)
        try:
            account = accounts.open_new_account(owner=request.user, name=form.cleaned_data["name"])
        except ApiError as error:
            form.add_error("name", error.message)
        else:
            messages.success(request, f"The account {account.name} is opened.")
            return redirect("accounts")
    return _page(request, own, form, TransferForm(own=own))


@require_POST
@private
def transfer(request: HttpRequest) -> HttpResponse:
    own = selectors.own_accounts(user=request.user)
    form = TransferForm(request.POST, own=own)
    if form.is_valid():
        acting.principal_of(request)
        try:
            account_transfers.transfer(owner=request.user, **form.wishes())
        except ApiError as error:
            if error.code == account_transfers.UNKNOWN:
                messages.info(request, error.message)
                return redirect("accounts")
            form.renew_key()
            field = error.details.get("field")
            form.add_error(field if field in form.fields else None, error.message)
        else:
            messages.success(request, "The transfer is done.")
            return redirect("accounts")
    return _page(request, own, OpenForm(), form)


def _page(request: HttpRequest, own: list[Account], opening: OpenForm, moving: TransferForm) -> HttpResponse:
    acting.principal_of(request, cost=1 + len(own))
    context = {
        "lines": [_account_line(account) for account in own],
        "asset": MARGIN_ASSET,
        "is_demo": settings.DEMO,
        "opening": opening,
        "moving": moving,
        "transfers": [
            _transfer_line(row) for row in latest_account_transfers(owner=request.user, limit=SHOWN_TRANSFERS)
        ],
    }
    return render(request, "accounts/page.html", context)


def _account_line(account: Account) -> AccountLine:
    wallet_units = wallets.funding_units(account_id=account.id, asset=MARGIN_ASSET)
    try:
        view = gateway.ask(DescribeAccount(gateway.new_command_id(), gateway.deadline_ns(), account.id))
        margin = presenting.account(view, scale_by_id=scale_by_id)
    except ApiError:
        margin = None
    return AccountLine(account, format_scaled(wallet_units, MARGIN_STEP), margin)


def _transfer_line(row: AccountTransfer) -> TransferLine:
    places = {is_margin: word for word, is_margin in PLACES}
    source = f"{row.source.name}: {places[row.source_is_margin]}"
    target = f"{row.target.name}: {places[row.target_is_margin]}"
    return TransferLine(row, source, target, format_scaled(row.amount_units, MARGIN_STEP))
