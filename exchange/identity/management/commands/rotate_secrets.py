"""manage.py rotate_secrets: encrypts every stored secret under the first of SECRET_KEYS."""

from typing import Any

from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError

from exchange.identity.services import rotate_secrets


class Command(BaseCommand):
    help = "Encrypts every stored secret under the first of SECRET_KEYS; the other keys may be dropped afterwards."

    def handle(self, **options: Any) -> None:
        try:
            count = rotate_secrets()
        except InvalidToken:
            raise CommandError("A secret was encrypted by none of SECRET_KEYS: add its key. Nothing changed.") from None
        self.stdout.write(f"{count} secrets are now encrypted under the first key.")
