"""A whole exchange for the benchmarks: engine, readers, gateways and their bare peers, as processes of their own."""

import os
import resource
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

from exchange.embedded import state
from exchange.embedded.services import valkey_service
from tests.performance.servers import ROOT, Databases

DATABASE: Final = "bench_world"
READY_S: Final = 120
GATEWAY: Final = "exchange.asgi:application"
PEERS: Final = "tests.performance.peers:application"
SERVERS: Final = ("daphne", "uvicorn")


class World:
    """`start` begins everything, once; `close` ends it. `ports` and `pids` by name: gateway-daphne, peers-uvicorn,
    engine, readers…"""

    def __init__(self, folder: Path, databases: Databases) -> None:
        self._folder = folder
        self._databases = databases
        self._valkey: Any = None
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports: dict[str, int] = {}
        self.environment: dict[str, str] = {}
        self.keys: list[dict[str, str]] = []  # of the traders

    @property
    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._processes.items()}

    def start(self) -> None:
        if self._processes:
            return
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        self._databases.make(DATABASE)
        ports = state.free_ports(2 * len(SERVERS))
        self.environment = {
            "DATABASE_URL": self._databases.url(DATABASE),
            "VALKEY_URL": self._valkey_url(),
            "VAR_DIR": str(self._folder),
            "DEMO": "on",  # for play money
        }
        for name, command in (("engine", "runengine"), ("readers", "runprojections")):
            self._spawn(name, sys.executable, "manage.py", command, settings="exchange.settings")
        for server, port in zip(SERVERS, ports[::2], strict=True):
            self._serve(f"gateway-{server}", server, port, GATEWAY)
        for server, port in zip(SERVERS, ports[1::2], strict=True):
            self._serve(f"peers-{server}", server, port, PEERS)
        for name in self.ports:
            self._wait_for(name)

    def _serve(self, name: str, server: str, port: int, application: str) -> None:
        self.ports[name] = port
        if server == "daphne":
            options = ("-b", "127.0.0.1", "-p", str(port), "-v", "0", "--no-server-name")
        else:
            quiet = ("--no-access-log", "--log-level", "warning", "--ws-per-message-deflate", "false")
            options = ("--host", "127.0.0.1", "--port", str(port), *quiet)
        self._spawn(name, sys.executable, "-m", server, *options, application)

    def _wait_for(self, name: str) -> None:
        deadline_s = time.monotonic() + READY_S
        while not _answers(f"http://127.0.0.1:{self.ports[name]}/health/ready"):
            if time.monotonic() > deadline_s or self._processes[name].poll() is not None:
                raise RuntimeError(f"{name} did not start; see {self._folder}/{name}.log.")
            time.sleep(0.1)

    def _spawn(self, name: str, *command: str, settings: str = "tests.performance.settings") -> None:
        environment = {**os.environ, **self.environment, "DJANGO_SETTINGS_MODULE": settings}
        with (self._folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def _valkey_url(self) -> str:
        if "VALKEY_URL" in os.environ:
            return os.environ["VALKEY_URL"]
        installation = state.load(self._folder)
        self._valkey = valkey_service(installation)
        self._valkey.start()
        return installation.valkey_url

    def close(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(timeout=60)
        self._processes.clear()
        if self._valkey is not None:
            self._valkey.stop()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False
