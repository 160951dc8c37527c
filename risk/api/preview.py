"""What orders would do to the account, answered by the engine itself without placing them."""

from collections.abc import Sequence

from rest_framework.request import Request
from rest_framework.response import Response

from exchange.contract.errors import ApiError
from exchange.identity import throttles
from exchange.identity.scopes import READ
from trading.api import parsing, presenting, preview_answers, requests
from trading.api.listed import scale_by_id, scale_by_symbol
from trading.api.operations import Endpoint, answer, operation
from trading.engine.commands import PreviewOrders
from trading.services import gateway


class PreviewEndpoint(Endpoint):
    @operation(
        scope=READ,
        body=requests.Preview,
        answers={200: preview_answers.PreviewResult},
        errors=("instrument_not_found", "invalid_price", "invalid_quantity", "engine_busy"),
        cost=0,
    )
    def post(self, request: Request, body: requests.Preview) -> Response:
        """Try changes of margin and then orders one after the other, without doing them.

        Each entry shows whether it would be accepted and the account after it, an order's also its immediate fills.
        Each costs a credit.
        """
        throttles.charge(request, cost=len(body.orders) + len(body.changes))
        content = previewed(body.orders, account_id=self.account_id, changes=body.changes)
        return answer(content, sequence=content.sequence)


def previewed(
    orders: Sequence[requests.NewOrder], *, account_id: int, changes: Sequence[requests.TriedChange] = ()
) -> preview_answers.PreviewResult:
    """What the engine says would become of these changes and orders.

    Refuses as parsing.place_order, parsing.position_change and gateway.ask, and with invalid_parameter when there are
    none.
    """
    if not orders and not changes:
        raise ApiError("invalid_parameter", "Give orders or changes to try.", {"field": "orders"})
    ids = {"account_id": account_id, "command_id": gateway.new_command_id(), "valid_until_ns": gateway.deadline_ns()}
    scales = [scale_by_symbol(order.symbol) for order in orders]
    commands = tuple(
        parsing.place_order(order, scale=scale, **ids) for order, scale in zip(orders, scales, strict=True)
    )
    settings = [
        (change.symbol, name, command)
        for change in changes
        for name, command in parsing.position_change(change, scale=scale_by_symbol(change.symbol), **ids).items()
    ]
    reply = gateway.ask(PreviewOrders(**ids, orders=commands, changes=tuple(command for *_, command in settings)))
    return preview_answers.PreviewResult(
        sequence=reply.sequence,
        orders=[
            presenting.previewed_order(preview, scale=scale, scale_by_id=scale_by_id)
            for preview, scale in zip(reply.orders, scales, strict=True)
        ],
        changes=[
            preview_answers.PreviewedChange(
                symbol=symbol,
                of=name,
                accepted=not preview.code,
                error=presenting.error_body_of(preview.code),
                account=presenting.account_after(preview.account, scale_by_id=scale_by_id),
            )
            for (symbol, name, _), preview in zip(settings, reply.changes, strict=True)
        ],
    )
