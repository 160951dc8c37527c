"""Play money for who signs up in the demo."""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from exchange.demo import faucet
from frontend import acting
from frontend.pages import private
from trading.services import collateral

ASSET: Final = "USDT"
GIFT_UNITS: Final = 10_000 * 10**6
KEY: Final = "play-money"


@require_POST
@private
def give_play_money(request: HttpRequest) -> HttpResponse:
    """Into the margin of the account the pages act for, once; asked again it finishes what was not finished."""
    account_id = acting.principal_of(request).acting_account_id()
    faucet.give(account_id=account_id, asset=ASSET, amount_units=GIFT_UNITS, idempotency_key=KEY)
    collateral.transfer(account_id=account_id, asset=ASSET, amount_units=GIFT_UNITS, idempotency_key=KEY)
    messages.success(request, "This account has had its 10,000 USDT of play money.")
    return redirect("accounts")
