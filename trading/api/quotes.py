"""What market makers use: all quotes of an instrument at once, and their protection."""

from typing import Final

from rest_framework.request import Request
from rest_framework.response import Response

from exchange.identity import throttles
from exchange.identity.scopes import TRADE
from trading.api import quote_answers, requests
from trading.api.operations import answer, operation
from trading.api.order_desk import mass_quote_cost
from trading.api.orders import ENGINE_ERRORS, DeskEndpoint
from trading.services import gateway

QUOTE_ERRORS: Final = (
    "instrument_not_found",
    "invalid_price",
    "invalid_quantity",
    "notional_too_small",
    "insufficient_margin",
    "would_take",
    "price_outside_band",
    "position_limit",
    "too_many_open_orders",
    "instrument_halted",
    "quotes_frozen",
    *ENGINE_ERRORS,
)


class QuotesEndpoint(DeskEndpoint):
    @operation(scope=TRADE, body=requests.MassQuote, answers={200: quote_answers.Quotes}, errors=QUOTE_ERRORS, cost=0)
    def post(self, request: Request, body: requests.MassQuote) -> Response:
        """Replace all quotes of the account in an instrument.

        All or nothing: if one of the quotes is refused, all quotes of before stand. An empty list takes them away. A
        credit for every eight quotes; an empty list is free, unless there was nothing to take away.
        """
        throttles.charge(request, cost=mass_quote_cost(body))
        command = self.desk.mass_quote(body, command_id=self.principal.command_id)
        content = self.desk.quoted(command, gateway.submit(command))
        return answer(content, sequence=content.sequence)


class MarketMakerProtectionEndpoint(DeskEndpoint):
    @operation(
        scope=TRADE,
        body=requests.MarketMakerProtection,
        answers={200: quote_answers.MarketMakerProtectionState},
        errors=("instrument_not_found", "invalid_quantity", *ENGINE_ERRORS),
    )
    def put(self, request: Request, body: requests.MarketMakerProtection) -> Response:
        """Set the market-maker protection of the account in an instrument, or switch it off.

        Whatever it was before, fills counted so far are forgotten and a freeze is over.
        """
        command = self.desk.protect(body, command_id=self.principal.command_id)
        content = self.desk.protected(gateway.submit(command))
        return answer(content, sequence=content.sequence)
