"""A real `manage.py runengine` on the tests' database and Valkey."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.db import connection

from trading.services import gateway

ROOT = Path(__file__).resolve().parents[2]


def environment() -> dict[str, str]:
    database = connection.settings_dict
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    return {**os.environ, "DATABASE_URL": url, "VALKEY_URL": settings.VALKEY_URL}


class EngineProcess:
    """An engine, or another process of the exchange."""

    def __init__(self, log_path: Path, subcommand: str = "runengine") -> None:
        self.log_path = log_path
        with log_path.open("ab") as log:
            command = [sys.executable, "manage.py", subcommand]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=log, stderr=log)

    def log(self) -> str:
        return self.log_path.read_text()

    def wait_for_log(self, text: str, *, timeout_s: float = 30) -> None:
        wait_until(lambda: text in self.log(), what=f"{text!r} in the engine's log", timeout_s=timeout_s)

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=20)


def wait_until(condition, *, what: str, timeout_s: float = 30) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)


def wait_for_new_leader(*, after_epoch: int = 0) -> None:
    def leads() -> bool:
        heartbeat = gateway.heartbeat()
        return heartbeat is not None and heartbeat.epoch > after_epoch

    wait_until(leads, what=f"an engine in an epoch after {after_epoch}")
