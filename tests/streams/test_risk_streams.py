"""A liquidation as streams tell it: to everybody what was closed, to its owner what became of position and money."""

import asyncio
from decimal import Decimal

import pytest

from tests.chaos.traders import Api
from tests.falling import let_fall
from tests.streams.talking import talk

pytestmark = [pytest.mark.process, pytest.mark.asyncio]


@pytest.fixture
def alice(exchange):
    """Isolated at a leverage of 100; as usual afterwards."""
    account = exchange.account("alice")
    api = Api(f"http://{exchange.address}", account["api_key"], account["api_secret"])
    settings = "/api/v1/positions/BTC-PERP"
    flatten(api)
    assert api.call("PATCH", settings, {"leverage": 100, "margin_mode": "isolated"}).status == 200
    yield api
    flatten(api)
    assert api.call("PATCH", settings, {"leverage": 10, "margin_mode": "cross"}).status == 200


def flatten(api):
    """Whatever other tests left of a position is closed."""
    held = {one["symbol"]: Decimal(one["size"]) for one in api.call("GET", "/api/v1/positions").body["results"]}
    size = held.get("BTC-PERP", Decimal(0))
    if size:
        side = "sell" if size > 0 else "buy"
        order = {"symbol": "BTC-PERP", "side": side, "type": "market", "quantity": str(abs(size)), "reduce_only": True}
        assert api.call("POST", "/api/v1/orders", order).body["status"] == "filled"


async def test_a_liquidation_is_told_to_everybody_and_its_owner(exchange, alice):
    order = {"symbol": "BTC-PERP", "side": "buy", "type": "market", "quantity": "0.02"}
    async with talk(exchange.address) as everybody, talk(exchange.address) as owner:
        await everybody.ask("subscribe", channels=["liquidations", "mark.BTC-PERP"])
        mark = (await everybody.hear("mark.BTC-PERP"))["data"]
        assert (
            set(mark) == {"symbol", "mark", "index", "time"}
            and abs(float(mark["index"]) / float(mark["mark"]) - 1) < 0.02
        )
        await owner.authenticate(exchange.account("alice"))
        await owner.ask("subscribe", channels=["positions", "account", "orders"])
        assert (await asyncio.to_thread(alice.call, "POST", "/api/v1/orders", order)).body["status"] == "filled"
        # Readers may be late with the margin mode that was set before.
        opened = (await owner.hear("positions", where=lambda m: m["data"][-1]["size"] != "0"))["data"][-1]
        assert (opened["size"], opened["margin_mode"]) == ("0.02", "isolated") and float(opened["isolated_margin"]) > 0
        await asyncio.to_thread(let_fall, exchange)

        told = await everybody.hear("liquidations")
        (closed,) = told["data"]
        assert (closed["symbol"], closed["side"], closed["quantity"]) == ("BTC-PERP", "sell", "0.02")
        assert set(closed) == {"symbol", "step", "side", "quantity", "price", "mark_price", "time", "sequence"}
        assert told["sequence"] == closed["sequence"]
        flat = (await owner.hear("positions", where=lambda m: m["data"][-1]["size"] == "0"))["data"][-1]
        assert (flat["isolated_margin"], flat["entry_price"]) == ("0", None)
        fee = await owner.hear("account", where=lambda m: any(line["liquidation_id"] for line in m["data"]))
        assert "liquidation_fee" in {line["kind"] for line in fee["data"]}
