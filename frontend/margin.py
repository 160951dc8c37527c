"""What the trading page does with margin: leverage, margin mode, and margin of an isolated position, with a preview."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from exchange.contract.errors import ApiError
from frontend import acting, forms, presenters
from frontend.trade import described, fragment, notice
from risk.core.liquidation import liquidation_price_ticks
from trading.api import answers, parsing, presenting, requests
from trading.api.listed import scale_by_symbol
from trading.api.position_settings import change_position
from trading.api.scales import Scale
from trading.engine.commands import ChangeIsolatedMargin
from trading.engine.replies import PositionView
from trading.selectors.instruments import instrument_by_symbol


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
    """The liquidation price with that much more margin, or less: the engine's formula at the present mark."""
    view, scale = described(request), scale_by_symbol(symbol)
    held = next((each for each in view.positions if each.instrument_id == scale.instrument_id), None)
    context: dict[str, object] = {"refusal": "There is no isolated position."}
    if held is not None and held.is_isolated and held.position_lots:
        try:
            change_units = _change_units(forms.position_change(request.POST), scale)
            units = held.isolated_units + change_units
            context = {
                "margin": presenting.money(units, scale),
                "price": presenting.price(_liquidation_price_ticks(held, units, symbol), scale),
                "position": presenting.position(held, scale=scale),
                "refusal": "" if units >= 0 else "It has less than that.",
            }
        except ApiError as error:
            context = {"refusal": error.message}
    return render(request, "trade/_margin_preview.html", context)


def _change_units(body: requests.PositionChange, scale: Scale) -> int:
    """Refuses as `parsing.position_change`."""
    commands = parsing.position_change(body, scale=scale, account_id=0, command_id=b"", valid_until_ns=0)
    command = commands.get("isolated_margin_change")
    return command.amount_units if isinstance(command, ChangeIsolatedMargin) else 0


def _liquidation_price_ticks(held: PositionView, margin_units: int, symbol: str) -> int:
    view = instrument_by_symbol(symbol=symbol)
    return liquidation_price_ticks(
        lots=held.position_lots,
        entry_value_units=held.entry_value_units,
        value_units=view.terms.value_units,
        brackets=view.parameters.brackets,
        other_equity_units=margin_units,
        other_maintenance_units=0,
    )


def _said(content: answers.PositionSettings) -> str:
    parts = []
    if content.leverage is not None:
        parts.append(f"leverage is now {content.leverage}×")
    if content.margin_mode is not None:
        parts.append(f"margin is {content.margin_mode}")
    if content.isolated_margin is not None and content.margin_mode != "cross":
        parts.append(f"{presenters.grouped(content.isolated_margin, 2)} USDT are its own")
    return f"{content.symbol}: {', '.join(parts)}"
