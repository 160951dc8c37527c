"""The pages of indices: what marks are made of, as it changes."""

from playwright.sync_api import expect

from tests.whole_exchange import wait_until


def test_an_index_is_found_from_the_markets_and_lives(visitors):
    page = visitors.stranger("/markets")
    page.get_by_role("region", name="Indices").get_by_role("link", name="BTC").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Index BTC")
    expect(page.get_by_role("region", name="Venues", exact=True).get_by_role("rowheader")).to_have_count(5)
    price = page.locator("dl.figures dd").first
    before = price.inner_text()
    expect(price).not_to_have_text(before)
    expect(page.get_by_role("region", name="Venues", exact=True)).to_contain_text("counts")


def test_the_chart_of_an_index_changes_its_span_and_says_when_it_cannot(visitors):
    page = visitors.stranger("/indices/BTC")
    expect(page.locator("#chart-empty")).to_be_hidden()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="50 min").click()
    expect(page.get_by_role("button", name="50 min")).to_have_attribute("aria-pressed", "true")
    wait_until(lambda: page.wait_for_timeout(50) or any("interval=10s" in url for url in asked), what="asked", for_s=10)
    visitors.expect_complaint("ERR_FAILED|Failed to load resource")
    page.route("**/api/v1/indices/**", lambda route: route.abort())
    page.get_by_role("button", name="5 min").click()
    expect(page.get_by_role("status").filter(has_text="could not be loaded")).to_be_visible()
    page.unroute("**/api/v1/indices/**")
    expect(page.locator("#chart-empty")).to_be_hidden()


def test_an_index_that_is_not_there(visitors):
    visitors.expect_complaint("status of 404")
    page = visitors.stranger("/indices/NONE")
    expect(page.get_by_role("heading", level=1)).to_contain_text("There is no such index")
