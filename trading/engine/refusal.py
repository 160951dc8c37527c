"""A refusal is an event like any other."""

from __future__ import annotations

from trading.engine.commands import JournaledCommand
from trading.engine.events import AnyEvent, CommandRefused


def refuse(command: JournaledCommand, code: str) -> list[AnyEvent]:
    """The one event of a refused command; `code` is the API's error code."""
    return [CommandRefused(getattr(command, "account_id", 0), code)]
