"""Letters to users: rendered from templates/identity/mail, sent by the mail server or, in development, into files."""

import logging
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.filebased import EmailBackend
from django.template.loader import render_to_string

log = logging.getLogger(__name__)


def send(name: str, *, to: str, context: dict[str, Any]) -> None:
    """The template's first line is the subject."""
    subject, _, body = render_to_string(f"identity/mail/{name}.txt", context).partition("\n\n")
    deliver(EmailMessage(subject.strip(), body, to=[to]))


def deliver(message: EmailMessage) -> None:
    """A letter that cannot be sent is logged: what it tells of has been done, and strangers learn nothing by it."""
    try:
        message.send()
    except OSError:  # SMTP's errors are among them
        log.exception("A letter could not be sent: %s", message.subject)


class PrivateFiles(EmailBackend):
    """Writes letters into files that only we can read: they hold links that open accounts."""

    def __init__(self, *args: Any, **options: Any) -> None:
        Path(settings.EMAIL_FILE_PATH).mkdir(mode=0o700, parents=True, exist_ok=True)
        super().__init__(*args, **options)

    def open(self) -> bool:
        if self.stream is not None:
            return False
        file = os.open(self._get_filename(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, mode=0o600)
        self.stream = os.fdopen(file, "ab")
        return True
