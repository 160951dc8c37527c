"""What a gateway would hand to whoever sent a command, straight from an engine."""

from trading.engine.answers import decode_answers, encode_answers
from trading.engine.commands import ExternalCommand, InternalCommand
from trading.engine.engine import Engine
from trading.engine.events import Record
from trading.engine.replies import Outcome, StandingFields
from trading.engine.wire import encode_records


def execute(engine: Engine, command: ExternalCommand, time_ns: int) -> tuple[list[Record], Outcome]:
    """The records of the command and what followed from it, and what its sender is told."""
    standings: list[StandingFields] = []
    records = engine.execute(command, time_ns, standings)
    (record,) = (record for record in records if not isinstance(record.command, InternalCommand))
    (outcome,) = decode_answers(encode_answers(encode_records([record]), standings, []))
    assert isinstance(outcome, Outcome)
    return records, outcome
