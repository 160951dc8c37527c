"""manage.py fund_insurance AMOUNT --by EMAIL --reason TEXT: the exchange's own money into the insurance fund."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance.rights import OPERATE
from compliance.services.audit import Mandate
from exchange.contract.errors import ApiError
from exchange.contract.numbers import parse_scaled
from exchange.identity.models import User
from trading.core.listing import SETTLEMENT_STEPS
from trading.services.collateral import transfer_to_fund

ASSET = "USDT"


class Command(BaseCommand):
    help = f"Moves {ASSET} of the exchange into the insurance fund, or back when below zero; the audit trail says who."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("amount", help=f"decimal, in {ASSET}")
        parser.add_argument("--by", required=True, metavar="EMAIL", help="the operator who does it")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--key", default=None, help="the same key again moves nothing more")

    def handle(self, *, amount: str, by: str, reason: str, key: str | None, **options: Any) -> None:
        operator = User.objects.filter(email=by.strip().lower()).first()
        if operator is None or not operator.has_perm(OPERATE):
            raise CommandError(f"{by} is no operator.")
        try:
            row = transfer_to_fund(
                asset=ASSET,
                amount_units=parse_scaled(amount, step=SETTLEMENT_STEPS[ASSET], field="amount", signed=True),
                idempotency_key=f"command-{key or secrets.token_hex(8)}",
                mandate=Mandate(operator, reason),
            )
        except ApiError as refusal:
            raise CommandError(f"{refusal.message} ({refusal.code})") from None
        self.stdout.write(f"Done, sequence {row.sequence}.")
