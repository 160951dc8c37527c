"""One exchange and one Chromium for all tests of this folder; each test brings its own visitors."""

import json
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.pages import chromium
from tests.pages.visitors import PATIENCE_MS, Visitors, flatten
from tests.whole_exchange import Exchange, wait_until

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Playwright's event loop and the one of asynchronous tests do not go together: `pytest -m browser` runs these."""
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def exchange(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exchange")
    folder.chmod(0o711)
    exchange = Exchange(folder)
    try:
        exchange.wait_ready()
        yield exchange
    finally:
        exchange.stop()


@pytest.fixture(scope="session")
def browser():
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        path = chromium.find(playwright)
        assert path, f"there is no Chromium; install it by: {chromium.INSTALL_LINE}"
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sign_ins():
    """Cookies by name: signing in is limited, so that each person does it once."""
    return {}


@pytest.fixture
def visitors(browser, exchange, sign_ins):
    """Lets people in; when they have gone, no page may have complained of anything that was not expected."""
    visitors = Visitors(browser, exchange, sign_ins)
    yield visitors
    assert visitors.leave() == []


@pytest.fixture
def still_market(exchange):
    """The demo's crowd holds its breath: its quotes stay, and who trades is who the test lets trade."""
    crowd = exchange.find("crowd")

    def holds_its_breath():
        for process in crowd:
            process.suspend()
        if has_quotes(exchange.demo["base_url"]):
            return True
        for process in crowd:
            process.resume()
        return False

    wait_until(holds_its_breath, what="the crowd quotes on both sides", for_s=30)
    yield
    for process in crowd:
        process.resume()


def has_quotes(base_url):
    with urllib.request.urlopen(f"{base_url}/api/v1/instruments/BTC-PERP/book") as answer:
        book = json.load(answer)
    return min(len(book["bids"]), len(book["asks"])) > 3


@pytest.fixture
def clean_slate(exchange):
    """Alice and Bob begin and end without open orders and positions."""
    for name in ("alice", "bob"):
        flatten(exchange, name)
    yield
    for name in ("alice", "bob"):
        flatten(exchange, name)
