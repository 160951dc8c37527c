"""Who may open a socket, what it may hear and do, how much, and how it ends when it may no longer."""

import asyncio
import contextlib
import http.cookiejar
import json
import random
import re
import secrets
import socket as sockets
import time
import urllib.parse
import urllib.request

import psutil
import psycopg
import pytest
import websockets

from tests.streams.talking import PATIENCE_S, signed, talk
from tests.streams.test_order_entry import nonce, order

pytestmark = [pytest.mark.process, pytest.mark.asyncio]
HANDSHAKE = (
    "GET /ws/v1 HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PRIVATE = ("orders", "fills", "positions", "account")


@pytest.fixture
def rows(exchange):
    """The exchange's database, to change what only its owners may."""
    with psycopg.connect(exchange.database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def key(exchange, rows):
    """Makes keys of Alice's account with other scopes, networks or expiry; they are hers in all else."""
    made = []

    def make(**changes):
        public_id = secrets.token_hex(8)
        columns = {"scopes": ["read", "trade"], "allowed_networks": [], "expires_at": None, **changes}
        names = ", ".join(columns)
        rows.execute(
            f"INSERT INTO identity_apikey (public_id, account_id, label, kind, encrypted_secret, created_at, {names})"
            f" SELECT %s, account_id, 'test', kind, encrypted_secret, now(), {', '.join(['%s'] * len(columns))}"
            " FROM identity_apikey WHERE public_id = %s",
            [public_id, *columns.values(), exchange.account("alice")["api_key"]],
        )
        made.append(public_id)
        return {**exchange.account("alice"), "api_key": public_id}

    yield make
    rows.execute("DELETE FROM identity_apikey WHERE public_id = ANY(%s)", [made])


def sign_in(address, account):
    """The session cookie of somebody who signed in on the page."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = browser.open(f"http://{address}/sign-in", timeout=PATIENCE_S).read().decode()
    fields = dict(re.findall(r'name="(csrfmiddlewaretoken)" value="([^"]+)"', page))
    names = re.findall(r'<input[^>]*name="(username|login|email|password)"', page)
    for name in names:
        fields[name] = account["password"] if name == "password" else account["email"]
    browser.open(f"http://{address}/sign-in", urllib.parse.urlencode(fields).encode(), timeout=PATIENCE_S).read()
    return {cookie.name: cookie.value for cookie in jar}["sessionid"]


def cookie_socket(address, session, origin):
    return talk(address, additional_headers={"Cookie": f"sessionid={session}"}, origin=origin)


async def test_a_session_trades_for_its_own_accounts(exchange, address):
    session = await asyncio.to_thread(sign_in, address, exchange.account("alice"))
    async with cookie_socket(address, session, f"http://{address}") as page:
        refused = await page.ask("auth", account=999_999)
        assert refused["error"]["code"] == "account_not_found"
        assert "trade" in (await page.ask("auth"))["scopes"]
        placed = await page.ask("order.place", nonce=nonce(), args=order())
        assert placed["status"] == "new"
        await page.ask("order.cancel", nonce=nonce(), args={"id": placed["id"]})


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1"])
async def test_cookies_need_our_own_origin(exchange, address, origin):
    with pytest.raises(websockets.InvalidStatus):
        async with cookie_socket(address, "x" * 32, origin):
            pass


async def test_without_cookies_any_origin_may_listen(address):
    async with talk(address, origin="http://elsewhere.example") as client:
        assert "channels" in await client.ask("subscribe", channels=["status"])
        assert (await client.ask("auth"))["error"]["code"] == "unauthenticated"


async def test_signing_out_ends_it_within_two_seconds(exchange, address, rows):
    session = await asyncio.to_thread(sign_in, address, exchange.account("bob"))
    async with cookie_socket(address, session, f"http://{address}") as page:
        await page.ask("auth")
        rows.execute("DELETE FROM django_session WHERE session_key = %s", [session])
        assert await ends_soon(page) == 4003


@pytest.mark.parametrize(
    "change",
    [
        "revoked_at = now()",
        "expires_at = now() + interval '10 milliseconds'",
        "scopes = '{read}'",
        "allowed_networks = '{10.0.0.0/8}'",
    ],
)
async def test_a_key_that_is_taken_back_ends_it_within_two_seconds(exchange, address, key, rows, change):
    account = key()
    async with talk(address) as client:
        await client.authenticate(account)
        rows.execute(f"UPDATE identity_apikey SET {change} WHERE public_id = %s", [account["api_key"]])
        assert await ends_soon(client) == 4003


async def test_a_frozen_user_is_cut_off(exchange, address, key, rows):
    account = key()
    whose = "id = (SELECT owner_id FROM identity_account a JOIN identity_apikey k ON k.account_id = a.id"
    whose += " WHERE k.public_id = %s)"
    async with talk(address) as client:
        await client.authenticate(account)
        try:
            rows.execute(f"UPDATE identity_user SET is_active = false WHERE {whose}", [account["api_key"]])
            assert await ends_soon(client) == 4003
        finally:
            rows.execute(f"UPDATE identity_user SET is_active = true WHERE {whose}", [account["api_key"]])


async def ends_soon(client):
    started_s = time.monotonic()
    code = await client.closed()
    assert time.monotonic() - started_s < 2.5, "two seconds, and a little for this busy machine"
    return code


async def test_scopes(exchange, address, key):
    reader, trader = key(scopes=["read"]), key(scopes=["trade"])
    async with talk(address) as client:
        await client.authenticate(reader)
        assert "channels" in await client.ask("subscribe", channels=list(PRIVATE))
        refused = await client.ask("order.place", nonce=nonce(), args=order())
        assert refused["error"]["code"] == "forbidden_scope"
        assert (await client.ask("cancel_on_disconnect", nonce=nonce()))["error"]["code"] == "forbidden_scope"
    async with talk(address) as client:
        await client.authenticate(trader)
        for channel in PRIVATE:
            refused = await client.ask("subscribe", channels=["status", channel])
            assert refused["error"]["code"] == "forbidden_scope"
        assert (await client.ask("unsubscribe", channels=["status"]))["channels"] == [], "all or none"


async def test_keys_from_elsewhere_expired_or_signed_wrongly(exchange, address, key):
    alice = exchange.account("alice")
    fields = signed(alice)
    cases = [
        ({**signed(key(allowed_networks=["10.0.0.0/8"]))}, "ip_not_allowed"),
        ({**fields, "signature": "0" * 64}, "bad_signature"),
        ({**fields, "nonce": "other"}, "bad_signature"),
        ({**fields, "timestamp": "1"}, "stale_timestamp"),
        ({**fields, "key": "nobody"}, "unauthenticated"),
        ({**fields, "account": 1}, "invalid_parameter"),
    ]
    async with talk(address) as client:
        for wrong, code in cases:
            assert (await client.ask("auth", **wrong))["error"]["code"] == code
        assert "account" in await client.ask("auth", **fields)
        assert (await client.authenticate(alice))["error"]["code"] == "invalid_parameter", "once a socket"
    async with talk(address) as thief:
        assert (await thief.ask("auth", **fields))["error"]["code"] == "bad_signature", "a signature opens one socket"


async def test_others_orders_cannot_be_touched(exchange, address):
    async with talk(address) as alice, talk(address) as bob:
        await alice.authenticate(exchange.account("alice"))
        await bob.authenticate(exchange.account("bob"))
        placed = await alice.ask("order.place", nonce=nonce(), args=order())
        for op, args in (("order.cancel", {}), ("order.amend", {"quantity": "0.005"})):
            refused = await bob.ask(op, nonce=nonce(), args={"id": placed["id"], **args})
            assert refused["error"]["code"] in ("order_not_found", "read_behind")
        cancelled = await alice.ask("order.cancel", nonce=nonce(), args={"id": placed["id"]})
        assert cancelled["status"] == "cancelled"


async def test_a_large_frame_ends_it(address):
    async with talk(address) as client:
        await client.socket.send("x" * (64 * 1024 + 1))
        assert await client.closed() in (1009, 1006), "daphne drops the connection without a word"


async def test_a_large_message_of_small_frames_is_refused(address):
    async with talk(address) as client:
        with contextlib.suppress(websockets.ConnectionClosed):
            await client.socket.send(["x" * 40_000] * 2)
            assert (await client._answer(None))["error"]["code"] == "payload_too_large"
        assert client.socket.close_code in (None, 1009), "uvicorn drops it, daphne lets us answer"


async def test_a_flood_is_refused_then_ended(address):
    async with talk(address) as client:
        with contextlib.suppress(websockets.ConnectionClosed):
            for number in range(4000):
                await client.socket.send(json.dumps({"op": "ping", "id": number}))
        assert await client.closed() == 4029
        refused = [answer for answer in client.answers.values() if "error" in answer]
        assert refused and {answer["error"]["code"] for answer in refused} == {"rate_limited"}
        assert len(client.answers) - len(refused) >= 500


async def test_256_operations_under_way(exchange, address, key):
    account = key()
    async with talk(address) as client:
        await client.authenticate(account)
        (engine,) = exchange.find("engine")
        engine.suspend()
        try:
            places = [("order.place", {"nonce": nonce(), "args": order()}) for _ in range(300)]
            asking = asyncio.get_running_loop().create_task(client.ask_all(places))
            async with asyncio.timeout(PATIENCE_S):
                while len(client.answers) < 44:
                    await asyncio.sleep(0.01)
        finally:
            engine.resume()
        codes = [answer.get("error", {}).get("code") for answer in await asking]
        assert "rate_limited" not in codes[:256] and codes[256:] == ["rate_limited"] * 44
        await client.ask("order.cancel_all", nonce=nonce())


async def test_bytes_that_are_no_frames_harm_nobody_else(address):
    host, port = address.split(":")
    dice = random.Random(7)
    async with talk(address) as bystander:
        for _ in range(40):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(HANDSHAKE.format(address=address).encode())
            await reader.readuntil(b"\r\n\r\n")
            async with asyncio.timeout(PATIENCE_S):
                with contextlib.suppress(OSError):  # already ended by the server
                    writer.write(dice.randbytes(dice.randint(1, 300)))
                    writer.write_eof()
                    await reader.read()
            writer.close()
        assert "time" in await bystander.ask("ping")


async def test_two_hundred_subscriptions(address):
    intervals = ("1m", "5m", "15m", "1h", "4h", "1d")
    async with talk(address) as client:
        names = [f"candles.{symbol}.{interval}" for symbol in ("BTC-PERP", "ETH-PERP") for interval in intervals]
        assert "channels" in await client.ask("subscribe", channels=names)
        many = await client.ask("subscribe", channels=["status"] * 201)
        assert many["error"]["code"] == "invalid_parameter"


async def test_twenty_sockets_a_user(exchange, address, key):
    account = key()
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(talk(address)) for _ in range(21)]
        answers = [await client.authenticate(account) for client in clients]
        assert ["error" in answer for answer in answers] == [False] * 20 + [True]
        assert answers[-1]["error"]["code"] == "rate_limited"
        await clients[0].socket.close()
        await asyncio.sleep(0.5)
        assert "account" in await clients[-1].authenticate(account)


async def test_fifty_anonymous_sockets_an_address(exchange, address):
    await asyncio.sleep(0.5)  # for those of the tests before to be gone
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(talk(address)) for _ in range(50)]
        with pytest.raises(websockets.InvalidStatus):
            await stack.enter_async_context(talk(address))
        assert "account" in await clients[0].authenticate(exchange.account("alice"))
        await stack.enter_async_context(talk(address))
        await clients[1].socket.close()
        await asyncio.sleep(0.5)
        await stack.enter_async_context(talk(address))


async def test_who_does_nothing_is_sent_away(address):
    async with talk(address) as client:
        started_s = time.monotonic()
        assert await client.closed() == 4001
        assert 9 < time.monotonic() - started_s < 13


async def test_a_reader_that_reads_nothing_is_cut_and_costs_little(exchange, address):
    """It asks on and on and never reads: the gateway stops keeping answers for it and ends the connection."""
    gateway = next(process for process in psutil.process_iter() if listens(process, address))
    before = gateway.memory_info().rss
    host, port = address.split(":")
    with sockets.socket() as raw:
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)  # before connecting: later would confuse TCP
        raw.connect((host, int(port)))
        raw.sendall(HANDSHAKE.format(address=address).encode())
        deadline_s, is_cut = time.monotonic() + 60, False
        names = [f"{kind}.{symbol}" for kind in ("book", "ticker", "mark") for symbol in ("BTC-PERP", "ETH-PERP")]
        frames = masked({"op": "unsubscribe", "channels": names}) + masked({"op": "subscribe", "channels": names})
        while not is_cut and time.monotonic() < deadline_s:
            try:
                raw.sendall(frames)
                await asyncio.sleep(0.005)
            except ConnectionError:
                is_cut = True
    assert is_cut, "still there after a minute"
    assert gateway.memory_info().rss - before < 40 * 1024 * 1024


def masked(message):
    """A text frame as a client has to send it, masked with zeros."""
    payload = json.dumps(message).encode()
    return bytes((0x81, 0x80 | len(payload))) + bytes(4) + payload if len(payload) < 126 else frame_16(payload)


def frame_16(payload):
    return bytes((0x81, 0x80 | 126)) + len(payload).to_bytes(2, "big") + bytes(4) + payload


def listens(process, address):
    port = int(address.split(":")[1])
    try:
        return any(c.status == "LISTEN" and c.laddr.port == port for c in process.net_connections(kind="tcp"))
    except psutil.Error:
        return False


async def test_credits_are_shared_with_rest(exchange, address, key):
    account = key()
    async with talk(address) as client:
        await client.authenticate(account)
        refused = 0
        for _ in range(16):
            batch = {"operations": [{"op": "place", **order(price="10")}] * 50}
            answers = await client.ask_all([("order.batch", {"nonce": nonce(), "args": batch}) for _ in range(4)])
            await asyncio.sleep(0.4)  # so many operations a connection may send
            refused += sum(answer.get("error", {}).get("code") == "rate_limited" for answer in answers)
        assert refused, "3,200 places are more than a key has"
