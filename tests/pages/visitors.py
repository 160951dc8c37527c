"""People with a browser: how they get in, what their pages complain of, and the parts of the trading page they use."""

import re
from decimal import Decimal
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.chaos.traders import Api
from tests.whole_exchange import Exchange

PATIENCE_MS = 10_000
TRADE = "/trade/BTC-PERP"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}
REPLACED = "htmx:(afterRequest|sendAbort)"  # what htmx says when a newer request took the place of one under way


class Visitors:
    """Every one has a browser context of its own; `complaints` gathers what their pages log as errors."""

    def __init__(self, browser: Browser, exchange: Exchange, sign_ins: dict[str, Any]) -> None:
        self.browser, self.exchange, self.sign_ins = browser, exchange, sign_ins
        self.contexts: list[Any] = []
        self.complaints: list[str] = []
        self.expected = [REPLACED]

    def expect_complaint(self, pattern: str) -> None:
        """What a test provokes may be complained of."""
        self.expected.append(pattern)

    def stranger(self, path: str = TRADE, *, viewport: Any = DESKTOP, theme: Any = "dark", **options: Any) -> Page:
        context = self.browser.new_context(
            base_url=self.exchange.demo["base_url"], viewport=viewport, color_scheme=theme, **options
        )
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._complain(f"{error.name}: {error.message}"))
        page.goto(path)
        return page

    def person(self, name: str, path: str = TRADE, **options: Any) -> Page:
        """One who is signed in already."""
        if name not in self.sign_ins:
            page = self.stranger("/sign-in", viewport=DESKTOP)
            let_in(page, self.exchange, name)
            self.sign_ins[name] = page.context.storage_state()
        return self.stranger(path, storage_state=self.sign_ins[name], **options)

    def trader(self, name: str, path: str = TRADE, **options: Any) -> "Trader":
        """One who is signed in and whose trading page lives."""
        return Trader(self.person(name, path, **options)).ready()

    def leave(self) -> list[str]:
        """Everybody goes; what their pages complained of until then. Requests that are cut off by it do not count."""
        complaints = list(self.complaints)
        for context in self.contexts:
            context.close()
        return complaints

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complain(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _complain(self, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in self.expected):
            self.complaints.append(text)


def let_in(page: Page, exchange: Exchange, name: str) -> None:
    """From the sign-in page into the exchange."""
    account = exchange.account(name)
    page.get_by_label("E-mail").fill(account["email"])
    page.get_by_label("Password").fill(account["password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text(account["email"])).to_be_attached()


def link_in_mail(exchange: Exchange, *, to: str) -> str:
    """The one link in the latest letter to somebody."""
    letters = sorted((exchange.folder / "mail").iterdir(), key=lambda path: path.stat().st_mtime)
    (letter,) = [text for text in (path.read_text() for path in letters) if f"To: {to}" in text][-1:]
    (link,) = re.findall(r"^https?://\S+$", letter, re.MULTILINE)
    return link


def flatten(exchange: Exchange, name: str) -> None:
    """Their orders are cancelled and their positions closed, past every page."""
    account = exchange.account(name)
    api = Api(exchange.demo["base_url"], account["api_key"], account["api_secret"])
    for symbol in ("BTC-PERP", "ETH-PERP"):
        assert api.patiently("DELETE", f"/api/v1/orders?symbol={symbol}").status == 200
    for position in api.patiently("GET", "/api/v1/positions").body["results"]:
        size = position["size"]
        if size != "0":
            side = "buy" if size.startswith("-") else "sell"
            order = {"symbol": position["symbol"], "side": side, "type": "market", "reduce_only": True}
            assert api.call("POST", "/api/v1/orders", {**order, "quantity": size.lstrip("-")}).status == 201


class Trader:
    """The trading page as its user sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def ready(self) -> "Trader":
        expect(self.connection).to_have_text("live")
        expect(self.mark_price).to_have_text(re.compile(r"\d"))
        expect(self.page.locator("#account dd").first).to_have_text(re.compile(r"\d"))
        return self

    @property
    def connection(self) -> Locator:
        return self.page.locator("#connection")

    @property
    def mark_price(self) -> Locator:
        return self.page.locator("#mark")

    @property
    def form(self) -> Locator:
        return self.page.locator("#order-form")

    @property
    def preview(self) -> Locator:
        return self.page.locator("#preview")

    @property
    def notices(self) -> Locator:
        return self.page.locator("#notices .notice")

    @property
    def orders(self) -> Locator:
        return self.page.locator("#orders tbody tr")

    @property
    def fills(self) -> Locator:
        return self.page.locator("#fills tbody tr")

    @property
    def positions(self) -> Locator:
        return self.page.locator("#positions tbody tr")

    def choose(self, tab: str) -> None:
        """Positions, orders and fills share one place."""
        self.page.get_by_role("tab", name=re.compile(f"^{tab}")).click()

    def price_away(self, rate: str) -> str:
        """A whole price that far from the mark: -0.02 is 2 % below it."""
        mark = Decimal(self.mark_price.inner_text().replace(",", ""))
        return str(int(mark * (1 + Decimal(rate))))

    def fill_in(self, *, side: str, quantity: str, price: str | None = None) -> None:
        """A limit order at `price`; a market order without one."""
        self.form.get_by_text(side, exact=True).click()
        self.form.get_by_label("Type").select_option("Limit" if price else "Market")
        if price:
            self.form.get_by_label("Price", exact=False).first.fill(price)
        self.form.get_by_label("Quantity").first.fill(quantity)

    def place(self, *, side: str, quantity: str, price: str | None = None) -> None:
        self.fill_in(side=side, quantity=quantity, price=price)
        self.form.get_by_role("button", name=f"{side} ").click()

    def level(self, side: str, price: str) -> Locator:
        """The row of a price in the book; `side` is bids or asks."""
        return self.page.locator(f'#{side} [data-price="{price}"]')
