"""Both themes, phones, labels, contrasts, and what the trader chose to see."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.pages.visitors import DESKTOP, PHONE, TRADE

CHECKS = (Path(__file__).parent / "page_checks.js").read_text()
LARGE_ENOUGH_PX = 40
SIZES = pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["1440", "360"])


def check(page, where):
    """In both themes; says what is wrong `where`."""
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        assert page.evaluate(CHECKS) == [], f"{where}, {theme}"


@SIZES
def test_every_page_can_be_read_and_fits(visitors, viewport):
    page = visitors.stranger("/", viewport=viewport)
    for path in ("/", "/markets", "/indices", "/indices/BTC", "/sign-in", "/sign-up", TRADE):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        check(page, path)


@SIZES
def test_every_page_of_who_is_signed_in_can_be_read_and_fits(visitors, viewport):
    page = visitors.person("bob", "/accounts", viewport=viewport)
    for path in ("/accounts", "/api-keys", "/sessions", "/password"):
        page.goto(path)
        expect(page.get_by_role("navigation", name="Your account")).to_be_visible()
        check(page, path)


@SIZES
def test_the_trading_page_can_be_read_and_fits_with_an_order_and_a_position(visitors, clean_slate, viewport):
    alice = visitors.trader("alice", viewport=viewport)
    parts = alice.page.get_by_role("tablist", name="Parts of the page").get_by_role("tab")
    if viewport is PHONE:
        parts.filter(has_text="Trade").click()
    alice.place(side="Sell", quantity="0.01")
    alice.place(side="Buy", quantity="0.1", price=alice.price_away("-0.03"))
    expect(alice.preview).to_contain_text("Available after")
    check(alice.page, "the form")
    if viewport is PHONE:
        for part in parts.all():
            part.click()
            check(alice.page, part.inner_text())
    expect(alice.positions).to_have_count(1)
    for tab in ("Fills", "Open orders"):
        alice.choose(tab)
        check(alice.page, tab)
    alice.orders.get_by_text("Amend").click()
    check(alice.page, "an order that is amended")


def test_a_page_that_is_hard_to_read_would_be_found(visitors):
    page = visitors.stranger("/sign-in")
    page.locator("main").evaluate(
        "main => { main.style.color = '#334'; main.style.width = main.style.maxWidth = '2000px' }"
    )
    page.locator("form.card label").first.evaluate("label => label.remove()")
    found = " ".join(page.evaluate(CHECKS))
    for complaint in ("contrast 1.", "px too wide", "a field without a label: login"):
        assert complaint in found


def test_a_phone_trades_with_its_thumb(visitors, clean_slate):
    alice = visitors.trader("alice", viewport=PHONE, is_mobile=True, has_touch=True)
    page = alice.page
    shown = {"Chart": "#chart-panel", "Book": "#trades-panel", "Trade": "#form-panel", "Account": "#holdings-panel"}
    for name, panel in shown.items():
        page.get_by_role("tab", name=name, exact=True).tap()
        for other in shown.values():
            expect(page.locator(other)).to_be_visible(visible=other == panel)
    page.get_by_role("tab", name="Book", exact=True).tap()
    page.locator("#bids [data-price]").nth(2).tap()
    expect(page.locator("#form-panel")).to_be_visible()
    expect(alice.form.get_by_label("Price").first).to_have_value(re.compile(r"^\d+\.\d$"))
    for control in (
        alice.form.get_by_role("button", name="Buy "),
        page.get_by_role("tab", name="Account"),
        page.locator(".entry").first,
    ):
        assert control.bounding_box()["height"] >= LARGE_ENOUGH_PX
    alice.place(side="Buy", quantity="0.1", price=alice.price_away("-0.03"))
    page.get_by_role("tab", name="Account", exact=True).tap()
    alice.choose("Open orders")
    alice.orders.get_by_role("button", name="Cancel").tap()
    expect(alice.orders).to_have_count(0)


def test_the_theme_follows_the_system_until_it_is_chosen_and_is_remembered(visitors):
    def brightness(page):
        return page.locator("body").evaluate("body => Number(getComputedStyle(body).backgroundColor.match(/\\d+/)[0])")

    dark, light = visitors.stranger("/markets", theme="dark"), visitors.stranger("/markets", theme="light")
    assert brightness(dark) < 40 and brightness(light) > 200
    dark.get_by_role("button", name="Change between dark and light").click()
    assert brightness(dark) > 200
    dark.reload()
    assert brightness(dark) > 200
    dark.goto(TRADE)
    dark.keyboard.press("t")
    assert brightness(dark) < 40


def test_panels_and_density_are_chosen_and_remembered(visitors):
    page = visitors.stranger(TRADE)
    chart, book, trades = (page.locator(f"#{name}-panel") for name in ("chart", "book", "trades"))
    level = page.locator("#bids .level").first
    expect(level).to_be_enabled()
    width, height = chart.bounding_box()["width"], level.bounding_box()["height"]
    page.get_by_text("View", exact=True).click()
    page.get_by_role("checkbox", name="Trades").uncheck()
    expect(trades).to_be_hidden()
    page.get_by_role("checkbox", name="Order book").uncheck()
    expect(book).to_be_hidden()
    assert chart.bounding_box()["width"] > width + 200
    page.get_by_label("Compact").check()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Compact")).to_be_hidden()
    page.reload()
    expect(chart).to_be_visible()
    expect(book).to_be_hidden()
    page.get_by_text("View", exact=True).click()
    expect(page.get_by_label("Compact")).to_be_checked()
    page.get_by_role("checkbox", name="Order book").check()
    expect(book).to_be_visible()
    assert level.bounding_box()["height"] < height
