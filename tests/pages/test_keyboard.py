"""Trading without a mouse."""

import re

from playwright.sync_api import expect

from tests.pages.visitors import Trader


def test_the_way_in_by_keyboard(visitors, exchange):
    page = visitors.stranger("/sign-in?next=/trade/BTC-PERP")
    expect(page.get_by_label("E-mail")).to_be_focused()
    account = exchange.account("bob")
    page.keyboard.type(account["email"])
    page.keyboard.press("Tab")
    page.keyboard.type(account["password"])
    page.keyboard.press("Enter")
    Trader(page).ready()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    assert page.locator(":focus").evaluate("skip => getComputedStyle(skip).outlineStyle") == "solid"


def test_an_order_by_keys_alone(visitors, clean_slate):
    alice = visitors.trader("alice")
    page, keys = alice.page, alice.page.keyboard
    price, quantity = alice.form.get_by_label("Price").first, alice.form.get_by_label("Quantity").first
    keys.press("s")
    expect(alice.form.get_by_role("radio", name="Sell")).to_be_checked()
    keys.press("m")
    expect(price).to_be_hidden()
    keys.press("l")
    keys.press("b")
    keys.press("/")
    expect(price).to_be_focused()
    keys.type(alice.price_away("-0.03"))
    keys.press("Tab")
    expect(quantity).to_be_focused()
    keys.type("0.1")
    keys.press("Enter")
    expect(page.locator("#orders-count")).to_have_text("1")
    keys.press("Escape")
    expect(quantity).not_to_be_focused()
    keys.press("q")
    expect(quantity).to_be_focused()
    keys.type("b")
    expect(alice.form.get_by_role("radio", name="Buy")).to_be_checked()


def test_an_order_is_found_and_cancelled_by_keys_alone(visitors, clean_slate):
    alice = visitors.trader("alice")
    keys = alice.page.keyboard
    alice.place(side="Buy", quantity="0.1", price=alice.price_away("-0.03"))
    expect(alice.page.locator("#orders-count")).to_have_text("1")
    alice.page.wait_for_load_state("networkidle")  # the list is drawn anew when its news come, and loses the focus
    alice.page.get_by_role("tab", name="Positions").focus()
    keys.press("ArrowRight")
    expect(alice.page.get_by_role("tab", name="Open orders")).to_be_focused()
    expect(alice.orders).to_be_visible()
    cancel = alice.orders.get_by_role("button", name="Cancel")
    for _ in range(8):
        keys.press("Tab")
        if cancel.evaluate("button => button === document.activeElement"):
            break
    expect(cancel).to_be_focused()
    keys.press("Enter")
    expect(alice.orders).to_have_count(0)


def test_the_tab_key_goes_through_the_form_in_the_order_it_is_read(visitors):
    alice = visitors.trader("alice")
    alice.form.get_by_role("radio", name="Buy").focus()
    seen = ["side"]
    for _ in range(13):
        alice.page.keyboard.press("Tab")
        focused = alice.page.locator(":focus")
        seen.append(focused.get_attribute("name") or focused.get_attribute("data-share") or focused.get_attribute("id"))
    shares = ["10", "25", "50", "75", "100"]
    assert seen == [
        "side",
        "type",
        "price",
        "quantity",
        *shares,
        "time_in_force",
        "post_only",
        "reduce_only",
        "more",
        "submit",
    ]


def test_a_price_is_taken_from_the_book_by_keys(visitors, still_market):
    alice = visitors.trader("alice")
    bids = alice.page.locator("#bids [data-price]")
    bids.first.focus()
    alice.page.keyboard.press("ArrowDown")
    expect(bids.nth(1)).to_be_focused()
    chosen = bids.nth(1).get_attribute("data-price")
    alice.page.keyboard.press("Enter")
    expect(alice.form.get_by_label("Price").first).to_have_value(re.compile(rf"^{chosen}$"))
