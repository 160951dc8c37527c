"""A whole exchange of real processes, in a folder and on a port of its own, whose processes tests may kill."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import psutil

from exchange.embedded import state

ROOT = Path(__file__).resolve().parents[1]
READY_S = 120
# Where to find each victim among the supervisor's descendants; a kill -9 of one backend makes PostgreSQL restart all.
VICTIMS = {
    "engine": lambda line: line.endswith("runengine"),
    "postgres": lambda line: "/postgres -D" in line,
    "backend": lambda line: line.startswith("postgres: exchange"),
    "valkey": lambda line: "valkey-server" in line,
    "readers": lambda line: line.endswith("runprojections"),
    "crowd": lambda line: line.endswith("runcrowd"),
    "web": lambda line: "daphne" in line and "exchange.asgi" in line,
}


class Exchange:
    """`manage.py runexchange` with the demo world, in a folder and on a port of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "VALKEY_URL")}
        port = str(state.free_ports(1)[0])
        self.environment = {**kept, "VAR_DIR": str(folder), "DEMO": "on", "PORT": port, **environment}
        self.log_path = folder / "log"
        with self.log_path.open("wb") as log:
            command = [sys.executable, "manage.py", "runexchange"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def wait_ready(self) -> None:
        wait_until(lambda: b"ready at" in self.log_path.read_bytes(), what="the exchange is ready", for_s=READY_S)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.environment['PORT']}"

    @property
    def database_url(self) -> str:
        return state.load(self.folder).database_url

    @property
    def valkey_url(self) -> str:
        return state.load(self.folder).valkey_url

    @property
    def demo(self) -> dict:
        """What demo.json says."""
        return json.loads((self.folder / "demo.json").read_text())

    def account(self, name: str) -> dict[str, str]:
        """Key and secret of one of the demo's people."""
        return next(account for account in self.demo["accounts"] if account["name"] == name)

    def find(self, kind: str) -> list[psutil.Process]:
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if VICTIMS[kind](" ".join(child.cmdline()).strip()):
                    found.append(child)
            except psutil.Error:
                continue
        return found

    def kill(self, kind: str, dice: random.Random) -> None:
        victims = self.find(kind)
        assert victims, f"no {kind} is running"
        (dice.choice(victims) if kind == "backend" else victims[0]).kill()

    def engine_started_at_s(self) -> float:
        return max((engine.create_time() for engine in self.find("engine")), default=0.0)

    def run(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def stop(self) -> None:
        family = [*psutil.Process(self.process.pid).children(recursive=True)]
        self.process.terminate()
        self.process.wait(timeout=90)
        alive = [one for one in family if is_alive(one)]
        assert not alive, f"processes are left: {alive}"


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # ended between the two questions
        return False


def wait_until(condition, *, what, for_s):
    deadline_s = time.monotonic() + for_s
    while not condition():
        assert time.monotonic() < deadline_s, f"not within {for_s} s: {what}"
        time.sleep(0.02)
