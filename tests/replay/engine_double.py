"""The real engine behind the gateway's two calls, without processes: what a replay needs of a running exchange."""

from exchange.contract.errors import ApiError
from trading.engine.commands import ListInstrument, OpenAccount, TransferCollateral
from trading.engine.engine import Engine
from trading.engine.events import CommandRefused
from trading.replay.instrument import PARAMETERS, TERMS

MAKER_ID, TAKER_IDS = 1, [2, 3]
FUNDS_UNITS = 10**15


class EngineDouble:
    """Time moves 1 ms a command. `refuse_next` answers as many calls as it has codes with that code."""

    def __init__(self):
        self.engine = Engine()
        self.commands = []
        self.refuse_next = []
        self._execute(ListInstrument(b"", 0, TERMS, PARAMETERS))
        for account_id in (MAKER_ID, *TAKER_IDS):
            self._execute(OpenAccount(b"", 0, account_id, account_id))
            self._execute(TransferCollateral(b"", 0, account_id, "USDT", FUNDS_UNITS, account_id))

    def deadline_ns(self):
        return self.engine.state.time_ns + 5 * 10**9

    def submit_soon(self, commands, *, timeout_s):
        if self.refuse_next:
            code = self.refuse_next.pop(0)
            return lambda: [ApiError(code) for _ in commands]
        self.commands += commands
        answers = [self._execute(command) for command in commands]
        return lambda: answers

    def levels(self):
        """The engine's book as {side * price_ticks: lots}."""
        book = self.engine.state.instruments[TERMS.instrument_id].book
        return {
            ladder.side * level.price_ticks: level.lots for ladder in (book.bids, book.asks) for level in ladder.walk()
        }

    def _execute(self, command):
        self.engine.execute(command, self.engine.state.time_ns + 10**6)
        outcome = self.engine.outcome()
        refusal = next((event for event in outcome.events if isinstance(event, CommandRefused)), None)
        return ApiError(refusal.code) if refusal else outcome
