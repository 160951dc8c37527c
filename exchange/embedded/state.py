"""What one installation remembers between starts: the ports, passwords and secrets it generated for itself."""

import base64
import fcntl
import hmac
import json
import os
import random
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

LOOPBACK = "127.0.0.1"
PORTS = range(20_000, 32_000)  # below the range from which Linux takes the ports of outgoing connections


class InUse(Exception):
    """Its text is a sentence for the user."""


@dataclass(frozen=True, kw_only=True)
class State:
    root: Path
    postgres_port: int
    postgres_password: str
    valkey_port: int
    valkey_password: str
    secret_key: str
    secret_keys: tuple[str, ...]

    @property
    def database_url(self) -> str:
        return f"postgresql://exchange:{self.postgres_password}@{LOOPBACK}:{self.postgres_port}/exchange"

    @property
    def valkey_url(self) -> str:
        return f"redis://:{self.valkey_password}@{LOOPBACK}:{self.valkey_port}/0"

    @property
    def metrics_token(self) -> str:
        """Follows from the secret key, which does not follow from it."""
        return hmac.digest(self.secret_key.encode(), b"metrics", "sha256").hex()


def load(root: Path) -> State:
    """The state kept in `root`/state.json (0600), generated the first time."""
    root.mkdir(mode=0o711, parents=True, exist_ok=True)
    path = root / "state.json"
    if not path.exists():
        with (root / "state.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                _save(_generate(root))
    values = json.loads(path.read_text())
    return State(root=root, **{**values, "secret_keys": tuple(values["secret_keys"])})


def load_with_free_ports(root: Path) -> State:
    """The state; when another program has taken one of its ports meanwhile, with two new ones from now on."""
    state = load(root)
    if is_port_free(state.postgres_port) and is_port_free(state.valkey_port):
        return state
    postgres_port, valkey_port = free_ports(2)
    moved = replace(state, postgres_port=postgres_port, valkey_port=valkey_port)
    _save(moved)
    return moved


@contextmanager
def sole_user(root: Path) -> Iterator[None]:
    """Holds the installation for one supervisor; raises InUse while another one has it."""
    root.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (root / "in-use").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"Another exchange runs on {root}: stop it, or name another folder with VAR_DIR.") from None
        yield


def is_port_free(port: int, *, host: str = LOOPBACK) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    candidates = random.sample(PORTS, 200)
    return [port for port in candidates if is_port_free(port)][:count]


def _generate(root: Path) -> State:
    postgres_port, valkey_port = free_ports(2)
    return State(
        root=root,
        postgres_port=postgres_port,
        postgres_password=secrets.token_hex(24),
        valkey_port=valkey_port,
        valkey_password=secrets.token_hex(24),
        secret_key=secrets.token_urlsafe(50),
        secret_keys=(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),),
    )


def _save(state: State) -> None:
    values = asdict(state)
    del values["root"]
    write_private(state.root / "state.json", json.dumps(values, indent=2))


def write_private(path: Path, text: str) -> None:
    """The whole file or nothing, for its owner alone."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)
