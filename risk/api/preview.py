"""What orders would do to the account, answered by the engine itself without placing them."""

from collections.abc import Sequence

from rest_framework.request import Request
from rest_framework.response import Response

from exchange.identity import throttles
from exchange.identity.scopes import READ
from trading.api import answers, parsing, presenting, requests
from trading.api.listed import scale_by_id, scale_by_symbol
from trading.api.operations import Endpoint, answer, operation
from trading.engine.commands import PreviewOrders
from trading.services import gateway


class PreviewEndpoint(Endpoint):
    @operation(
        scope=READ,
        body=requests.Preview,
        answers={200: answers.PreviewResult},
        errors=("instrument_not_found", "invalid_price", "invalid_quantity", "engine_busy"),
        cost=0,
    )
    def post(self, request: Request, body: requests.Preview) -> Response:
        """Try orders one after the other, without placing them.

        Each entry shows whether its order would be accepted, its immediate fills, and the account after it. Each order
        costs a credit.
        """
        throttles.charge(request, cost=len(body.orders))
        content = previewed(body.orders, account_id=self.account_id)
        return answer(content, sequence=content.sequence)


def previewed(orders: Sequence[requests.NewOrder], *, account_id: int) -> answers.PreviewResult:
    """What the engine says would become of these orders. Refuses as parsing.place_order and gateway.ask."""
    ids = {"account_id": account_id, "command_id": gateway.new_command_id(), "valid_until_ns": gateway.deadline_ns()}
    scales = [scale_by_symbol(order.symbol) for order in orders]
    commands = tuple(
        parsing.place_order(order, scale=scale, **ids) for order, scale in zip(orders, scales, strict=True)
    )
    reply = gateway.ask(PreviewOrders(**ids, orders=commands))
    return answers.PreviewResult(
        sequence=reply.sequence,
        orders=[
            presenting.previewed_order(preview, scale=scale, scale_by_id=scale_by_id)
            for preview, scale in zip(reply.orders, scales, strict=True)
        ],
    )
