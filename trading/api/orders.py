"""Orders: place, amend and cancel, one or many; and the account's orders as they are."""

from typing import Final

from rest_framework.request import Request
from rest_framework.response import Response

from exchange.contract.digests import item_command_id
from exchange.contract.errors import ApiError
from exchange.identity import throttles
from exchange.identity.scopes import READ, TRADE
from trading.api import answers, parsing, presenting, requests
from trading.api.listed import scale_by_id, scale_by_symbol
from trading.api.operations import Endpoint, answer, operation
from trading.api.outcomes import charge_missed_cancel, instrument_id_of, order_result, why_not_open
from trading.api.pages import read_page
from trading.api.reading import private_reading
from trading.engine.commands import AmendOrder, CancelAfter, CancelAllOrders, CancelOrder, PlaceOrder
from trading.engine.events import OrderCancelled
from trading.engine.replies import Outcome
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


class OrdersEndpoint(Endpoint):
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
        command = _place(body, account_id=self.account_id, command_id=self.principal.command_id)
        outcome = gateway.submit(command)
        result = order_result(outcome, account_id=self.account_id)
        return answer(result, status=200 if result.repeated else 201, sequence=outcome.sequence)

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
        instrument_id = scale_by_symbol(query.symbol).instrument_id if query.symbol else 0
        outcome = gateway.submit(
            CancelAllOrders(self.principal.command_id, gateway.deadline_ns(), self.account_id, instrument_id)
        )
        cancelled = [event.order_id for event in outcome.events if isinstance(event, OrderCancelled)]
        if not cancelled:
            charge_missed_cancel(request)
        return answer(
            answers.CancelledOrders(cancelled=cancelled, sequence=outcome.sequence), sequence=outcome.sequence
        )


class CancelAfterEndpoint(Endpoint):
    @operation(scope=TRADE, body=requests.CancelAfter, answers={200: answers.CancelAfterState}, errors=ENGINE_ERRORS)
    def post(self, request: Request, body: requests.CancelAfter) -> Response:
        """Arm, renew or switch off the dead man's switch.

        When `timeout` passes without another call, all open orders of the account are cancelled, those in halted
        instruments too. It lives in the engine: it fires whether or not anything else of the exchange is up.
        """
        timeout_ns = body.timeout * parsing.NS_PER_MS
        outcome = gateway.submit(
            CancelAfter(self.principal.command_id, gateway.deadline_ns(), self.account_id, timeout_ns)
        )
        (switch,) = outcome.events
        cancel_at = presenting.milliseconds(switch.deadline_ns) if switch.deadline_ns else None
        return answer(
            answers.CancelAfterState(cancel_at=cancel_at, sequence=outcome.sequence), sequence=outcome.sequence
        )


class OrderEndpoint(Endpoint):
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
        command = _amend(body, order_id=order_id, account_id=self.account_id, command_id=self.principal.command_id)
        try:
            outcome = gateway.submit(command)
        except ApiError as error:
            raise why_not_open(error, account_id=self.account_id, order_id=order_id) from None
        return answer(order_result(outcome, account_id=self.account_id), sequence=outcome.sequence)

    @operation(scope=TRADE, answers={200: answers.OrderResult}, errors=CANCEL_ERRORS, cost=0)
    def delete(self, request: Request, order_id: int) -> Response:
        """Cancel an order. Free, unless there is no such open order."""
        return _cancel(self, request, requests.CancelItem(id=order_id))


class OrderByClientIdEndpoint(Endpoint):
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
        return _cancel(self, request, requests.CancelItem(client_order_id=client_order_id))


class BatchEndpoint(Endpoint):
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
        throttles.charge(request, cost=sum(not isinstance(item, requests.CancelItem) for item in body.operations))
        commands = [self._command(index, item) for index, item in enumerate(body.operations)]
        sent = [command for command in commands if not isinstance(command, ApiError)]
        outcomes = iter(gateway.submit_many(sent) if sent else [])
        results = [
            command if isinstance(command, ApiError) else self._result(request, command, next(outcomes))
            for command in commands
        ]
        sequence = max((result.sequence for result in results if isinstance(result, answers.OrderResult)), default=None)
        return answer(answers.BatchResult(results=[_item(result) for result in results]), sequence=sequence)

    def _command(self, index: int, item: requests.BatchItem) -> PlaceOrder | AmendOrder | CancelOrder | ApiError:
        ids = {"account_id": self.account_id, "command_id": item_command_id(self.principal.command_id, index)}
        try:
            match item:
                case requests.PlaceItem():
                    return _place(item, **ids)
                case requests.AmendItem():
                    return _amend(item, order_id=item.id, **ids)
                case _:
                    return parsing.cancel_order(item, valid_until_ns=gateway.deadline_ns(), **ids)
        except ApiError as error:
            return error

    def _result(
        self, request: Request, command: PlaceOrder | AmendOrder | CancelOrder, outcome: Outcome | ApiError
    ) -> answers.OrderResult | ApiError:
        try:
            if isinstance(outcome, ApiError):
                return self._refusal(request, command, outcome)
            return order_result(outcome, account_id=self.account_id)
        except ApiError as error:
            return error

    def _refusal(self, request: Request, command: PlaceOrder | AmendOrder | CancelOrder, error: ApiError) -> ApiError:
        match command:
            case CancelOrder():
                return _missed_cancel(request, command, error)
            case AmendOrder():
                return why_not_open(error, account_id=self.account_id, order_id=command.order_id)
            case _:
                return error


def _place(order: requests.NewOrder, *, account_id: int, command_id: bytes) -> PlaceOrder:
    return parsing.place_order(
        order,
        scale=scale_by_symbol(order.symbol),
        account_id=account_id,
        command_id=command_id,
        valid_until_ns=gateway.deadline_ns(),
    )


def _amend(change: requests.OrderChange, *, order_id: int, account_id: int, command_id: bytes) -> AmendOrder:
    return parsing.amend_order(
        change,
        order_id=order_id,
        scale=scale_by_id(instrument_id_of(account_id=account_id, order_id=order_id)),
        account_id=account_id,
        command_id=command_id,
        valid_until_ns=gateway.deadline_ns(),
    )


def _cancel(view: Endpoint, request: Request, item: requests.CancelItem) -> Response:
    command = parsing.cancel_order(
        item,
        account_id=view.account_id,
        command_id=view.principal.command_id,
        valid_until_ns=gateway.deadline_ns(),
    )
    try:
        outcome = gateway.submit(command)
    except ApiError as error:
        raise _missed_cancel(request, command, error) from None
    return answer(order_result(outcome, account_id=view.account_id), sequence=outcome.sequence)


def _missed_cancel(request: Request, command: CancelOrder, error: ApiError) -> ApiError:
    if error.code in ("order_not_found", "order_already_closed"):
        charge_missed_cancel(request)
    return why_not_open(
        error,
        account_id=command.account_id,
        order_id=command.order_id,
        client_order_id=command.client_order_id,
    )


def _item(result: answers.OrderResult | ApiError) -> answers.ItemResult:
    if isinstance(result, ApiError):
        return answers.ItemResult(error=presenting.error_body(result))
    return answers.ItemResult(result=result)
