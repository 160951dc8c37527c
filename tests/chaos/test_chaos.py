"""Processes of a real exchange die at random moments under load; nothing acknowledged is lost, nothing is invented."""

import json
import random
import statistics
import time

import pytest

from tests.chaos.traders import Api, Trader
from tests.whole_exchange import Exchange, wait_until

BACK_AFTER_RESTART_S = 10.0
GIVE_UP_S = 60.0


@pytest.fixture
def exchange(tmp_path):
    folder = tmp_path / "var"
    folder.mkdir(mode=0o711)
    exchange = Exchange(folder, RATE_LIMITS_ENABLED="0")
    try:
        exchange.wait_ready()
        yield exchange
    finally:
        exchange.stop()


def api_of(exchange, name):
    account = exchange.account(name)
    return Api(exchange.demo["base_url"], account["api_key"], account["api_secret"])


def play(exchange, kinds, *, seed):
    """Kill one of each of `kinds` in turn, each at a random moment of the load, and see the exchange come back."""
    dice = random.Random(seed)
    traders = [Trader(api_of(exchange, name), prefix=name, seed=number) for number, name in enumerate(("alice", "bob"))]
    for trader in traders:
        trader.start()
    times = []
    for kind in kinds:
        due = len(traders[0].acknowledged) + dice.randint(5, 60)
        wait_until(lambda due=due: len(traders[0].acknowledged) >= due, what="orders are acknowledged", for_s=GIVE_UP_S)
        killed_at_s = time.time()
        exchange.kill(kind, dice)
        for trader in traders:
            wait_until(
                lambda trader=trader, since_s=killed_at_s: trader.last_ack_s > since_s + 0.3,
                what=f"trading again after the kill of {kind}",
                for_s=GIVE_UP_S,
            )
        back_s = max(trader.last_ack_s for trader in traders)
        after_restart_s = back_s - max(exchange.engine_started_at_s(), killed_at_s)
        times.append((kind, back_s - killed_at_s, after_restart_s))
        print(f"  {kind:<9} trading again after {times[-1][1]:5.1f} s, {after_restart_s:5.1f} s after engine or kill")
    for trader in traders:
        trader.stopping.set()
    for trader in traders:
        trader.join()
    return traders, times


def check(exchange, traders, times):
    final = time.monotonic() + 16 if any(trader.unknown for trader in traders) else 0
    wait_until(lambda: time.monotonic() >= final, what="every outcome is final", for_s=GIVE_UP_S)
    unknown = sum(len(trader.unknown) for trader in traders)
    done = sum(trader.settle_unknown() for trader in traders)
    counts = [trader.check_everything_is_there() for trader in traders]
    surprises = [surprise for trader in traders for surprise in trader.surprises]
    assert not surprises, surprises[:3]
    for process in exchange.find("engine"):
        process.suspend()  # the journal stands still while it is read as a whole
    try:
        found = json.loads(exchange.run("-m", "tests.chaos.audit"))
    finally:
        for process in exchange.find("engine"):
            process.resume()
    assert found["is_whole"] and found["hashes_agree"] and found["executed_twice"] == 0, found
    exchange.run("manage.py", "reconcile")
    slowest = max(after for _, _, after in times)
    median = statistics.median(after for _, _, after in times)
    print(
        f"  {len(times)} kills; {sum(orders for orders, _ in counts)} orders and {sum(fills for _, fills in counts)} "
        f"fills acknowledged, all there; {unknown} outcomes unknown at first, {done} of them done; journal of "
        f"{found['sequence']} records whole, state hashes equal; "
        f"back after median {median:.1f} s, worst {slowest:.1f} s"
    )
    assert slowest <= BACK_AFTER_RESTART_S


@pytest.mark.process
def test_engine_database_and_cache_die(exchange):
    print()
    check(exchange, *play(exchange, ["engine", "postgres", "valkey"], seed=1))


@pytest.mark.long
def test_many_deaths(exchange):
    print()
    kinds = ["engine", "postgres", "valkey", "web", "backend"] * 5
    random.Random(2).shuffle(kinds)
    check(exchange, *play(exchange, kinds, seed=2))
