"""What a gateway would hand to whoever sent a command, straight from an engine."""

from trading.engine.answers import outcome_of
from trading.engine.commands import ExternalCommand, InternalCommand
from trading.engine.engine import Engine
from trading.engine.events import Record
from trading.engine.replies import OrderState, Outcome, StandingFields


def execute(engine: Engine, command: ExternalCommand, time_ns: int) -> tuple[list[Record], Outcome]:
    """The records of the command and what followed from it, and what its sender is told."""
    standings: list[StandingFields] = []
    records = engine.execute(command, time_ns, standings)
    (record,) = (record for record in records if not isinstance(record.command, InternalCommand))
    ((fields, bid_key, ask_key),) = standings
    state = OrderState(*fields) if fields is not None else None
    return records, outcome_of(record, (state, bid_key, ask_key))
