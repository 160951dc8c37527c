"""Runs programs, prefixes what they print, starts them again when they die, and leaves none behind."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from exchange.embedded.program import Program, spawn

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 5.0
STEADY_AFTER_S = 10.0  # the death of one that lived this long is not held against it
STOP_TIMEOUT_S = 10.0
SERVER_STOP_TIMEOUT_S = 60.0  # PostgreSQL writes a checkpoint
READ_BYTES = 65536


class Child:
    """A program and, while it runs, its process. `output` is closed by its end or by ours, whichever comes first."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.output: IO[bytes] | None = None
        self.unfinished_line = b""
        self.started_at_s = 0.0
        self.start_at_s = 0.0
        self.early_deaths = 0
        self.done = False

    def has_died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def is_due(self) -> bool:
        return self.process is None and not self.done and time.monotonic() >= self.start_at_s


class Supervisor:
    """Single-threaded on purpose: the thread that starts a child must outlive it (see `spawn`)."""

    def __init__(self, *, write: Callable[[str, str], None]) -> None:
        """`write` takes a program's name and a line of its output."""
        self._write = write
        self._children: dict[str, Child] = {}
        self._selector = selectors.DefaultSelector()

    def start(self, program: Program) -> None:
        self._children[program.name] = child = Child(program)
        self._spawn(child)

    def step(self, *, timeout_s: float = 0.2) -> None:
        """Pass on what was printed, notice deaths, start again what is due."""
        self._pass_on_output(timeout_s=timeout_s)
        for child in self._children.values():
            if child.has_died():
                self._plan_restart(child, exit_code=self._close(child))
            if child.is_due():
                self._spawn(child)

    def all_done(self) -> bool:
        """Has every program that runs once succeeded?"""
        return all(child.done for child in self._children.values() if child.program.once)

    def stop(self) -> None:
        """End all of them, the servers after their clients."""
        children = self._children.values()
        self._stop_together([child for child in children if not child.program.is_server], timeout_s=STOP_TIMEOUT_S)
        self._stop_together([child for child in children if child.program.is_server], timeout_s=SERVER_STOP_TIMEOUT_S)

    def _stop_together(self, children: list[Child], *, timeout_s: float) -> None:
        running = {child: child.process for child in children if child.process is not None}
        for child, process in running.items():
            process.send_signal(child.program.stop_signal)
        deadline_s = time.monotonic() + timeout_s
        while running and time.monotonic() < deadline_s:
            self._pass_on_output(timeout_s=0.05)
            for child in [child for child in running if child.has_died()]:
                self._close(child)
                del running[child]
        for child in running:
            self._write(child.program.name, f"did not stop within {timeout_s:.0f} s and is killed")
            self._close(child)

    def _spawn(self, child: Child) -> None:
        child.process = spawn(child.program, output=subprocess.PIPE)
        child.output = child.process.stdout
        child.started_at_s = time.monotonic()
        os.set_blocking(child.output.fileno(), False)
        self._selector.register(child.output, selectors.EVENT_READ, child)

    def _plan_restart(self, child: Child, *, exit_code: int) -> None:
        if child.program.once and exit_code == 0:
            child.done = True
            return
        steady = time.monotonic() - child.started_at_s >= STEADY_AFTER_S
        child.early_deaths = 0 if steady else child.early_deaths + 1
        delay_s = min(FIRST_DELAY_S * 2**child.early_deaths, LONGEST_DELAY_S)
        child.start_at_s = time.monotonic() + delay_s
        self._write(child.program.name, f"ended with {_describe(exit_code)}; starts again in {delay_s:.1f} s")

    def _close(self, child: Child) -> int:
        """Take leave of a process, dead or to be killed, and of what is left of its group. Returns its exit code."""
        process, child.process = child.process, None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        exit_code = process.wait()
        while child.output is not None and self._forward(child):
            pass
        self._close_output(child)
        return exit_code

    def _pass_on_output(self, *, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            if not self._forward(key.data):
                self._close_output(key.data)

    def _forward(self, child: Child) -> bool:
        """Write the lines that are there. False at the end of the output, or when there is no more for now."""
        try:
            text = os.read(child.output.fileno(), READ_BYTES)
        except BlockingIOError:
            return False
        *lines, child.unfinished_line = (child.unfinished_line + text).split(b"\n")
        for line in lines:
            self._write(child.program.name, line.decode(errors="replace"))
        return bool(text)

    def _close_output(self, child: Child) -> None:
        if child.unfinished_line:
            self._write(child.program.name, child.unfinished_line.decode(errors="replace"))
            child.unfinished_line = b""
        if child.output is not None:
            self._selector.unregister(child.output)
            child.output.close()
            child.output = None


def _describe(exit_code: int) -> str:
    return f"signal {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exit code {exit_code}"
