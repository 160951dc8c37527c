"""What a gateway would hand to whoever sent a command, straight from an engine."""

from trading.engine.answers import outcome_of
from trading.engine.commands import ExternalCommand, InternalCommand
from trading.engine.engine import Engine
from trading.engine.events import Record
from trading.engine.replies import Outcome, Standing


def execute(engine: Engine, command: ExternalCommand, time_ns: int) -> tuple[list[Record], Outcome]:
    """The records of the command and what followed from it, and what its sender is told."""
    standings: list[Standing] = []
    records = engine.execute(command, time_ns, standings)
    (record,) = (record for record in records if not isinstance(record.command, InternalCommand))
    (standing,) = standings
    return records, outcome_of(record, standing)
