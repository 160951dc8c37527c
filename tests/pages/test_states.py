"""What the pages show to strangers, while they load, when there is nothing, and when parts of the exchange are away."""

import random
from contextlib import contextmanager

import psutil
from playwright.sync_api import expect

from tests.pages.visitors import TRADE, Trader, let_in
from tests.whole_exchange import wait_until

COMING_BACK_MS = 40_000


def test_a_stranger_sees_the_market_and_is_led_in(visitors, exchange):
    page = visitors.stranger(TRADE)
    expect(page.locator("#connection")).to_have_text("live")
    for part in ("#asks [data-price]", "#bids [data-price]", "#trades .level"):
        expect(page.locator(part).first).to_be_visible()
    expect(page.locator("#order-form, #account, #orders")).to_have_count(0)
    page.locator("#bids [data-price]").first.click()
    page.keyboard.press("b")
    page.get_by_role("link", name="Sign in to trade").click()
    let_in(page, exchange, "bob")
    page.wait_for_url(f"**{TRADE}")
    Trader(page).ready()


def test_signing_out_leads_out(visitors, exchange):
    page = visitors.stranger("/sign-in")
    let_in(page, exchange, "bob")
    page.get_by_text("bob@example.com").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


def test_a_wrong_password_is_answered_with_words(visitors):
    page = visitors.stranger("/sign-in")
    page.get_by_label("E-mail").fill("bob@example.com")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")


def test_a_market_that_is_not_there(visitors):
    visitors.expect_complaint("status of (404|503)")
    page = visitors.stranger("/trade/NONE-PERP")
    wait_until(lambda: page.reload().status == 404, what="nothing is behind that could know the market", for_s=20)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Back to the start")).to_be_visible()


def test_empty_parts_say_what_will_be_there(visitors, clean_slate):
    alice = visitors.trader("alice", "/trade/ETH-PERP")
    expect(alice.page.locator("#positions")).to_contain_text("No positions")
    alice.choose("Open orders")
    expect(alice.page.locator("#orders")).to_contain_text("No open orders")
    expect(alice.preview).to_contain_text("Fill in the order")


def test_parts_that_load_or_cannot_be_loaded_say_so(visitors):
    visitors.expect_complaint("net::ERR_FAILED")
    page = visitors.stranger("/")
    held = []
    page.route("**/candles?*", lambda route: held.append(route))
    page.route("**/trades?*", lambda route: route.abort())
    page.goto(TRADE)
    expect(page.locator("#chart-empty")).to_have_text("Loading candles…")
    expect(page.locator("#trades")).not_to_contain_text("Loading")
    held[0].abort()
    expect(page.locator("#chart-empty")).to_contain_text("could not be loaded")
    page.unroute("**/candles?*")
    page.get_by_role("button", name="5m", exact=True).click()
    expect(page.locator("#chart-empty")).to_be_hidden()


@contextmanager
def away(exchange, kind):
    """The supervisor sleeps meanwhile, so that the page has time to be without what was killed."""
    supervisor = psutil.Process(exchange.process.pid)
    supervisor.suspend()
    try:
        exchange.kill(kind, random.Random(1))
        yield
    finally:
        supervisor.resume()


def test_the_engine_dies_and_comes_back_under_an_open_page(visitors, exchange, clean_slate):
    visitors.expect_complaint("status of 50[34]")
    visitors.expect_complaint("htmx:")
    alice = visitors.trader("alice")
    alice.place(side="Buy", quantity="0.1", price=alice.price_away("-0.03"))
    alice.choose("Open orders")
    expect(alice.orders).to_have_count(1)
    with away(exchange, "engine"):
        expect(alice.connection).to_have_text("engine away")
        expect(alice.page.locator("#halt")).to_contain_text("comes back by itself")
        alice.place(side="Buy", quantity="0.2", price=alice.price_away("-0.03"))
        expect(alice.notices.first).to_contain_text("Not done")
        expect(alice.orders).to_have_count(1)
    expect(alice.connection).to_have_text("live", timeout=COMING_BACK_MS)
    expect(alice.page.locator("#halt")).to_be_hidden()
    alice.place(side="Buy", quantity="0.3", price=alice.price_away("-0.03"))
    expect(alice.orders).to_have_count(2)
    expect(alice.orders.first).to_contain_text("0.3")


def test_the_connection_goes_silent_breaks_and_comes_back(visitors, exchange, clean_slate):
    visitors.expect_complaint("WebSocket|net::ERR_|status of 50|htmx:")
    alice = visitors.trader("alice")
    (web,) = exchange.find("web")
    web.suspend()
    expect(alice.connection).to_contain_text("nothing heard for")
    web.resume()
    expect(alice.connection).to_have_text("live")
    with away(exchange, "web"):
        expect(alice.connection).to_contain_text("connection lost")
        alice.place(side="Buy", quantity="0.1", price=alice.price_away("-0.03"))
        expect(alice.notices.first).to_contain_text("could not be reached")
    expect(alice.connection).to_have_text("live", timeout=COMING_BACK_MS)
    alice.place(side="Buy", quantity="0.1", price=alice.price_away("-0.03"))
    expect(alice.page.locator("#orders-count")).to_have_text("1")
