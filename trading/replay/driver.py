"""Drives the running exchange with a recording: plans ahead, sends in order, learns from the answers."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from exchange.contract.errors import ApiError
from trading.engine.commands import Command
from trading.engine.events import TradeExecuted
from trading.engine.replies import Outcome
from trading.replay.book import RecordedBook
from trading.replay.planner import Planner, Step
from trading.replay.recording import DELTA, MARKET_PRINT, SNAPSHOT, TRADE, Message
from trading.replay.report import Tally

BATCH_COMMANDS = 500
BATCHES_AHEAD = 4
ANSWER_TIMEOUT_S = 10.0
PATIENCE_S = 60.0
PAUSE_S = 0.2
MAXIMUM_RESTARTS = 20
TRY_AGAIN = frozenset({"engine_busy", "engine_unavailable", "outcome_unknown", "rate_limited"})

Answer = Outcome | ApiError
Best = tuple[int, int]


class Gateway(Protocol):
    def deadline_ns(self) -> int: ...

    def submit_soon(self, commands: Sequence[Command], *, timeout_s: float) -> Callable[[], list[Answer]]: ...


class ReplayFailed(Exception):
    """The exchange does not let the replay go on, in one sentence."""


class Batch(NamedTuple):
    """Steps on their way. `checks`: best prices of the recording that the engine must show after them."""

    steps: list[Step]
    answers: Callable[[], list[Answer]]
    checks: list[Best]


class Driver:
    """One replay. Some batches are on their way while the next ones are being planned."""

    def __init__(self, *, gateway: Gateway, planner: Planner, progress: Callable[[Tally], None]) -> None:
        self.tally = Tally()
        self._gateway = gateway
        self._planner = planner
        self._book: RecordedBook = planner.book
        self._progress = progress
        self._trades: list[Step] = []
        self._ahead: deque[Batch] = deque()
        self._best: Best = (0, 0)

    def run(self, messages: Iterable[Message]) -> Tally:
        """Replays the messages. Raises ReplayFailed when the exchange stays away or refuses to be set right."""
        started = time.monotonic()
        for message in messages:
            self.tally.messages += 1
            if message.kind == TRADE:
                self._trade(message)
            elif message.kind in (SNAPSHOT, DELTA):
                self._depth(message)
            self.tally.seconds = time.monotonic() - started
            self._progress(self.tally)
        self._send(self._take_trades(), [])
        self._settle(ahead=0)
        while self._planner.must_restart:
            self._send(self._restart() + self._planner.plan(), [])
            self._settle(ahead=0)
        self.tally.seconds = time.monotonic() - started
        return self.tally

    def _trade(self, message: Message) -> None:
        if not self._book.is_synchronised:
            return
        if message.print_type != MARKET_PRINT:
            self.tally.prints_off_the_book += 1
            return
        for level in message.levels:
            self._trades.append(self._planner.take(**level._asdict()))
            self.tally.trades_sent += 1
            self.tally.trade_lots += level.quantity_lots

    def _depth(self, message: Message) -> None:
        is_first = not self._book.is_synchronised
        touched = self._book.feed(message)
        if touched is None:
            return
        self._planner.touch(touched)
        steps = self._take_trades()
        if self._planner.must_restart:
            self._send(steps, [])
            self._settle(ahead=0)
            steps = self._restart()
        elif is_first:
            steps = self._planner.restart()
        steps += self._planner.plan()
        self.tally.depth_messages += 1
        self._send(steps, [self._book.best()])

    def _restart(self) -> list[Step]:
        self.tally.restarts += 1
        if self.tally.restarts > MAXIMUM_RESTARTS:
            raise ReplayFailed(
                f"The book was lost {MAXIMUM_RESTARTS} times; the last refusals were {dict(self.tally.refused)}."
            )
        return self._planner.restart()

    def _take_trades(self) -> list[Step]:
        trades, self._trades = self._trades, []
        return trades

    def _send(self, steps: list[Step], checks: list[Best]) -> None:
        """Without steps nothing changes: the checks then belong to what was sent before."""
        if not steps:
            if self._ahead:
                self._ahead[-1].checks.extend(checks)
            else:
                self._check(checks)
            return
        for start in range(0, len(steps), BATCH_COMMANDS):
            part = steps[start : start + BATCH_COMMANDS]
            is_last = start + BATCH_COMMANDS >= len(steps)
            answers = self._submit([step.command for step in part])
            self._ahead.append(Batch(part, answers, list(checks) if is_last else []))
            self._settle(ahead=BATCHES_AHEAD)

    def _submit(self, commands: list[Command]) -> Callable[[], list[Answer]]:
        deadline_ns = self._gateway.deadline_ns()
        stamped = [msgspec.structs.replace(command, valid_until_ns=deadline_ns) for command in commands]
        return self._gateway.submit_soon(stamped, timeout_s=ANSWER_TIMEOUT_S)

    def _final_answers(self, batch: Batch) -> list[Answer]:
        """Waits. Sends again, with the same command ids, what was not answered for good; then the order is lost, and
        with it the book."""
        give_up_at = time.monotonic() + PATIENCE_S
        answers = batch.answers()
        while open_ones := [index for index, answer in enumerate(answers) if _is_open(answer)]:
            if time.monotonic() > give_up_at:
                raise ReplayFailed(f"The engine has not answered for {PATIENCE_S:.0f} s: is it running?")
            time.sleep(PAUSE_S)
            self._planner.must_restart = True
            self.tally.retries += 1
            answers_again = self._submit([batch.steps[index].command for index in open_ones])()
            for index, answer in zip(open_ones, answers_again, strict=True):
                answers[index] = answer
        return answers

    def _settle(self, *, ahead: int) -> None:
        """Takes in the answers of the oldest batches until at most `ahead` are on their way."""
        while len(self._ahead) > ahead:
            batch = self._ahead.popleft()
            for step, answer in zip(batch.steps, self._final_answers(batch), strict=True):
                self.tally.commands += 1
                if isinstance(answer, ApiError):
                    self.tally.refused[answer.code] += 1
                    self._planner.refused(step, answer.code)
                else:
                    self._answered(step, answer)
            self._check(batch.checks)

    def _answered(self, step: Step, outcome: Outcome) -> None:
        tally = self.tally
        tally.sequence = max(tally.sequence, outcome.sequence)  # a repeated command has its first outcome
        self._best = (outcome.best_bid_ticks, outcome.best_ask_ticks)
        self._planner.answered(step, outcome)
        if step.fills is not None:
            fills = [event.quantity_lots for event in outcome.events if isinstance(event, TradeExecuted)]
            tally.fills += len(fills)
            tally.filled_lots += sum(fills)
            tally.trades_filled += step.command.quantity_lots == sum(fills)

    def _check(self, checks: list[Best]) -> None:
        """The last answer shows the best prices right after its command; where they differ the best are set anew."""
        for best in checks:
            if best == self._best:
                self.tally.matched += 1
            else:
                self._planner.suspect_best()


def _is_open(answer: Answer) -> bool:
    return isinstance(answer, ApiError) and answer.code in TRY_AGAIN
