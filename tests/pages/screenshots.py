"""Pictures of the pages for the documentation, of the demo world that `make run` runs beside (the one of VAR_DIR)."""

import json
import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.chaos.traders import Api
from tests.falling import let_fall
from tests.pages import chromium
from tests.pages.visitors import DESKTOP, PHONE, Trader, Visitors, flatten
from tests.whole_exchange import ROOT, Exchange, wait_until

FOLDER = ROOT / "docs" / "screenshots"
LARGEST_BYTES = 250_000
SETTLED_MS = 1_500
POSITION = "/api/v1/positions/BTC-PERP"
LIQUIDATIONS = "/api/v1/liquidations"
RISK = {"fund": "/insurance-fund", "funding": "/funding/BTC-PERP", "index": "/indices/BTC"}


class Running:
    """An exchange that somebody else started."""

    account = Exchange.account

    def __init__(self, folder: Path) -> None:
        self.demo = json.loads((folder / "demo.json").read_text())

    def run(self, *arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)


def liquidate(running: Running) -> str:
    """Alice's isolated position of too much leverage; the address of its story."""
    account = running.account("alice")
    api = Api(running.demo["base_url"], account["api_key"], account["api_secret"])
    api.call("PATCH", POSITION, {"leverage": 100, "margin_mode": "isolated"})
    orders = (
        {"side": "buy", "type": "market"},
        {"side": "buy", "type": "stop", "trigger_price": "90000", "trigger_by": "mark"},
    )
    for order in orders:
        api.call("POST", "/api/v1/orders", {"symbol": "BTC-PERP", "quantity": "0.4", **order})
    let_fall(running)
    wait_until(lambda: api.patiently("GET", LIQUIDATIONS).body["results"], what="a liquidation", for_s=20)
    flatten(running, "alice")
    api.call("PATCH", POSITION, {"leverage": 10, "margin_mode": "cross"})
    return f"/liquidations/{api.call('GET', LIQUIDATIONS).body['results'][0]['id']}"


def prepare(trader: Trader) -> None:
    """Something to look at: a position, orders on both sides, and a form that is filled in."""
    trader.place(side="Buy", quantity="0.15")
    trader.place(side="Buy", quantity="0.25", price=trader.price_away("-0.002"))
    trader.place(side="Sell", quantity="0.2", price=trader.price_away("0.003"))
    trader.page.locator("#positions tbody tr").wait_for(state="attached")


def take(visitors: Visitors, *, viewport: dict[str, int], theme: str) -> None:
    suffix = f"{viewport['width']}-{theme}.png"
    page = visitors.stranger("/sign-in", viewport=viewport, theme=theme)
    shoot(page, f"sign-in-{suffix}")
    page.goto("/markets")
    shoot(page, f"markets-{suffix}")
    trader = visitors.trader("alice", viewport=viewport, theme=theme)
    if viewport is DESKTOP:
        trader.fill_in(side="Buy", quantity="0.4", price=trader.price_away("-0.001"))
        trader.choose("Open orders")
        trader.page.locator("h1").click()  # opens the menu, and closes it again: no field has the focus then
        trader.page.locator("h1").click()
    shoot(trader.page, f"trade-{suffix}")


def take_risk(visitors: Visitors, story: str) -> None:
    page = visitors.person("alice", "/markets")
    for name, path in {"liquidation": story, **RISK}.items():
        page.goto(path)
        shoot(page, f"{name}-1440-dark.png")


def shoot(page, name: str) -> None:
    page.wait_for_timeout(SETTLED_MS)
    path = FOLDER / name
    page.screenshot(path=path, animations="disabled", caret="hide")
    assert path.stat().st_size < LARGEST_BYTES, f"{name} is too large: {path.stat().st_size} bytes"
    print(path.relative_to(ROOT), path.stat().st_size)


def main() -> None:
    running = Running(Path(os.environ.get("VAR_DIR", "var")))
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        path = chromium.find(playwright)
        if not path:
            sys.exit(f"There is no Chromium; install it by: {chromium.INSTALL_LINE}")
        visitors = Visitors(playwright.chromium.launch(executable_path=path), running, {})
        flatten(running, "alice")
        take_risk(visitors, liquidate(running))
        prepare(visitors.trader("alice"))
        for viewport in (DESKTOP, PHONE):
            for theme in ("dark", "light"):
                take(visitors, viewport=viewport, theme=theme)
        flatten(running, "alice")


if __name__ == "__main__":
    main()
