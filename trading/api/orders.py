"""Orders: place, amend and cancel, one or many; and the account's orders as they are."""

from typing import Final

from rest_framework.request import Request
from rest_framework.response import Response

from exchange.contract.errors import ApiError
from exchange.identity import throttles
from exchange.identity.scopes import READ, TRADE
from trading.api import answers, presenting, requests
from trading.api.listed import scale_by_id, scale_by_symbol
from trading.api.operations import Endpoint, answer, operation
from trading.api.order_desk import OrderCommand, OrderDesk, ReadModels, batch_cost
from trading.api.pages import read_page
from trading.api.reading import private_reading
from trading.selectors import orders
from trading.services import gateway

ENGINE_ERRORS: Final = ("engine_busy", "outcome_unknown", "expired_in_transit", "account_restricted")
EXECUTION_ERRORS: Final = (
    "invalid_price",
    "invalid_quantity",
    "notional_too_small",
    "insufficient_margin",
    "would_take",
    "would_not_reduce",
    "not_fillable",
    "price_outside_band",
    "position_limit",
    "instrument_halted",
    "post_only_mode",
    "read_behind",
    *ENGINE_ERRORS,
)
PLACE_ERRORS: Final = (
    "instrument_not_found",
    "order_not_found",
    "duplicate_client_order_id",
    "too_many_open_orders",
    *EXECUTION_ERRORS,
)
AMEND_ERRORS: Final = ("order_not_found", "order_already_closed", "idempotency_conflict", *EXECUTION_ERRORS)
CANCEL_ERRORS: Final = (
    "order_not_found",
    "order_already_closed",
    "instrument_halted",
    "read_behind",
    *ENGINE_ERRORS,
)


class DeskEndpoint(Endpoint):
    @property
    def desk(self) -> OrderDesk:
        return OrderDesk(self.account_id, ReadModels, self._charge_miss)

    def _charge_miss(self) -> None:
        """Cancels are free, but one that finds nothing to cancel costs a credit, if need be on credit."""
        throttles.charge(self.request, cost=1, enforce=False)


class OrdersEndpoint(DeskEndpoint):
    @operation(
        scope=READ,
        query=requests.OrdersQuery,
        answers={200: answers.Orders},
        errors=("instrument_not_found",),
        is_read=True,
    )
    def get(self, request: Request, query: requests.OrdersQuery) -> Response:
        """The account's orders, newest first."""
        reading = private_reading(request, "orders")
        instrument_id = scale_by_symbol(query.symbol).instrument_id if query.symbol else None
        rows, following = read_page(
            query,
            list_name="orders",
            read=lambda limit, before: orders.orders(
                account_id=self.account_id,
                is_open=None if query.status is None else query.status == "open",
                instrument_id=instrument_id,
                limit=limit,
                before_order_id=before,
            ),
            key_of=lambda view: view.order_id,
        )
        results = [presenting.order(view, scale=scale_by_id(view.instrument_id)) for view in rows]
        return answer(answers.Orders(results=results, next=following), sequence=reading.sequence)

    @operation(
        scope=TRADE,
        body=requests.NewOrder,
        answers={201: answers.OrderResult, 200: answers.OrderResult},
        errors=PLACE_ERRORS,
    )
    def post(self, request: Request, body: requests.NewOrder) -> Response:
        """Place an order.

        The answer is the order after matching. The same client order id with the same content again answers 200, the
        order as it is now, and `repeated: true`.
        """
        result, sequence = _carry_out(self, self.desk.place(body, command_id=self.principal.command_id))
        return answer(result, status=200 if result.repeated else 201, sequence=sequence)

    @operation(
        scope=TRADE,
        query=requests.CancelAllQuery,
        answers={200: answers.CancelledOrders},
        errors=("instrument_not_found", "instrument_halted", *ENGINE_ERRORS),
        cost=0,
    )
    def delete(self, request: Request, query: requests.CancelAllQuery) -> Response:
        """Cancel all open orders, or those of one instrument.

        Free, unless there was nothing to cancel. Orders in a halted instrument stay.
        """
        command = self.desk.cancel_all(query, command_id=self.principal.command_id)
        content = self.desk.cancelled(gateway.submit(command))
        return answer(content, sequence=content.sequence)


class CancelAfterEndpoint(DeskEndpoint):
    @operation(scope=TRADE, body=requests.CancelAfter, answers={200: answers.CancelAfterState}, errors=ENGINE_ERRORS)
    def post(self, request: Request, body: requests.CancelAfter) -> Response:
        """Arm, renew or switch off the dead man's switch.

        When `timeout` passes without another call, all open orders of the account are cancelled, those in halted
        instruments too. It lives in the engine: it fires whether or not anything else of the exchange is up.
        """
        command = self.desk.cancel_after(body, command_id=self.principal.command_id)
        content = self.desk.switched(gateway.submit(command))
        return answer(content, sequence=content.sequence)


class OrderEndpoint(DeskEndpoint):
    @operation(scope=READ, answers={200: answers.Order}, errors=("order_not_found",), is_read=True)
    def get(self, request: Request, order_id: int) -> Response:
        """An order of the account."""
        reading = private_reading(request, "orders")
        view = orders.order(account_id=self.account_id, order_id=order_id)
        if view is None:
            raise reading.not_found("order_not_found")
        return answer(presenting.order(view, scale=scale_by_id(view.instrument_id)), sequence=reading.sequence)

    @operation(scope=TRADE, body=requests.OrderChange, answers={200: answers.OrderResult}, errors=AMEND_ERRORS)
    def patch(self, request: Request, order_id: int, body: requests.OrderChange) -> Response:
        """Change quantity, price or both of an open order.

        A lower quantity keeps the order's priority; all else loses it and is checked like a new order. The id stays.
        """
        command = self.desk.amend(body, order_id=order_id, command_id=self.principal.command_id)
        result, sequence = _carry_out(self, command)
        return answer(result, sequence=sequence)

    @operation(scope=TRADE, answers={200: answers.OrderResult}, errors=CANCEL_ERRORS, cost=0)
    def delete(self, request: Request, order_id: int) -> Response:
        """Cancel an order. Free, unless there is no such open order."""
        return _cancel(self, requests.CancelFields(id=order_id))


class OrderByClientIdEndpoint(DeskEndpoint):
    @operation(scope=READ, answers={200: answers.Order}, errors=("order_not_found",), is_read=True)
    def get(self, request: Request, client_order_id: str) -> Response:
        """The account's newest order with this client order id."""
        reading = private_reading(request, "orders")
        view = orders.order_by_client_id(account_id=self.account_id, client_order_id=client_order_id)
        if view is None:
            raise reading.not_found("order_not_found")
        return answer(presenting.order(view, scale=scale_by_id(view.instrument_id)), sequence=reading.sequence)

    @operation(scope=TRADE, answers={200: answers.OrderResult}, errors=CANCEL_ERRORS, cost=0)
    def delete(self, request: Request, client_order_id: str) -> Response:
        """Cancel the open order with this client order id. Free, unless there is none."""
        return _cancel(self, requests.CancelFields(client_order_id=client_order_id))


class BatchEndpoint(DeskEndpoint):
    @operation(
        scope=TRADE,
        body=requests.Batch,
        answers={200: answers.BatchResult},
        errors=("engine_busy",),
        cost=0,
    )
    def post(self, request: Request, body: requests.Batch) -> Response:
        """Place, amend and cancel up to 50 orders, in order.

        Not atomic: each operation has its own result or error. A place or amend costs as much as alone.
        """
        throttles.charge(request, cost=batch_cost(body))
        commands = self.desk.batch(body, command_id=self.principal.command_id)
        sent = [command for command in commands if not isinstance(command, ApiError)]
        content = self.desk.batch_result(commands, iter(gateway.submit_many(sent) if sent else []))
        sequences = [item.result.sequence for item in content.results if isinstance(item.result, answers.OrderResult)]
        return answer(content, sequence=max(sequences, default=None))


def _carry_out(view: DeskEndpoint, command: OrderCommand) -> tuple[answers.OrderResult, int]:
    """The order after the command, and the command's sequence."""
    (outcome,) = gateway.submit_many([command])
    result = view.desk.result(command, outcome)
    assert not isinstance(outcome, ApiError), "the desk raises a refusal"
    return result, outcome.sequence


def _cancel(view: DeskEndpoint, item: requests.CancelFields) -> Response:
    result, sequence = _carry_out(view, view.desk.cancel(item, command_id=view.principal.command_id))
    return answer(result, sequence=sequence)
