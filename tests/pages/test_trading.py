"""From the sign-in to the first trade, and what the form, the orders and other people's pages show of it."""

import re

from playwright.sync_api import expect

from tests.pages.visitors import Trader, link_in_mail


def test_from_signing_up_to_the_first_trade(visitors, exchange, still_market):
    page = visitors.stranger("/")
    page.get_by_role("link", name="Sign up").first.click()
    page.get_by_label("E-mail").fill("charlie@example.com")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign up").click()
    page.wait_for_url("**/confirm-email")
    page.goto(link_in_mail(exchange, to="charlie@example.com"))
    page.get_by_role("button", name="Yes, confirm").click()
    page.get_by_text("charlie@example.com").click()
    page.get_by_role("link", name="Account", exact=True).click()
    page.get_by_role("button", name="play money").click()
    page.get_by_role("link", name="Markets").click()
    page.get_by_role("link", name="BTC-PERP").first.click()
    charlie = Trader(page).ready()
    charlie.fill_in(side="Buy", quantity="0.005")
    expect(charlie.preview).to_contain_text("Fills at once")
    charlie.place(side="Buy", quantity="0.005")
    expect(charlie.notices.first).to_contain_text("filled")
    charlie.choose("Fills")
    expect(charlie.fills.first).to_contain_text("0.005")
    charlie.choose("Positions")
    expect(charlie.positions.first).to_contain_text("long 0.005")


def test_the_preview_follows_the_form(visitors, clean_slate):
    alice = visitors.trader("alice")
    alice.fill_in(side="Buy", quantity="0.1", price=alice.price_away("-0.02"))
    expect(alice.preview).to_contain_text("Available after")
    alice.fill_in(side="Buy", quantity="100", price=alice.price_away("-0.02"))
    expect(alice.preview).to_contain_text("Would be refused")
    alice.fill_in(side="Sell", quantity="0.1")
    expect(alice.preview).to_contain_text("Fills at once")
    expect(alice.preview).to_contain_text(re.compile(r"Liquidation price\s*[\d,.]+"))
    expect(alice.orders).to_have_count(0)


def test_a_share_of_the_buying_power_fills_the_quantity(visitors, clean_slate):
    alice = visitors.trader("alice")
    alice.fill_in(side="Buy", quantity="", price="60000")
    alice.form.get_by_role("button", name="50 %").click()
    half = float(alice.form.get_by_label("Quantity").first.input_value())
    alice.form.get_by_role("button", name="25 %").click()
    quarter = float(alice.form.get_by_label("Quantity").first.input_value())
    assert 7 < half < 100_000 * 10 / 60_000 / 2 + 0.01, half
    assert abs(half - 2 * quarter) < 0.01
    expect(alice.preview).to_contain_text("Available after")


def test_an_order_is_refused_with_words_and_keeps_what_was_typed(visitors, clean_slate):
    visitors.expect_complaint("status of 4")
    alice = visitors.trader("alice")
    alice.place(side="Buy", quantity="0.1", price=alice.price_away("-0.5"))
    expect(alice.notices.first).to_contain_text("Not done")
    expect(alice.form.get_by_label("Quantity").first).to_have_value("0.1")
    expect(alice.page.get_by_role("alert").first).to_be_visible()
    alice.notices.first.get_by_role("button").click()
    expect(alice.notices).to_have_count(0)


def test_a_resting_order_is_amended_and_cancelled_in_place(visitors, clean_slate):
    alice = visitors.trader("alice")
    alice.place(side="Buy", quantity="0.1", price=alice.price_away("-0.03"))
    alice.choose("Open orders")
    expect(alice.orders).to_have_count(1)
    alice.orders.get_by_text("Amend").click()
    price = alice.price_away("-0.025")
    alice.orders.get_by_label("Price").fill(price)
    alice.orders.get_by_label("Total quantity").fill("0.25")
    alice.orders.get_by_role("button", name="Save").click()
    expect(alice.orders).to_contain_text("0.25")
    expect(alice.orders).to_contain_text(f"{int(price):,}")
    alice.orders.get_by_role("button", name="Cancel").click()
    expect(alice.orders).to_have_count(0)
    expect(alice.page.locator("#orders")).to_contain_text("No open orders")


def test_all_orders_are_cancelled_after_a_question(visitors, clean_slate):
    alice = visitors.trader("alice")
    for rate in ("-0.03", "-0.035"):
        alice.place(side="Buy", quantity="0.1", price=alice.price_away(rate))
    alice.choose("Open orders")
    expect(alice.orders).to_have_count(2)
    alice.page.once("dialog", lambda dialog: dialog.dismiss())
    alice.page.get_by_role("button", name="Cancel all").click()
    expect(alice.orders).to_have_count(2)
    alice.page.once("dialog", lambda dialog: dialog.accept())
    alice.page.get_by_role("button", name="Cancel all").click()
    expect(alice.orders).to_have_count(0)


def test_orders_and_book_are_live_in_a_second_browser(visitors, clean_slate, still_market):
    alice, elsewhere = visitors.trader("alice"), visitors.trader("alice")
    bid = alice.page.locator("#bids [data-price]").first.get_attribute("data-price")
    price = f"{float(bid) + 0.1:.1f}"
    for trader in (alice, elsewhere):
        trader.choose("Open orders")
    alice.place(side="Buy", quantity="0.321", price=price)
    expect(elsewhere.orders).to_contain_text("0.321")
    expect(elsewhere.level("bids", price)).to_contain_text("0.321")
    alice.orders.get_by_role("button", name="Cancel").click()
    expect(elsewhere.orders).to_have_count(0)
    expect(elsewhere.level("bids", price)).to_have_count(0)


def test_a_trade_of_two_is_seen_by_both_and_by_a_stranger(visitors, clean_slate, still_market):
    alice, bob, stranger = visitors.trader("alice"), visitors.trader("bob"), visitors.stranger()
    expect(stranger.locator("#connection")).to_have_text("live")
    bid = alice.page.locator("#bids [data-price]").first.get_attribute("data-price")
    price = f"{float(bid) + 0.1:.1f}"
    alice.place(side="Buy", quantity="0.432", price=price)
    expect(bob.level("bids", price)).to_contain_text("0.432")
    bob.place(side="Sell", quantity="0.432")
    for page in (alice.page, bob.page, stranger):
        expect(page.locator("#trades .level").first).to_contain_text("0.432")
    for trader, side in ((alice, "long"), (bob, "short")):
        trader.choose("Positions")
        expect(trader.positions.first).to_contain_text(side)


def test_a_position_is_closed_from_its_row(visitors, clean_slate, still_market):
    bob = visitors.trader("bob")
    bob.place(side="Sell", quantity="0.004")
    bob.choose("Positions")
    expect(bob.positions.first).to_contain_text("short")
    bob.page.once("dialog", lambda dialog: dialog.accept())
    bob.positions.first.get_by_role("button", name="Close").click()
    expect(bob.page.locator("#positions")).to_contain_text("No positions")
