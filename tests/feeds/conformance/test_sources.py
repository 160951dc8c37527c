"""What every source must do, whoever is behind it, and what becomes of an index while some of them are broken."""

import asyncio
import math
import time
from decimal import Decimal
from itertools import pairwise
from statistics import correlation

import pytest

from risk.core.index_price import (
    CLAMPED_HIGH,
    CLAMPED_LOW,
    CROSSED,
    FROZEN,
    INDEX_ABSENT,
    INDEX_FIRM,
    INVALID,
    OUTLIER,
    STALE,
    USED,
)
from risk.feeds import venues
from risk.feeds.board import QuoteBoard
from risk.feeds.simulated import Character
from risk.feeds.venue_table import VENUES
from tests.feeds.conformance.worlds import Recorded, Simulated, Venues
from tests.feeds.stub import ASSETS

WORLDS = {"simulated": Simulated, "recorded": Recorded, "venues": Venues}
LOOKS = 400
COUNTING = {USED, CLAMPED_LOW, CLAMPED_HIGH}
FATES = {
    "timeout": {STALE},
    "rate_limit": {STALE},
    "server_error": {STALE},
    "broken_json": {STALE, INVALID},
    "wrong_shape": {STALE, INVALID},
    "reset": {STALE},
    "frozen": {STALE, FROZEN},  # a venue that tells no time can only freeze
    "zero": {INVALID},
    "empty": {INVALID},
    "negative": {INVALID},
    "nan": {INVALID, STALE},
    "signalling": {INVALID, STALE},
    "overflowing": {INVALID, STALE},
    "crossed": {CROSSED},
    "outlier": {OUTLIER},
}
# When all of them freeze or say another price, there is nobody to tell.
TELLING = [fault for fault in FATES if fault not in ("frozen", "outlier")]
BREAKABLE = [(kind, fault) for kind in ("recorded", "venues") for fault in TELLING if fault in WORLDS[kind].faults]
# Each fault once, two at a time.
PAIRS = [(kind, WORLDS[kind].faults[place : place + 2]) for kind in ("recorded", "venues") for place in range(0, 15, 2)]

pytestmark = pytest.mark.asyncio


@pytest.fixture
def hasty(monkeypatch):
    """Venues are asked ten times as often, and again sooner after failures."""
    for name, venue in VENUES.items():
        monkeypatch.setitem(VENUES, name, venue._replace(every_s=0.1))
    monkeypatch.setattr(venues, "SHORTEST_PAUSE_S", 0.05)
    monkeypatch.setattr(venues, "LONGEST_PAUSE_S", 0.2)
    monkeypatch.setattr(venues, "RATE_LIMITED_PAUSE_S", 0.1)


@pytest.fixture(params=WORLDS)
def world(request, tmp_path, hasty):
    return WORLDS[request.param](tmp_path)


@pytest.fixture(params=BREAKABLE, ids="-".join)
def breakable(request, tmp_path, hasty):
    """(a world, a fault that it knows)"""
    kind, fault = request.param
    return WORLDS[kind](tmp_path), fault


async def watch(world, board, until):
    """Looks until `until(records by asset)` holds; gives every record on the way."""
    seen = []
    for _ in range(LOOKS):
        quotes, now_ns = await world.look()
        board.learn(quotes, now_ns=now_ns)
        records = {asset: board.index(world.definitions[asset], now_ns=now_ns) for asset in ASSETS}
        seen.append((records, {asset: world.price(asset) for asset in ASSETS}))
        if until(records):
            return seen
    raise AssertionError([(one.quote.venue, one.fate) for record in records.values() for one in record.constituents])


def fates(records, names):
    return {one.fate for record in records.values() for one in record.constituents if one.quote.venue in names}


def all_used(world):
    return lambda records: fates(records, world.venues) <= COUNTING


def assert_near(seen, world):
    """Every index on the way was firm, and within a thousandth of what sound venues say."""
    for records, prices in seen:
        for asset, record in records.items():
            assert record.status == INDEX_FIRM
            price_ticks = prices[asset] / world.definitions[asset].tick
            assert abs(record.index_price_ticks - price_ticks) * 1000 < price_ticks


async def test_every_venue_speaks_of_every_asset(world):
    async with world:
        await watch(world, QuoteBoard(), all_used(world))
        quotes, now_ns = await world.look()
        assert sorted((quote.venue, quote.underlying) for quote in quotes) == sorted(
            (venue, asset) for venue in world.venues for asset in ASSETS
        )
        for quote in quotes:
            price = world.price(quote.underlying)
            assert 0 < quote.bid <= quote.ask
            assert abs(quote.bid - price) < price / 500 and abs(quote.ask - price) < price / 500
            assert 0 <= now_ns - quote.said_at_ns < world.definitions["BTC"].rules.stale_after_ns


async def test_what_it_says_changes(world):
    async with world:
        await watch(world, QuoteBoard(), all_used(world))
        first, _ = await world.look()
        before = {quote[:2]: quote for quote in first}
        for _ in range(LOOKS):
            quotes, _ = await world.look()
            if all(quote.bid != before[quote[:2]].bid for quote in quotes):
                break
        else:
            pytest.fail("some venue never said anything else")
        assert all(quote.said_at_ns >= before[quote[:2]].said_at_ns for quote in quotes)


@pytest.mark.parametrize(("kind", "faults"), [pair for pair in PAIRS if pair[1]])
async def test_some_broken_venues_do_not_move_the_index(kind, faults, tmp_path, hasty):
    async with WORLDS[kind](tmp_path) as world:
        board = QuoteBoard()
        await watch(world, board, all_used(world))
        place = list(FATES).index(faults[0])
        broken = {world.venues[(place + 2 * number) % 5]: fault for number, fault in enumerate(faults)}
        world.spoil(broken)
        seen = await watch(
            world, board, lambda records: all(fates(records, [one]) <= FATES[fault] for one, fault in broken.items())
        )
        assert_near(seen, world)
        world.mend()
        assert_near(await watch(world, board, all_used(world)), world)


async def test_all_venues_broken_leave_no_index(breakable):
    world, fault = breakable
    async with world:
        board = QuoteBoard()
        await watch(world, board, all_used(world))
        world.spoil(dict.fromkeys(world.venues, fault))
        seen = await watch(world, board, lambda records: fates(records, world.venues) <= FATES[fault])
        assert {record.status for record in seen[-1][0].values()} == {INDEX_ABSENT}
        for records, prices in seen:
            for asset, record in records.items():
                price_ticks = prices[asset] / world.definitions[asset].tick
                assert record.status == INDEX_ABSENT or abs(record.index_price_ticks - price_ticks) * 500 < price_ticks
        world.mend()
        await watch(world, board, all_used(world))


async def test_nobody_waits_for_a_venue_that_hangs(tmp_path, hasty):
    async with Venues(tmp_path) as world:
        world.spoil(dict.fromkeys(world.venues, "timeout"))
        await asyncio.sleep(0.1)
        took_s = []
        for _ in range(5):
            started_s = time.perf_counter()
            assert await world.source.quotes(now_ns=time.time_ns()) == []
            took_s.append(time.perf_counter() - started_s)
        assert min(took_s) < 0.05  # the least: whoever waited would wait each time


async def test_a_venue_is_asked_less_and_less_while_it_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(venues, "SHORTEST_PAUSE_S", 0.1)
    async with Venues(tmp_path) as world:
        world.spoil({"kraken": "server_error"})
        await asyncio.sleep(2.0)
        # 0.05 to 0.1 s, then twice as long each time: between five and seven questions
        assert 4 <= world.stub.asked["kraken"] <= 7


async def test_a_venue_that_says_when_is_not_asked_before(tmp_path, monkeypatch):
    monkeypatch.setattr(venues, "SHORTEST_PAUSE_S", 0.05)
    async with Venues(tmp_path) as world:
        world.spoil({"okx": "rate_limit"})
        await asyncio.sleep(1.0)
        assert world.stub.asked["okx"] == 1


async def test_dollars_are_not_taken_for_stablecoins(tmp_path, hasty):
    async with Venues(tmp_path) as world:
        world.stub.dollars = Decimal("0.9")
        seen = await watch(world, QuoteBoard(), all_used(world))
        assert_near(seen[-1:], world)


async def test_the_same_seed_says_the_same(tmp_path):
    first, second = [[await world.look() for _ in range(300)] for world in (Simulated(tmp_path), Simulated(tmp_path))]
    assert first == second
    other = Simulated(tmp_path)
    other.source = type(other.source)(definitions=other.definitions, seed="8", start_ns=other.now_ns)
    assert [await other.look() for _ in range(300)] != first


async def test_simulated_outages_and_jumps_leave_the_index_firm(tmp_path):
    world = Simulated(tmp_path, Character(outages=0.002, outage_end=0.05, jumps=0.01, jump=0.01))
    board, fates_seen = QuoteBoard(), set()
    for _ in range(3000):
        quotes, now_ns = await world.look()
        board.learn(quotes, now_ns=now_ns)
        record = board.index(world.definitions["BTC"], now_ns=now_ns)
        fates_seen |= {one.fate for one in record.constituents}
        assert record.status == INDEX_FIRM
    assert {STALE, FROZEN} <= fates_seen


async def test_simulated_assets_move_together(tmp_path):
    world = Simulated(tmp_path)
    prices = []
    for _ in range(2000):
        await world.look()
        prices.append([float(world.price(asset)) for asset in ASSETS])
    bitcoin, ether = ([math.log(new[place] / old[place]) for old, new in pairwise(prices)] for place in (0, 1))
    assert 0.5 < correlation(bitcoin, ether) < 0.8  # 0.8 of each with the market: 0.64
