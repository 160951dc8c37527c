"""The tests' own PostgreSQL and Valkey: real, started when the first test asks, in a folder no other run is using."""

import fcntl
import os
from collections import Counter
from pathlib import Path

import django
import hypothesis
import pytest

from exchange.embedded import state
from exchange.embedded.services import postgres_service, valkey_service

ROOT = Path(__file__).resolve().parent.parent
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("explore", deadline=None, print_blob=True)
LOCKS = []


def _unused_folder() -> Path:
    """Runs at the same time each have a folder, and a later run finds its cluster already made."""
    number = 0
    while True:
        folder = ROOT / "var" / "test" / str(number)
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        lock = (folder / "in-use").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            number += 1
        else:
            LOCKS.append(lock)
            return folder


def _set_up() -> None:
    hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "exchange.settings"
    folder = _unused_folder()
    state.load_with_free_ports(folder)
    os.environ["VAR_DIR"] = str(folder)
    django.setup()


_set_up()  # not in a hook: the conftest files of subfolders are read before any hook runs, and import models


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Of `-n auto`: two processes, each with servers of its own; one where they would share those that are named."""
    return 0 if {"DATABASE_URL", "VALKEY_URL"} & os.environ.keys() else min(2, os.cpu_count() or 1)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node():
    """Before such a process starts: with this inherited it would read the settings before it has a folder, and find
    that of the process which starts it."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


@pytest.fixture(scope="session")
def installation():
    """The tests' State (ports, passwords), with ports that are free now."""
    from django.conf import settings

    return settings.LOCAL


@pytest.fixture(scope="session")
def postgres(installation):
    """The running embedded PostgreSQL as a Service, which tests may kill and start; None with DATABASE_URL."""
    if "DATABASE_URL" in os.environ:
        yield None
        return
    service = postgres_service(installation)
    service.start()
    yield service
    service.stop()


@pytest.fixture(scope="session")
def valkey(installation):
    """The running embedded Valkey as a Service; None with VALKEY_URL."""
    if "VALKEY_URL" in os.environ:
        yield None
        return
    service = valkey_service(installation)
    service.start()
    yield service
    service.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres):
    """pytest-django's hook before the test database is made: the server must be there."""


@pytest.fixture
def valkey_url(valkey):
    """The URL of an empty Valkey."""
    import redis
    from django.conf import settings

    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        client.flushdb()
    return settings.VALKEY_URL


def pytest_terminal_summary(terminalreporter):
    """The time of each group of tests, which is a folder below tests/."""
    seconds, counts = Counter(), Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                group = report.nodeid.split("/")[1]
                seconds[group] += report.duration
                counts[group] += report.when == "call"
    terminalreporter.section("time of each group")
    for group, total in seconds.most_common():
        terminalreporter.line(f"{total:8.1f} s  {counts[group]:5d}  {group}")
    terminalreporter.line(f"{seconds.total():8.1f} s  {counts.total():5d}  together")
