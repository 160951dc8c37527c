"""The account: its money, positions, fills, ledger, and transfers between funding wallet and margin collateral."""

from typing import Final

from rest_framework.request import Request
from rest_framework.response import Response

from exchange.identity.scopes import READ, TRADE, TRANSFER
from exchange.identity.selectors import own_accounts
from trading.api import answers, parsing, presenting, requests
from trading.api.listed import scale_by_id, scale_by_symbol
from trading.api.operations import Endpoint, answer, operation
from trading.api.orders import ENGINE_ERRORS
from trading.api.pages import read_page
from trading.api.position_settings import change_position
from trading.api.reading import check_reached, minimum_sequence, private_reading
from trading.engine.commands import DescribeAccount
from trading.engine.replies import AccountView
from trading.selectors import accounts
from trading.services import collateral, gateway
from trading.services.deleveraging_queues import lights_of

QUERY_ERRORS: Final = ("engine_busy", "read_behind")


class AccountsEndpoint(Endpoint):
    @operation(scope=READ, answers={200: answers.Accounts})
    def get(self, request: Request) -> Response:
        """The user's trading accounts; for an API key the one it acts for."""
        principal = self.principal
        rows = [
            row
            for row in own_accounts(user=principal.user)
            if principal.key_id is None or row.id == principal.account_id
        ]
        return answer(answers.Accounts(results=[presenting.account_summary(row) for row in rows]))


class AccountEndpoint(Endpoint):
    @operation(scope=READ, answers={200: answers.Account}, errors=QUERY_ERRORS, is_read=True)
    def get(self, request: Request) -> Response:
        """The account's collateral and margin, from the engine itself."""
        view = _describe(self, request)
        return answer(presenting.account(view, scale_by_id=scale_by_id), sequence=view.sequence)


class PositionsEndpoint(Endpoint):
    @operation(scope=READ, answers={200: answers.Positions}, errors=QUERY_ERRORS, is_read=True)
    def get(self, request: Request) -> Response:
        """The account's positions, from the engine itself.

        Queues of deleveraging are measured every ten seconds; the light is where a position's rank stands in the last.
        """
        view = _describe(self, request)
        lights = lights_of(view)
        results = [
            presenting.position(held, scale=scale_by_id(held.instrument_id), light=lights.get(held.instrument_id, 0))
            for held in view.positions
        ]
        return answer(answers.Positions(results=results, sequence=view.sequence), sequence=view.sequence)


class PositionEndpoint(Endpoint):
    @operation(
        scope=TRADE,
        body=requests.PositionChange,
        answers={200: answers.PositionSettings},
        errors=(
            "instrument_not_found",
            "leverage_too_high",
            "insufficient_margin",
            "insufficient_funds",
            *ENGINE_ERRORS,
        ),
    )
    def patch(self, request: Request, symbol: str, body: requests.PositionChange) -> Response:
        """Set the account's leverage and margin mode in an instrument, and change its isolated margin.

        Several changes are made in this order, each for itself: leverage, margin_mode, isolated_margin_change. One that
        is refused ends the request; `details.done` names those that were made before it.
        """
        scale = scale_by_symbol(symbol)
        principal = self.principal
        content = change_position(body, account_id=self.account_id, command_id=principal.command_id, scale=scale)
        return answer(content, sequence=content.sequence)


class FillsEndpoint(Endpoint):
    @operation(
        scope=READ,
        query=requests.FillsQuery,
        answers={200: answers.Fills},
        errors=("instrument_not_found",),
        is_read=True,
    )
    def get(self, request: Request, query: requests.FillsQuery) -> Response:
        """The account's fills, newest first."""
        reading = private_reading(request, "fills")
        instrument_id = scale_by_symbol(query.symbol).instrument_id if query.symbol else None
        rows, following = read_page(
            query,
            list_name="fills",
            read=lambda limit, before: accounts.fills(
                account_id=self.account_id, instrument_id=instrument_id, limit=limit, before_fill_id=before
            ),
            key_of=lambda row: row.fill_id,
        )
        results = [presenting.fill(row, scale=scale_by_id(row.instrument_id)) for row in rows]
        return answer(answers.Fills(results=results, next=following), sequence=reading.sequence)


class LedgerEndpoint(Endpoint):
    @operation(scope=READ, query=requests.Page, answers={200: answers.Ledger}, is_read=True)
    def get(self, request: Request, query: requests.Page) -> Response:
        """Every change of the account's collateral, newest first."""
        reading = private_reading(request, "ledger")
        rows, following = read_page(
            query,
            list_name="ledger",
            read=lambda limit, before: accounts.ledger_lines(
                account_id=self.account_id, limit=limit, before_posting_id=before
            ),
            key_of=lambda row: row.posting_id,
        )
        content = answers.Ledger(
            results=[presenting.ledger_entry(row, scale_by_id=scale_by_id) for row in rows], next=following
        )
        return answer(content, sequence=reading.sequence)


class TransfersEndpoint(Endpoint):
    @operation(
        scope=TRANSFER,
        body=requests.NewTransfer,
        answers={201: answers.Transfer},
        errors=("insufficient_funds", "idempotency_conflict", *ENGINE_ERRORS),
    )
    def post(self, request: Request, body: requests.NewTransfer) -> Response:
        """Move money between the funding wallet and the margin collateral.

        The same idempotency key with the same content again answers the same transfer and moves nothing.
        """
        row = collateral.transfer(
            account_id=self.account_id,
            asset=body.asset,
            amount_units=parsing.transfer_units(body),
            idempotency_key=body.idempotency_key,
        )
        return answer(presenting.transfer(row), status=201, sequence=row.sequence)


def _describe(view: Endpoint, request: Request) -> AccountView:
    demanded = minimum_sequence(request)
    described = gateway.ask(DescribeAccount(gateway.new_command_id(), gateway.deadline_ns(), view.account_id))
    check_reached(described.sequence, demanded)
    return described
