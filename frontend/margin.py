"""What the trading page does with margin: leverage, margin mode, and margin of an isolated position, with a preview."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from exchange.contract.errors import ApiError
from frontend import acting, forms, presenters
from frontend.trade import fragment, notice
from risk.api.preview import previewed
from trading.api import answers, requests
from trading.api.listed import scale_by_symbol
from trading.api.position_settings import change_position


@require_POST
@fragment
def change(request: HttpRequest, symbol: str) -> HttpResponse:
    principal = acting.principal_of(request)
    body = forms.position_change(request.POST)
    content = change_position(
        body,
        account_id=principal.acting_account_id(),
        command_id=principal.command_id,
        scale=scale_by_symbol(symbol),
    )
    return notice(request, presenters.Notice("plain", _said(content)), moved=True)


@require_POST
@fragment
def preview(request: HttpRequest, symbol: str) -> HttpResponse:
    """The position as the engine says it would be, or why it would refuse."""
    try:
        body = forms.position_change(request.POST)
        tried = requests.TriedChange(symbol, body.leverage, body.margin_mode, body.isolated_margin_change)
        account_id = acting.principal_of(request).acting_account_id()
        *_, last = previewed((), account_id=account_id, changes=[tried]).changes
    except ApiError as error:
        return render(request, "trade/_margin_preview.html", {"refusal": error.message})
    context = {
        "refusal": last.error.message if last.error else "",
        "position": next((held for held in last.account.positions if held.symbol == symbol), None),
    }
    return render(request, "trade/_margin_preview.html", context)


def _said(content: answers.PositionSettings) -> str:
    parts = []
    if content.leverage is not None:
        parts.append(f"leverage is now {content.leverage}×")
    if content.margin_mode is not None:
        parts.append(f"margin is {content.margin_mode}")
    if content.isolated_margin is not None and content.margin_mode != "cross":
        parts.append(f"{presenters.grouped(content.isolated_margin, 2)} USDT are its own")
    return f"{content.symbol}: {', '.join(parts)}"
