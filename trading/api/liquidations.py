"""Liquidations and the insurance fund."""

from rest_framework.request import Request
from rest_framework.response import Response

from exchange.identity.scopes import PUBLIC, READ
from trading.api import requests, risk_answers, risk_presenting
from trading.api.listed import listed_now, scale_by_id
from trading.api.markets import NOT_LISTED
from trading.api.operations import Endpoint, answer, operation
from trading.api.pages import read_page
from trading.api.reading import private_reading, public_reading
from trading.api.scales import scale_of
from trading.core.terms import INSURANCE_FUND
from trading.selectors import accounts, liquidations
from trading.selectors.insurance_fund import fund_holdings


class InsuranceFundEndpoint(Endpoint):
    @operation(scope=PUBLIC, query=requests.Page, answers={200: risk_answers.InsuranceFund}, is_read=True)
    def get(self, request: Request, query: requests.Page) -> Response:
        """The insurance fund: what it has, and every change of it with its cause."""
        reading = public_reading(request, "ledger")
        lines, following = read_page(
            query,
            list_name="insurance fund",
            read=lambda limit, before: accounts.ledger_lines(
                account_id=INSURANCE_FUND, limit=limit, before_posting_id=before
            ),
            key_of=lambda line: line.posting_id,
        )
        holdings = fund_holdings()
        content = risk_presenting.insurance_fund(
            balance_units=holdings.balance_units,
            held=holdings.positions,
            marks=holdings.marks,
            lines=lines,
            following=following,
            scale_by_id=scale_by_id,
        )
        return answer(content, sequence=reading.sequence)


class LiquidationsEndpoint(Endpoint):
    @operation(scope=READ, query=requests.Page, answers={200: risk_answers.Liquidations}, is_read=True)
    def get(self, request: Request, query: requests.Page) -> Response:
        """The account's liquidations, and those that deleveraged it."""
        reading = private_reading(request, "liquidations")
        rows, following = read_page(
            query,
            list_name="liquidations",
            read=lambda limit, before: liquidations.liquidations(
                account_id=self.account_id, limit=limit, before_id=before
            ),
            key_of=lambda row: row.liquidation_id,
        )
        results = [
            risk_presenting.liquidation(row, account_id=self.account_id, scale_by_id=scale_by_id) for row in rows
        ]
        return answer(risk_answers.Liquidations(results=results, next=following), sequence=reading.sequence)


class LiquidationEndpoint(Endpoint):
    @operation(scope=READ, answers={200: risk_answers.LiquidationStory}, errors=("not_found",), is_read=True)
    def get(self, request: Request, liquidation_id: int) -> Response:
        """The story of a liquidation, step by step, with the numbers each step was decided on."""
        reading = private_reading(request, "liquidations")
        found = liquidations.story(account_id=self.account_id, liquidation_id=liquidation_id)
        if found is None:
            raise reading.not_found("not_found")
        content = risk_presenting.story(
            found, account_id=self.account_id, sequence=reading.sequence, scale_by_id=scale_by_id
        )
        return answer(content, sequence=reading.sequence)


class PublicLiquidationsEndpoint(Endpoint):
    @operation(
        scope=PUBLIC,
        query=requests.Page,
        answers={200: risk_answers.PublicLiquidations},
        errors=NOT_LISTED,
        is_read=True,
    )
    def get(self, request: Request, symbol: str, query: requests.Page) -> Response:
        """What liquidations closed in an instrument, without whose it was."""
        reading = public_reading(request, "liquidations")
        scale = scale_of(listed_now(symbol).terms)
        rows, following = read_page(
            query,
            list_name=f"liquidations of {symbol}",
            read=lambda limit, before: liquidations.closed_in_public(
                instrument_id=scale.instrument_id, limit=limit, before_sequence=before
            ),
            key_of=lambda row: row.sequence,
        )
        results = [risk_presenting.public_liquidation(row, scale=scale) for row in rows]
        return answer(risk_answers.PublicLiquidations(results=results, next=following), sequence=reading.sequence)
