"""`manage.py runexchange` for real: it starts, heals, stops, finds its data again, and explains why it cannot start."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import psycopg
import pytest

from exchange.embedded import state

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
WAIT_S = 90
pytestmark = pytest.mark.process


def environment(folder, **changes):
    inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "VALKEY_URL")}
    return {**inherited, "VAR_DIR": str(folder), "DEMO": "off", **changes}


def refusal(folder, *options, **changes):
    """(exit code, what it said) of a start that must fail."""
    command = [sys.executable, *options, MANAGE, "runexchange"]
    run = subprocess.run(command, env=environment(folder, **changes), capture_output=True, text=True, timeout=WAIT_S)
    return run.returncode, (run.stdout + run.stderr).strip()


@pytest.fixture
def taken_port():
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        yield squatter.getsockname()[1]


def test_a_taken_port_is_one_sentence(tmp_path, taken_port):
    sentence = f"Port {taken_port} of 127.0.0.1 is taken: stop the program there, or choose another PORT."
    assert refusal(tmp_path, PORT=str(taken_port)) == (1, sentence)


def test_an_unreachable_database_is_one_sentence(tmp_path):
    url = f"postgresql://trader:hidden@127.0.0.1:{state.free_ports(1)[0]}/exchange"
    code, said = refusal(tmp_path, DATABASE_URL=url, PORT=str(state.free_ports(1)[0]))
    assert code == 1
    assert said.startswith("The database of DATABASE_URL does not answer: ") and "\n" not in said
    assert "hidden" not in said


def test_an_unreachable_valkey_is_one_sentence(tmp_path):
    url = f"redis://:hidden@127.0.0.1:{state.free_ports(1)[0]}/0"
    code, said = refusal(tmp_path, VALKEY_URL=url, PORT=str(state.free_ports(1)[0]))
    assert code == 1
    assert said.startswith("The Valkey of VALKEY_URL does not answer: ") and "\n" not in said
    assert "hidden" not in said


def test_the_demo_world_stays_on_this_machine(tmp_path):
    code, said = refusal(tmp_path, DEMO="on", HOST="0.0.0.0")
    assert (code, said) == (1, "The demo world is not offered on 0.0.0.0: set HOST=127.0.0.1, or DEMO=off.")


def test_a_second_supervisor_is_refused(tmp_path):
    with state.sole_user(tmp_path):
        code, said = refusal(tmp_path)
    assert code == 1
    assert said.startswith("Another exchange runs on ") and "\n" not in said


def test_stripped_assertions_are_refused(tmp_path):
    code, said = refusal(tmp_path, "-O")
    assert code == 1
    assert said.startswith("The exchange does not run under `python -O`") and "\n" not in said


class Exchange:
    """A running `manage.py runexchange`, its output in a file."""

    def __init__(self, folder):
        self.log = folder / "output"
        self.url = f"http://127.0.0.1:{state.free_ports(1)[0]}"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, MANAGE, "runexchange"],
                env=environment(folder, PORT=self.url.rpartition(":")[2]),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_ready(self):
        self.until(lambda: f"ready at {self.url}" in self.log.read_text())
        self.until(self.is_ready)

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    def until(self, condition):
        deadline_s = time.monotonic() + WAIT_S
        while not condition():
            assert self.process.poll() is None and time.monotonic() < deadline_s, self.log.read_text()
            time.sleep(0.1)

    def descendants(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number):
        """Send the signal, wait until the supervisor and all that came from it are gone; its exit code."""
        descendants = self.descendants()
        self.process.send_signal(number)
        code = self.process.wait(timeout=WAIT_S)
        _, left = psutil.wait_procs(descendants, timeout=WAIT_S)
        assert left == []
        return code


@pytest.fixture
def start(tmp_path):
    running = []

    def start_exchange():
        running.append(Exchange(tmp_path))
        running[-1].wait_ready()
        return running[-1]

    yield start_exchange
    for exchange in running:
        if exchange.process.poll() is None:
            exchange.end(signal.SIGTERM)


def test_it_heals_stops_without_a_trace_and_finds_its_data_again(start, tmp_path):
    exchange = start()
    database_url = state.load(tmp_path).database_url
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE fact (id int)")

    postmaster = next(process for process in exchange.descendants() if "-D" in process.cmdline())
    postmaster.kill()
    exchange.until(lambda: "starts again" in exchange.log.read_text())
    exchange.until(exchange.is_ready)
    web = next(process for process in exchange.descendants() if "daphne" in process.cmdline())
    web.kill()
    web.wait(timeout=WAIT_S)
    exchange.until(exchange.is_ready)
    assert exchange.end(signal.SIGINT) == 0

    exchange = start()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM fact").fetchone() == (0,)
    if sys.platform.startswith("linux"):  # only Linux tells a child that its parent died
        exchange.end(signal.SIGKILL)


def test_it_tells_of_all_its_processes_in_json_and_in_metrics(start, tmp_path):
    exchange = start()
    token = (tmp_path / "metrics-token").read_text()
    assert (tmp_path / "metrics-token").stat().st_mode & 0o777 == 0o600
    request = urllib.request.Request(f"{exchange.url}/metrics", headers={"Authorization": f"Bearer {token}"})

    def scraped():
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.read().decode()

    exchange.until(lambda: 'exchange_tasks_total{outcome="success",task="exchange.ops.tasks.show_life"}' in scraped())
    assert 'exchange_check_up{check="engine"} 1.0' in scraped()
    assert 'route="/health/ready"' in scraped()
    exchange.end(signal.SIGINT)
    lines = [json.loads(line) for line in exchange.log.read_text().splitlines()]
    assert {line["process"] for line in lines} >= {"exchange", "engine", "postgres", "valkey"}
    (leads,) = [line for line in lines if line["event"].startswith("Leads in epoch 1")]
    assert (leads["process"], leads["epoch"], leads["sequence"]) == ("engine", 1, 0)
    assert state.load(tmp_path).postgres_password not in exchange.log.read_text()
