"""What a gateway would hand to whoever sent a command, straight from an engine."""

from trading.engine.answers import outcome_of
from trading.engine.commands import InternalCommand
from trading.engine.engine import Engine
from trading.engine.events import Record
from trading.engine.replies import Outcome


def last_outcome(engine: Engine, records: list[Record]) -> Outcome:
    """Of the command executed last, which gave these records."""
    (record,) = (record for record in records if not isinstance(record.command, InternalCommand))
    return outcome_of(record, engine.standing())
