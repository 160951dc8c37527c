"""The single-threaded engine: commands in, records out. No clock, no I/O; whoever drives it brings both.

records = engine.execute(command, time_ns, standings)   # decided and applied; commit them before telling anybody
answers = encode_answers(encode_records([own]), standings, [])   # what its sender is told; own: its record of those
"""

from __future__ import annotations

from typing import Final

from trading.core.order_book import EMPTY
from trading.core.terms import STEP_DELEVERAGE
from trading.engine import commands as c
from trading.engine.apply import advance
from trading.engine.events import OrderPlaced, Record
from trading.engine.fields import fields_of_record
from trading.engine.queries import answer
from trading.engine.replies import AccountView, OrdersPreview, QueryRefused, StandingFields
from trading.engine.risk_events import LiquidationStepped
from trading.engine.state import CANCEL_AFTER_DUE, ORDER_EXPIRES, PARAMETERS_DUE, State
from trading.engine.views import order_state

INTERNAL_COMMANDS_A_CAUSE: Final = 1000
DELEVERAGING_COUNTS: Final = 100  # a record of deleveraging, as so many of those commands
_ORDER_COMMANDS: Final = frozenset((c.PlaceOrder, c.PlaceSpecialOrder, c.AmendOrder, c.CancelOrder))


class Engine:
    """One clearing domain's engine around its state."""

    def __init__(self, domain: int = 1, state: State | None = None) -> None:
        self.state = State(domain) if state is None else state

    def execute(
        self, command: c.ExternalCommand, time_ns: int, standings: list[StandingFields] | None = None
    ) -> list[Record]:
        """Decide and apply one external command and what follows from it; every record in order of sequence.

        time_ns: the stamp, not before `state.time_ns`. `standings` gets the command's, for whoever answers it.
        """
        state = self.state
        records: list[Record] = []
        if state.next_timer_ns <= time_ns:
            self._fire_timers(time_ns, records)
        if state.urgent or state.pending:
            self._drain(time_ns, records)
        events = advance(state, time_ns, command)
        records.append(Record(state.sequence, time_ns, 0, command, events))
        if standings is not None:  # of orders in place, which spares nearly every command a call
            order = state.subject
            if order is None or type(command) not in _ORDER_COMMANDS:
                standings.append(self._standing_without_order(command))
            else:
                book = order.position.instrument.book
                is_told = len(events) == 1 and isinstance(events[0], OrderPlaced)  # see `state_as_placed`
                standings.append((None if is_told else order_state(order), book.bids.best_key, book.asks.best_key))
        if state.urgent or state.pending:
            self._drain(time_ns, records)
        return records

    def drain(self) -> list[Record]:
        """Work off internal commands that still wait, at most 1,000 triggers; stamped as the last record."""
        records: list[Record] = []
        self._drain(self.state.time_ns, records)
        return records

    def answer(self, query: c.Query) -> AccountView | OrdersPreview | QueryRefused:
        """Answer a query from memory."""
        return answer(self.state, query)

    def fold(self, record: Record) -> None:
        """Apply a record that was decided before; raises ValueError unless it is the next one, of no earlier time."""
        state = self.state
        sequence, time_ns, _, command, events = fields_of_record(record)
        if sequence != state.sequence + 1:
            raise ValueError(f"record {sequence} does not follow {state.sequence}")
        if time_ns < state.time_ns:
            raise ValueError(f"record {sequence} is of {time_ns}, before {state.time_ns}")
        advance(state, time_ns, command, events)

    def next_timer_ns(self) -> int:
        """When the next timer is due, `NEVER_NS` when there is none."""
        return self.state.next_timer_ns

    def _standing_without_order(self, command: c.ExternalCommand) -> StandingFields:
        instrument = self.state.instruments.get(getattr(command, "instrument_id", 0))
        if instrument is None:
            return None, EMPTY, EMPTY
        return None, instrument.book.bids.best_key, instrument.book.asks.best_key

    def _run(self, command: c.JournaledCommand, time_ns: int, cause_sequence: int) -> Record:
        state = self.state
        events = advance(state, time_ns, command)
        return Record(state.sequence, time_ns, cause_sequence, command, events)

    def _fire_timers(self, time_ns: int, records: list[Record]) -> None:
        state = self.state
        while state.next_timer_ns <= time_ns:
            _, kind, first, second = state.timers[0]
            records.append(self._run(_command_of_timer(kind, first, second), time_ns, 0))

    def _drain(self, time_ns: int, records: list[Record]) -> None:
        urgent, pending = self.state.urgent, self.state.pending
        left = INTERNAL_COMMANDS_A_CAUSE
        while urgent or (pending and left > 0):
            left -= not urgent
            cause_sequence, command = (urgent or pending)[0]
            record = self._run(command, time_ns, cause_sequence)
            records.append(record)
            if type(command) is c.SettleFunding:
                left = 0  # chunks of a sweep are spread over the commands that come
            elif type(command) is c.Liquidate and _deleverages(record):
                left -= DELEVERAGING_COUNTS - 1


def _deleverages(record: Record) -> bool:
    first = record.events[0] if record.events else None
    return isinstance(first, LiquidationStepped) and first.step == STEP_DELEVERAGE


def _command_of_timer(kind: int, first: int, second: int) -> c.InternalCommand:
    if kind == PARAMETERS_DUE:
        return c.ActivateParameters(b"", 0, first, second)
    if kind == ORDER_EXPIRES:
        return c.ExpireOrder(b"", 0, second, first)
    if kind == CANCEL_AFTER_DUE:
        return c.FireCancelAfter(b"", 0, first)
    return c.ResumeInstrument(b"", 0, first)
