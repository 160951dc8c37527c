"""Margin modes on the trading page, and the pages of liquidations, insurance fund and funding."""

import re

import pytest
from playwright.sync_api import expect

from tests.chaos.traders import Api
from tests.falling import let_fall, reopen
from tests.pages.test_looks import SIZES, check
from tests.pages.visitors import DESKTOP, PHONE
from tests.whole_exchange import wait_until

PAGES = ("/liquidations", "/insurance-fund", "/funding/BTC-PERP", "/funding/ETH-PERP")
OWN = re.compile(r"^Liquidation \d")


@pytest.fixture
def usual_margin(exchange):
    """Alice's margin mode and leverage are as they were when the test has ended."""
    yield
    account = exchange.account("alice")
    api = Api(exchange.demo["base_url"], account["api_key"], account["api_secret"])
    usual = {"leverage": 10, "margin_mode": "cross"}
    assert api.call("PATCH", "/api/v1/positions/BTC-PERP", usual).status == 200


@SIZES
def test_everybody_can_read_what_keeps_the_market_safe(visitors, viewport):
    page = visitors.stranger("/liquidations", viewport=viewport)
    for path in PAGES:
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_role("navigation", name="Safety of the market")).to_be_visible()
        check(page, path)
    page.goto("/insurance-fund")
    expect(page.locator(".facts dd").first).to_contain_text(re.compile(r"\d,\d{3}"))
    expect(page.get_by_role("region", name="Changes of the insurance fund")).to_contain_text("money of the exchange")


def test_the_header_counts_down_to_the_next_funding(visitors):
    page = visitors.trader("alice").page
    expect(page.locator("#funding-in")).to_have_text(re.compile(r"^00:\d\d:\d\d$"))
    shown = page.locator("#funding-in").inner_text()
    expect(page.locator("#funding-in")).not_to_have_text(shown)
    expect(page.locator("#index")).to_have_text(re.compile(r"\d"))
    expect(page.locator("#funding-rate")).to_have_text(re.compile(r"\d\.\d{4}\s%"), timeout=20_000)


@SIZES
def test_a_halted_market_says_when_it_goes_on(visitors, exchange, viewport):
    page = visitors.trader("alice", "/trade/ETH-PERP", viewport=viewport).page
    let_fall(exchange, symbol="ETH-PERP", percent=88)
    try:
        expect(page.locator("#halt-text")).to_contain_text(re.compile(r"cancelled again from \d\d:\d\d:\d\d UTC"))
        expect(page.locator("#halt-in")).to_have_text(re.compile(r"^00:0\d:\d\d$"))
        check(page, "a halt")
    finally:
        reopen(exchange, symbol="ETH-PERP")
    expect(page.locator("#halt")).to_be_hidden()


def test_the_form_says_which_prices_are_taken(visitors):
    limits = visitors.trader("alice").page.locator("#price-limits")
    expect(limits).to_have_text(re.compile(r"^\d\d,\d{3}\.\d – \d\d,\d{3}\.\d\s*$"))
    shown = limits.inner_text()
    expect(limits).not_to_have_text(shown, timeout=15_000)


def test_what_is_being_chosen_stays(visitors, usual_margin):
    """The account is shown anew every few seconds."""
    page = visitors.trader("alice").page
    mode, leverage = page.get_by_label("Margin mode"), page.get_by_label("Leverage")
    mode.select_option("Isolated")
    leverage.fill("33")
    with page.expect_response("**/account"):
        pass
    page.wait_for_function("document.querySelector('#account [data-available]')")
    expect(mode).to_have_value("isolated")
    expect(leverage).to_have_value("33")
    page.locator("#quantity").focus()
    expect(mode).to_have_value("cross")


@SIZES
def test_a_position_gets_margin_of_its_own(visitors, clean_slate, viewport):
    alice = visitors.trader("alice", viewport=viewport)
    page = alice.page
    parts = page.get_by_role("tablist", name="Parts of the page").get_by_role("tab")
    if viewport is PHONE:
        parts.filter(has_text="Trade").click()
    alice.place(side="Buy", quantity="0.1")
    if viewport is PHONE:
        parts.filter(has_text="Account").click()
    position = alice.positions.first
    expect(position).to_contain_text("× cross")
    expect(position.get_by_role("img", name=re.compile("of 5 lamps"))).to_be_visible()
    position.get_by_text("Margin", exact=True).click()
    position.get_by_role("button", name="Isolate").click()
    expect(alice.notices.first).to_contain_text("margin is isolated")
    expect(position).to_contain_text("× isolated")
    position.get_by_text("Margin", exact=True).click()
    change = position.get_by_label("Add, with − take away")
    change.fill("100")
    expect(position.get_by_role("status")).to_contain_text(
        re.compile(r"would have [\d,.]+ USDT .* liquidation price \d")
    )
    check(page, "margin")
    change.fill("−300")
    expect(position.get_by_role("status")).to_contain_text("add collateral")
    expect(position.get_by_role("status")).not_to_contain_text("would have")
    change.fill("100")
    position.get_by_role("button", name="Change").click()
    expect(alice.notices.first).to_contain_text(re.compile(r"BTC-PERP: [\d,.]+ USDT are its own"))
    position.get_by_text("Margin", exact=True).click()
    position.get_by_role("button", name="Make cross").click()
    expect(position).to_contain_text("× cross")


def test_the_story_of_a_liquidation_is_told_to_whom_it_hit(visitors, exchange, still_market, usual_margin, clean_slate):
    alice = visitors.trader("alice")
    page = alice.page
    page.get_by_label("Margin mode").select_option("Isolated")
    page.get_by_label("Leverage").fill("100")
    page.locator("#form-panel").get_by_role("button", name="Set").click()
    expect(alice.notices.first).to_contain_text("leverage is now 100×, margin is isolated")
    alice.place(side="Buy", quantity="0.05")
    expect(alice.positions).to_have_count(1)
    let_fall(exchange)
    wait_until(
        lambda: page.goto("/liquidations") and page.get_by_role("link", name=OWN).count(),
        what="a liquidation",
        for_s=20,
    )
    check(page, "liquidations")
    expect(page.get_by_role("region", name="What liquidations closed")).to_contain_text("sold 0.05")
    page.get_by_role("link", name=OWN).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Liquidation")
    expect(page.get_by_text("your isolated position in BTC-PERP")).to_be_visible()
    expect(page.get_by_text(re.compile("No worse price than"))).to_be_visible()
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        check(page, "the story")
    bob = visitors.person("bob", "/liquidations")
    expect(bob.get_by_text("None has ever concerned this account")).to_be_visible()
    visitors.expect_complaint("404")
    bob.goto(page.url)
    expect(bob.get_by_role("heading", level=1)).not_to_contain_text("Liquidation ")
