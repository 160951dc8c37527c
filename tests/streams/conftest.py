"""A whole exchange with its demo world for all tests of this folder, on daphne; a gateway on uvicorn beside it."""

import subprocess
import urllib.request
from pathlib import Path

import pytest

from exchange.embedded import state
from tests.whole_exchange import ROOT, Exchange, wait_until


@pytest.fixture(scope="session")
def exchange(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exchange")
    Path(folder).chmod(0o711)
    exchange = Exchange(folder)
    try:
        exchange.wait_ready()
        yield exchange
    finally:
        exchange.stop()


@pytest.fixture(scope="session")
def uvicorn(exchange):
    """The address of a second gateway, on the other server."""
    from exchange.ops import processes

    port = state.free_ports(1)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes.settings, "ASGI_SERVER", "uvicorn", raising=False)
        patch.setattr(processes.settings, "PORT", port, raising=False)
        command = processes.web_command()
    with (exchange.folder / "uvicorn.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=exchange.environment, stdout=log, stderr=log)
    address = f"127.0.0.1:{port}"
    wait_until(lambda: answers(f"http://{address}/health/ready"), what="uvicorn is ready", for_s=60)
    yield address
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="session", params=["daphne", "uvicorn"])
def address(request, exchange):
    """host:port of a gateway, once on each server."""
    if request.param == "uvicorn":
        return request.getfixturevalue("uvicorn")
    return exchange.address


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
