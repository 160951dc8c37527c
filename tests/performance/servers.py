"""PostgreSQL for the benchmarks: fsync on, in a folder of its own, or the server that DATABASE_URL names."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from exchange.embedded import state
from exchange.embedded.services import postgres_service

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "bench_template"


class Databases:
    """Makes empty, migrated databases. The server starts when the first one is asked for; `close` ends it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._address = os.environ.get("DATABASE_URL", "")
        self._service: Any = None
        self._has_template = False

    def url(self, name: str) -> str:
        return f"{self._address.rpartition('/')[0]}/{name}"

    def make(self, name: str) -> str:
        """A new database with the tables of the exchange; one of this name is dropped. Returns the name."""
        self._start()
        if not self._has_template:
            self._create(TEMPLATE, "template1")
            env = {**os.environ, "DATABASE_URL": self.url(TEMPLATE), "VAR_DIR": str(self._folder)}
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(command, cwd=ROOT, env=env, check=True)
            self._has_template = True
        self._create(name, TEMPLATE)
        return name

    def close(self) -> None:
        if self._service is not None:
            self._service.stop()

    def _start(self) -> None:
        if self._address:
            return
        installation = state.load_with_free_ports(self._folder)
        self._service = postgres_service(installation)
        self._service.start()
        self._address = installation.database_url

    def _create(self, name: str, template: str) -> None:
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
            create = SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(create.format(Identifier(name), Identifier(template)))
