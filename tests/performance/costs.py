"""What the parts of a running exchange have cost so far."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psutil
import psycopg
import redis

Seconds = dict[str, float]
TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")  # less than one cannot be seen
# What works for all and lives as long as its server; a worker of autovacuum comes and goes.
LASTING: Final = ("walwriter", "checkpointer", "background writer", "io worker")


class Costs:
    """CPU seconds by name: of the processes `pids`, of `valkey`, and of `postgresql`: the backends of `client` among
    the processes, and those that work for all (WAL, checkpoints)."""

    def __init__(self, *, pids: dict[str, int], client: str, database_url: str, valkey_url: str) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._valkey = redis.Redis.from_url(valkey_url)
        ports = [connection.laddr.port for connection in self._processes[client].net_connections("tcp")]
        with psycopg.connect(database_url) as connection:
            (is_near,) = connection.execute("SELECT inet_server_addr() = '127.0.0.1'").fetchone() or (False,)
            if not is_near:
                raise RuntimeError("This benchmark needs a PostgreSQL on this machine.")
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE client_port = ANY(%s) OR backend_type = ANY(%s)",
                [ports, list(LASTING)],
            ).fetchall()
        self._backends = [psutil.Process(pid) for (pid,) in rows]

    @contextmanager
    def spent(self) -> Iterator[Seconds]:
        """Filled at the end, with what was spent in between."""
        seconds: Seconds = {}
        before = self._so_far()
        yield seconds
        seconds.update({name: max(after_s - before[name], TICK_S) for name, after_s in self._so_far().items()})

    def _so_far(self) -> Seconds:
        valkey = self._valkey.info("cpu")
        return {
            **{name: _cpu_s(process) for name, process in self._processes.items()},
            "valkey": valkey["used_cpu_user"] + valkey["used_cpu_sys"],
            "postgresql": sum(map(_cpu_s, self._backends)),
        }


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
