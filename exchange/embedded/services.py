"""PostgreSQL and Valkey started and stopped by hand, without a supervisor: for tests and tools."""

import os
import signal
import subprocess
import time
from pathlib import Path

from exchange.embedded.postgres import Postgres
from exchange.embedded.program import spawn
from exchange.embedded.state import State
from exchange.embedded.valkey import Valkey


class Service:
    """One of the two servers; its output goes to `<name>.log` beside its data."""

    def __init__(self, server: Postgres | Valkey) -> None:
        self.server = server
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.server.prepare()
        self._spawn()
        self.server.wait_ready(pause=self._keep_up)

    def stop(self) -> None:
        self._end(self.server.program().stop_signal)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _spawn(self) -> None:
        program = self.server.program()
        with Path(self.server.state.root / f"{program.name}.log").open("ab") as log:
            self.process = spawn(program, output=log)

    def _keep_up(self) -> None:
        """PostgreSQL ends at once while sessions of a killed one are still ending."""
        time.sleep(0.1)
        if self.process is not None and self.process.poll() is not None:
            self._spawn()

    def _end(self, number: int) -> None:
        if self.process is None:
            return
        os.kill(self.process.pid, number)
        self.process.wait(timeout=60)
        self.process = None


def postgres_service(state: State) -> Service:
    return Service(Postgres(state))


def valkey_service(state: State) -> Service:
    return Service(Valkey(state))
