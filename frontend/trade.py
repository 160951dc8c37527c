"""The trading page: its first rendering, the fragments it refreshes, and what its forms do."""

import time
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from exchange.contract.errors import ApiError
from exchange.identity import throttles
from exchange.identity.principals import Principal
from frontend import acting, forms, presenters
from frontend.pages import View, error_page
from frontend.risk_presenters import LIGHTS
from frontend.views import market_lines
from risk.api.preview import previewed
from trading.api import answers, market_presenting, presenting, requests
from trading.api.instrument_answers import Instrument
from trading.api.listed import listed_now, scale_by_id, scale_by_symbol
from trading.api.order_desk import OrderDesk, ReadModels
from trading.api.reading import reading_after
from trading.api.scales import scale_of
from trading.engine.commands import DescribeAccount
from trading.selectors import accounts, market, orders
from trading.selectors.sequences import journal_head
from trading.services import gateway
from trading.services.deleveraging_queues import lights_of

SHOWN_ORDERS: Final = 200
SHOWN_FILLS: Final = 30
INTERVALS: Final = ("1m", "5m", "15m", "1h", "4h", "1d")
SHARES: Final = (10, 25, 50, 75, 100)  # percent of the buying power


def fragment(view: View) -> View:
    """Refusals become a notice with their own status, which the page shows where notices are shown."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ApiError as error:
            return notice(request, presenters.error_notice(error), status=error.status)

    return guarded


def notice(request: HttpRequest, content: presenters.Notice, *, status: int = 200, moved: bool = False) -> HttpResponse:
    """`moved`: the account is no longer what the page shows of it."""
    answer = render(request, "trade/_notice.html", {"notice": content}, status=status)
    answer["HX-Retarget"] = "#notices"
    answer["HX-Reswap"] = "afterbegin"
    if moved:
        answer["HX-Trigger"] = "account-changed"
    return answer


@require_GET
def page(request: HttpRequest, symbol: str) -> HttpResponse:
    try:
        view = listed_now(symbol)
    except ApiError as error:
        return error_page(request, error)
    own, chosen = acting.accounts_of(request)
    instrument = market_presenting.instrument(view)
    row = market.ticker(now_ns=time.time_ns(), instrument_id=view.terms.instrument_id)
    ticker = market_presenting.ticker(row, scale=scale_of(view.terms)) if row else None
    context = {
        "instrument": instrument,
        "ticker": ticker,
        "change": presenters.day_change(ticker) if ticker else "",
        "accounts": own,
        "account_id": chosen,
        "types": presenters.TYPES,
        "intervals": INTERVALS,
        "shares": SHARES,
        "digits": _digits(instrument),
        "groupings": presenters.groupings(instrument.tick),
        "markets": market_lines(),
        "unreachable": presenters.UNREACHABLE,
    }
    return render(request, "trade/page.html", context)


@require_GET
@fragment
def limits(request: HttpRequest, symbol: str) -> HttpResponse:
    """The prices that limit orders may have now."""
    instrument = market_presenting.instrument(listed_now(symbol))
    return render(request, "trade/_limits.html", {"instrument": instrument, "digits": _digits(instrument)})


@require_GET
@fragment
def account(request: HttpRequest, symbol: str) -> HttpResponse:
    """The account bar and the positions, from the engine itself."""
    view, instrument_id = described(request), scale_by_symbol(symbol).instrument_id
    lights = lights_of(view)
    positions = [
        presenting.position(held, scale=scale_by_id(held.instrument_id), light=lights.get(held.instrument_id, 0))
        for held in view.positions
    ]
    own = next(
        (row for row in accounts.positions(account_id=view.account_id) if row.instrument_id == instrument_id), None
    )
    context = {
        "account": presenting.account(view, scale_by_id=scale_by_id),
        "positions": [position for position in positions if position.size != "0"],
        "leverage": next((position.leverage for position in positions if position.symbol == symbol), None),
        "margin_mode": presenting.margin_mode(own is not None and own.is_isolated),
        "light_words": LIGHTS,
    }
    return render(request, "trade/_account.html", context)


@require_GET
@fragment
def open_orders(request: HttpRequest, symbol: str) -> HttpResponse:
    account_id = acting.principal_of(request).acting_account_id()
    reading_after("orders", journal_head())
    rows = orders.orders(account_id=account_id, is_open=True, limit=SHOWN_ORDERS)
    shown = [presenting.order(row, scale=scale_by_id(row.instrument_id)) for row in rows]
    context = {"orders": shown, "types": presenters.TYPES, "statuses": presenters.STATUSES, "symbol": symbol}
    return render(request, "trade/_orders.html", context)


@require_GET
@fragment
def fills(request: HttpRequest, symbol: str) -> HttpResponse:
    account_id = acting.principal_of(request).acting_account_id()
    reading_after("fills", journal_head())
    rows = accounts.fills(account_id=account_id, limit=SHOWN_FILLS)
    shown = [presenting.fill(row, scale=scale_by_id(row.instrument_id)) for row in rows]
    return render(request, "trade/_fills.html", {"fills": shown})


@require_POST
@fragment
def place(request: HttpRequest, symbol: str) -> HttpResponse:
    principal = acting.principal_of(request)
    desk = _desk(request, principal)
    command = desk.place(forms.new_order(request.POST, symbol=symbol), command_id=principal.command_id)
    result = desk.result(command, gateway.submit(command))
    return notice(request, presenters.placed_notice(result), moved=True)


@require_POST
@fragment
def preview(request: HttpRequest, symbol: str) -> HttpResponse:
    """What the order would do to the account, in the form itself: a form that is not complete yet is no error."""
    principal = acting.principal_of(request)
    context: dict[str, Any] = {}
    try:
        order = forms.new_order(request.POST, symbol=symbol)
        (entry,) = previewed([order], account_id=principal.acting_account_id()).orders
        held = next((one for one in entry.account.positions if one.symbol == symbol), None)
        context = {"entry": entry, "position": held}
    except ApiError as error:
        if error.status >= 500:
            raise
        context = {"missing": error.message}
    return render(request, "trade/_preview.html", context)


@require_POST
@fragment
def amend(request: HttpRequest, symbol: str, order_id: int) -> HttpResponse:
    principal = acting.principal_of(request)
    desk = _desk(request, principal)
    change = forms.order_change(request.POST)
    command = desk.amend(change, order_id=order_id, command_id=principal.command_id)
    result = desk.result(command, gateway.submit(command))
    return notice(request, _changed(result, "amended"), moved=True)


@require_POST
@fragment
def cancel(request: HttpRequest, symbol: str, order_id: int) -> HttpResponse:
    principal = acting.principal_of(request, cost=0)
    desk = _desk(request, principal)
    command = desk.cancel(requests.CancelFields(id=order_id), command_id=principal.command_id)
    (outcome,) = gateway.submit_many([command])
    result = desk.result(command, outcome)
    return notice(request, _changed(result, "cancelled"), moved=True)


@require_POST
@fragment
def cancel_all(request: HttpRequest, symbol: str) -> HttpResponse:
    principal = acting.principal_of(request, cost=0)
    desk = _desk(request, principal)
    query = requests.CancelAllQuery(symbol=symbol)
    done = desk.cancelled(gateway.submit(desk.cancel_all(query, command_id=principal.command_id)))
    count = len(done.cancelled)
    title = f"{count} order{'' if count == 1 else 's'} cancelled" if count else "There was nothing to cancel"
    return notice(request, presenters.Notice("plain", title), moved=True)


@require_POST
def choose_account(request: HttpRequest, symbol: str) -> HttpResponse:
    text = request.POST.get("account", "")
    if request.user.is_authenticated and text.isascii() and text.isdigit() and len(text) < 16:
        try:
            acting.choose(request, account_id=int(text))
        except ApiError as error:
            return render(
                request, "error/page.html", {"title": error.message, "status": error.status}, status=error.status
            )
    return redirect("trade", symbol=symbol)


def described(request: HttpRequest) -> Any:
    account_id = acting.principal_of(request).acting_account_id()
    return gateway.ask(DescribeAccount(gateway.new_command_id(), gateway.deadline_ns(), account_id))


def _digits(instrument: Instrument) -> int:
    """Of a price, after the point."""
    return len(instrument.tick.partition(".")[2])


def _desk(request: HttpRequest, principal: Principal) -> OrderDesk:
    def charge_miss() -> None:
        throttles.charge_principal(request, principal, 1, enforce=False)

    return OrderDesk(principal.acting_account_id(), ReadModels(), charge_miss)


def _changed(order: answers.OrderResult, what: str) -> presenters.Notice:
    title = f"{order.side.capitalize()} {order.quantity} {order.symbol}: {what}"
    text = f"{order.filled_quantity} of it is filled." if order.filled_quantity != "0" else ""
    return presenters.Notice("plain", title, text)
