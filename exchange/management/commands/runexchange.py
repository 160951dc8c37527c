"""`make run`: PostgreSQL, Valkey, migrations, then every process of the exchange under one supervisor."""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection

from exchange.embedded import reachable, state
from exchange.embedded.postgres import Postgres
from exchange.embedded.supervisor import Supervisor
from exchange.embedded.valkey import Valkey
from exchange.ops import logs
from exchange.ops.processes import METRICS_FOLDER, programs

COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    help = "Run the whole exchange, with PostgreSQL and Valkey unless DATABASE_URL and VALKEY_URL name others."
    requires_system_checks = ()

    def handle(self, **options: object) -> None:
        started_at_s = time.monotonic()
        for number in ENDING_SIGNALS:
            signal.signal(number, signal.default_int_handler)
        supervisor = Supervisor(write=self.write)
        try:
            with state.sole_user(settings.VAR_DIR):
                check_address()
                start_servers(supervisor)
                migrate()
                prepare_metrics()
                for program in programs():
                    supervisor.start(program)
                self.supervise(supervisor, started_at_s=started_at_s)
        except KeyboardInterrupt:
            self.write("exchange", "stopping")
        except (reachable.Unreachable, state.InUse) as error:
            sys.exit(str(error))
        finally:
            for number in ENDING_SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            supervisor.stop()
        self.write("exchange", "stopped")

    def supervise(self, supervisor: Supervisor, *, started_at_s: float) -> None:
        url = base_url()
        while not (supervisor.all_done() and reachable.answers(f"{url}/health/ready")):
            supervisor.step()
        self.write("exchange", f"ready at {url} after {time.monotonic() - started_at_s:.1f} s; Ctrl-C stops it")
        while True:
            supervisor.step()

    def write(self, name: str, line: str) -> None:
        with suppress(OSError):  # the terminal may be gone, and the exchange still has to stop in order
            self.stdout.write(
                self.headed(name, line) if settings.LOG_FORMAT == logs.CONSOLE else logs.wrapped(name, line)
            )
            self.stdout.flush()

    def headed(self, name: str, line: str) -> str:
        head = f"{name:<8} |"
        if self.stdout.isatty():
            head = f"\x1b[{COLOURS[sum(name.encode()) % len(COLOURS)]}m{head}\x1b[0m"
        return f"{head} {line}"


def base_url() -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)
    return f"http://[{host}]:{settings.PORT}" if ":" in host else f"http://{host}:{settings.PORT}"


def check_address() -> None:
    host, port = settings.HOST, settings.PORT
    if settings.DEMO and not reachable.is_loopback(host):
        raise reachable.Unreachable(f"The demo world is not offered on {host}: set HOST=127.0.0.1, or DEMO=off.")
    if not state.is_port_free(port, host=host):
        raise reachable.Unreachable(f"Port {port} of {host} is taken: stop the program there, or choose another PORT.")


def start_servers(supervisor: Supervisor) -> None:
    """The bundled servers, unless the environment names others."""
    servers: list[Postgres | Valkey] = []
    if "DATABASE_URL" in os.environ:
        reachable.check_database(settings.DATABASE_URL)
    else:
        servers.append(Postgres(settings.LOCAL))
    if "VALKEY_URL" in os.environ:
        reachable.check_valkey(settings.VALKEY_URL)
    else:
        servers.append(Valkey(settings.LOCAL))
    try:
        for server in servers:
            server.prepare()
        if servers and state.load_with_free_ports(settings.VAR_DIR) != settings.LOCAL:
            os.execv(sys.executable, sys.orig_argv)  # begin again: these settings have the old ports
        for server in servers:
            supervisor.start(server.program())
        for server in servers:
            server.wait_ready(pause=supervisor.step)
    except (OSError, RuntimeError) as error:
        raise reachable.Unreachable(f"A bundled server did not start: {error}") from None


def prepare_metrics() -> None:
    """Counting begins anew with every start; who may read it needs the token in the file."""
    shutil.rmtree(METRICS_FOLDER, ignore_errors=True)
    METRICS_FOLDER.mkdir(mode=0o700)
    if settings.METRICS_TOKEN:
        state.write_private(settings.VAR_DIR / "metrics-token", settings.METRICS_TOKEN)


def migrate() -> None:
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except Exception as error:
        sentence = f"The database could not be migrated: {type(error).__name__}: {error}"
        raise reachable.Unreachable(sentence.partition("\n")[0]) from None
    finally:
        connection.close()
        connection.close_pool()
