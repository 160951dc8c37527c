"""A program somebody runs for us, and how it is started so that it cannot outlive us."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, kw_only=True)
class Program:
    """`stop_signal` asks it to end, `death_signal` is what it gets when its supervisor is killed;
    `identity` is as-is, namespace or nobody (see launch.py); one that runs `once` is started until it succeeds."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    identity: str = "as-is"
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL
    once: bool = False
    is_server: bool = False  # stops after those who use it


def spawn(program: Program, *, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
    """Start it in a session of its own, stdout and stderr to `output`.

    Call from a thread that outlives the program: Linux takes the end of the thread that forked for the parent's death.
    """
    arguments = [str(os.getpid()), str(int(program.death_signal)), program.identity, *program.command]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(LAUNCHER), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, **program.environment},
        start_new_session=True,
    )
