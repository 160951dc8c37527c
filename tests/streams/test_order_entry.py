"""Orders over a real gateway to a real engine: answered as by REST, pipelined, repeated, told to private channels."""

import asyncio
import secrets

import pytest

from tests.streams.talking import talk

pytestmark = [pytest.mark.process, pytest.mark.asyncio]


def order(**fields):
    body = {"symbol": "BTC-PERP", "side": "buy", "type": "limit", "quantity": "0.01", "price": "58000", **fields}
    return {name: value for name, value in body.items() if value is not None}


def nonce():
    return secrets.token_hex(8)


async def place(client, **fields):
    return await client.ask("order.place", nonce=nonce(), args=order(**fields))


class Trading:
    """A connection of one of the demo's people, without orders before and after."""

    def __init__(self, exchange, address, name):
        self.account = exchange.account(name)
        self._talk = talk(address)

    async def __aenter__(self):
        self.client = await self._talk.__aenter__()
        assert "account" in await self.client.authenticate(self.account)
        await self.client.ask("order.cancel_all", nonce=nonce())
        return self.client

    async def __aexit__(self, *error):
        await self.client.ask("order.cancel_all", nonce=nonce())
        await self._talk.__aexit__(*error)


async def test_an_order_lives_and_dies(exchange, address):
    async with Trading(exchange, address, "alice") as alice:
        placed = await place(alice, client_order_id=f"mine-{nonce()}")
        assert (placed["status"], placed["filled_quantity"], placed["repeated"]) == ("new", "0", False)
        amended = await alice.ask("order.amend", nonce=nonce(), args={"id": placed["id"], "quantity": "0.005"})
        assert (amended["id"], amended["quantity"]) == (placed["id"], "0.005")
        cancelled = await alice.ask("order.cancel", nonce=nonce(), args={"id": placed["id"]})
        assert (cancelled["status"], cancelled["cancel_reason"]) == ("cancelled", "user")
        again = await alice.ask("order.cancel", nonce=nonce(), args={"id": placed["id"]})
        assert again["error"]["code"] in ("order_already_closed", "read_behind")


async def test_pipelined_operations_keep_their_order(exchange, address):
    async with Trading(exchange, address, "alice") as alice:
        answers = await alice.ask_all(
            [("order.place", {"nonce": nonce(), "args": order(price=str(58000 - n))}) for n in range(40)]
        )
        sequences = [answer["sequence"] for answer in answers]
        assert sequences == sorted(sequences) and len(set(sequences)) == 40
        cancelled = await alice.ask("order.cancel_all", nonce=nonce(), args={"symbol": "BTC-PERP"})
        assert sorted(cancelled["cancelled"]) == [answer["id"] for answer in answers]


async def test_the_same_nonce_is_the_same_operation(exchange, address):
    async with Trading(exchange, address, "alice") as alice:
        operation = ("order.place", {"nonce": nonce(), "args": order()})
        first, second = await alice.ask_all([operation, operation])
        assert first == second
        assert len((await alice.ask("order.cancel_all", nonce=nonce()))["cancelled"]) == 1


async def test_a_batch_answers_each(exchange, address):
    async with Trading(exchange, address, "alice") as alice:
        operations = [
            {"op": "place", **order()},
            {"op": "place", **order(price="58000.01")},
            {"op": "cancel", "id": 1},
            {"op": "place", **order(price="10")},
        ]
        answer = await alice.ask("order.batch", nonce=nonce(), args={"operations": operations})
        results = answer["results"]
        assert results[0]["result"]["status"] == "new"
        codes = [item["error"]["code"] for item in results[1:]]
        assert codes == ["invalid_price", "order_not_found", "price_outside_band"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"price": "58000.05"}, "invalid_price"),
        ({"quantity": "0"}, "invalid_quantity"),
        ({"price": None}, "invalid_parameter"),
        ({"symbol": "NO-PERP"}, "instrument_not_found"),
        ({"price": "1"}, "price_outside_band"),
        ({"quantity": "0.001", "price": "58000", "side": "sell", "reduce_only": True}, "would_not_reduce"),
    ],
)
async def test_refusals_have_the_codes_of_rest(exchange, address, fields, code):
    async with Trading(exchange, address, "bob") as bob:
        assert (await place(bob, **fields))["error"]["code"] == code


async def test_private_channels_tell_of_ones_own_alone(exchange, address):
    async with Trading(exchange, address, "alice") as alice, Trading(exchange, address, "bob") as bob:
        for client in (alice, bob):
            await client.ask("subscribe", channels=["orders", "fills", "positions", "account"])
            client.messages.clear()
        placed = await place(alice, type="market", price=None)
        assert placed["status"] == "filled"
        shown = await alice.hear("orders", where=lambda m: m["sequence"] >= placed["sequence"])
        assert [each["status"] for each in shown["data"] if each["id"] == placed["id"]] == ["filled"]
        fill = (await alice.hear("fills"))["data"][-1]
        assert (fill["order_id"], fill["role"]) == (placed["id"], "taker")
        position = (await alice.hear("positions"))["data"][-1]
        assert position["symbol"] == "BTC-PERP" and position["size"] != "0"
        lines = (await alice.hear("account"))["data"]
        assert {"trade_fee"} <= {line["kind"] for line in lines}
        await asyncio.sleep(1.2)
        await bob.ask("ping")
        assert {m["type"] for m in bob.messages} == {"heartbeat"}
        await place(alice, type="market", price=None, side="sell")


async def test_orders_go_when_the_socket_goes(exchange, address):
    async with Trading(exchange, address, "bob") as watcher:
        await watcher.ask("subscribe", channels=["orders"])
        async with talk(address) as bob:
            await bob.authenticate(exchange.account("bob"))
            armed = await bob.ask("cancel_on_disconnect", nonce=nonce())
            assert armed["cancel_at"] > 0
            placed = await place(bob)
        message = await watcher.hear("orders", where=lambda m: m["data"][-1]["status"] == "cancelled")
        (closed,) = [each for each in message["data"] if each["id"] == placed["id"]]
        assert closed["cancel_reason"] == "dead_man"


async def test_the_switch_can_be_taken_back(exchange, address):
    async with Trading(exchange, address, "bob") as bob:
        await bob.ask("cancel_on_disconnect", nonce=nonce())
        assert (await bob.ask("cancel_on_disconnect", nonce=nonce(), args={"enabled": False}))["cancel_at"] is None


async def test_a_mass_quote_stands_is_kept_and_taken_away(exchange, address):
    def quotes(*prices):
        return {"symbol": "BTC-PERP", "quotes": [{"side": "buy", "price": one, "quantity": "0.01"} for one in prices]}

    async with Trading(exchange, address, "alice") as alice:
        first = await alice.ask("order.mass_quote", nonce=nonce(), args=quotes("57500", "57600"))
        ids = [one["id"] for one in first["quotes"]]
        assert all(ids) and first["cancelled"] == []
        second = await alice.ask("order.mass_quote", nonce=nonce(), args=quotes("57600", "57700"))
        assert (second["quotes"][0]["id"] in (ids[1], None), second["cancelled"]) == (True, ids[:1])
        refused = await alice.ask("order.mass_quote", nonce=nonce(), args=quotes("57600", "57600"))
        assert refused["error"]["code"] == "invalid_parameter"
        gone = await alice.ask("order.mass_quote", nonce=nonce(), args=quotes())
        assert (gone["quotes"], len(gone["cancelled"])) == ([], 2)


async def test_market_maker_protection_is_set_and_switched_off(exchange, address):
    async with Trading(exchange, address, "alice") as alice:
        limits = {"symbol": "BTC-PERP", "window_ms": 1000, "quantity_limit": "1.5", "freeze_ms": 100}
        said = await alice.ask("market_maker_protection.set", nonce=nonce(), args=limits)
        assert {name: said[name] for name in limits} == limits
        off = await alice.ask("market_maker_protection.set", nonce=nonce(), args={"symbol": "BTC-PERP", "window_ms": 0})
        assert (off["window_ms"], off["quantity_limit"]) == (0, "0")
        odd = await alice.ask("market_maker_protection.set", nonce=nonce(), args={"symbol": "BTC-PERP", "window_ms": 1})
        assert odd["error"]["code"] == "invalid_parameter"


async def test_attached_orders_and_groups_are_told(exchange, address):
    stop = {"type": "stop", "trigger_price": "55000", "trigger_by": "mark"}
    async with Trading(exchange, address, "alice") as alice:
        await alice.ask("subscribe", channels=["orders"])
        parent = await place(alice, attached=[stop])
        (attached_id,) = parent["attached_order_ids"]
        told = await alice.hear("orders", where=lambda m: any(one["id"] == attached_id for one in m["data"]))
        (attached,) = [one for one in told["data"] if one["id"] == attached_id]
        assert (attached["parent_order_id"], attached["status"]) == (parent["id"], "untriggered")
        leader = await place(alice, price="57900")
        second = await place(alice, price="57800", group_id=leader["id"])
        told = await alice.hear("orders", where=lambda m: any(one["id"] == second["id"] for one in m["data"]))
        groups = {one["id"]: one["group_id"] for one in told["data"]}
        assert groups == {leader["id"]: leader["id"], second["id"]: leader["id"]}
