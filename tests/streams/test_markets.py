"""Names that anybody can make up do not make the database busy."""

import asyncio

import pytest

from exchange.contract.errors import ApiError
from trading.streams import markets
from trading.streams.channels import parse_channel
from trading.streams.hub import Hub

pytestmark = pytest.mark.asyncio


async def test_unknown_symbols_are_looked_for_once_in_a_while(monkeypatch):
    monkeypatch.setattr(markets, "LOOKS_APART_S", 0.2)
    looks, hub = [], Hub()

    async def read(function):
        looks.append(function)
        await asyncio.sleep(0.01)
        return []

    async def subscribe(symbol):
        with pytest.raises(ApiError, match="instrument_not_found"):
            await hub.open(parse_channel(f"mark.{symbol}"), account_id=0)

    hub.markets = markets.Markets(read)
    await asyncio.gather(*(subscribe(f"A{number}-PERP") for number in range(50)))
    await subscribe("B-PERP")
    assert len(looks) == 1
    await asyncio.sleep(0.2)
    await subscribe("B-PERP")
    assert len(looks) == 2
