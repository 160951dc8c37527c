"""The real engine behind the gateway's calls, without processes: what a replay needs of a running exchange."""

from exchange.contract.errors import ApiError
from tests import outcomes
from trading.core.order_book import orders_of
from trading.engine.commands import ListInstrument, OpenAccount, TransferCollateral
from trading.engine.engine import Engine
from trading.engine.events import CommandRefused, CommandRepeated
from trading.replay.instrument import PARAMETERS, TERMS

MAKER_ID, TAKER_IDS = 1, [2, 3]
FUNDS_UNITS = 10**15
COMMAND_NS = 10**6
VALID_NS = 5 * 10**9


class EngineDouble:
    """Time moves 1 ms a command. Calls count from 0: `faults` gives a call's answer and whether it was done all the
    same, calls in `late` reach the engine after their deadline."""

    def __init__(self):
        self.engine = Engine()
        self.commands = []
        self.faults = {}
        self.late = set()
        self.calls = 0
        self._outcomes = {}
        self._execute(ListInstrument(b"", 0, TERMS, PARAMETERS))
        for account_id in (MAKER_ID, *TAKER_IDS):
            self._execute(OpenAccount(b"", 0, account_id, account_id))
            self._execute(TransferCollateral(b"", 0, account_id, "USDT", FUNDS_UNITS, account_id))

    def deadline_ns(self):
        return self.engine.state.time_ns + VALID_NS

    def submit_soon(self, commands, *, timeout_s):
        call, self.calls = self.calls, self.calls + 1
        code, is_done = self.faults.get(call, ("", True))
        answers = []
        if is_done:
            self.commands += commands
            delay_ns = VALID_NS + COMMAND_NS if call in self.late else 0
            answers = [self._execute(command, delay_ns) for command in commands]
        if code:
            answers = [ApiError(code) for _ in commands]
        return lambda: answers

    def levels(self):
        """The engine's book as {side * price_ticks: lots}."""
        book = self.engine.state.instruments[TERMS.instrument_id].book
        return {
            level.key: sum(order.open_lots for order in orders_of(level))
            for ladder in (book.bids, book.asks)
            for level in ladder.walk()
        }

    def _execute(self, command, delay_ns=0):
        _, outcome = outcomes.execute(self.engine, command, self.engine.state.time_ns + COMMAND_NS + delay_ns)
        if outcome.events and isinstance(outcome.events[0], CommandRepeated):
            return self._outcomes[command.command_id]
        refusal = next((event for event in outcome.events if isinstance(event, CommandRefused)), None)
        answer = ApiError(refusal.code) if refusal else outcome
        self._outcomes[command.command_id] = answer
        return answer
