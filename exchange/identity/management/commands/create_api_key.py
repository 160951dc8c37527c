"""manage.py create_api_key EMAIL --account NAME --label LABEL --scopes read,trade: prints the secret, once.

With --public-key KEY (Ed25519, base64 or PEM) there is no secret: the owner keeps the private key.
"""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exchange.contract.errors import ApiError
from exchange.identity.models import Account
from exchange.identity.services import create_api_key


def moment(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("write the expiry as 2027-03-27 or 2027-03-27T08:00+00:00") from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


class Command(BaseCommand):
    help = "Creates an API key and prints it, with its secret if it has one, which cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the owner")
        parser.add_argument("--account", required=True, help="name of the owner's trading account the key acts for")
        parser.add_argument("--label", required=True)
        parser.add_argument("--scopes", required=True, type=words, help="of read, trade, transfer; with commas")
        parser.add_argument("--networks", default=[], type=words, help="CIDR ranges the key is used from; with commas")
        parser.add_argument(
            "--public-key", default=None, metavar="KEY", help="Ed25519, of the owner, in base64 or as PEM"
        )
        parser.add_argument("--expires", default=None, type=moment, help="ISO 8601; without a zone: UTC")

    def handle(self, *, email: str, account: str, **options: Any) -> None:
        row = Account.objects.filter(owner__email=email.strip().lower(), name=account).first()
        if row is None:
            raise CommandError(f"There is no account {account!r} of {email}.")
        try:
            key, secret = create_api_key(
                account=row,
                label=options["label"],
                scopes=options["scopes"],
                networks=options["networks"],
                expires_at=options["expires"],
                public_key=options["public_key"],
            )
        except ApiError as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write(f"key     {key.public_id}")
        if secret:
            self.stdout.write(f"secret  {secret}")
