"""The loop of `runfeeds`: about a round a second, by one process at a time, through losses of the database."""

import asyncio
import time

import pytest
from django.db import connection

from risk.feeds import runner
from risk.feeds.runner import Rounds, run
from risk.models import IndexTick

pytestmark = pytest.mark.django_db(transaction=True)


class Counting:
    """A pricing that needs the database and counts."""

    def __init__(self):
        self.times_ns = []

    def rest(self):
        pass

    def round(self, quotes, *, now_ns):
        IndexTick.objects.exists()
        self.times_ns.append(now_ns)
        return True


class Silent:
    """A source with nothing to say."""

    is_open = False

    async def __aenter__(self):
        self.is_open = True
        return self

    async def __aexit__(self, *error):
        self.is_open = False

    async def quotes(self, *, now_ns):
        assert self.is_open
        return []


@pytest.fixture
def rounds():
    """Makes Rounds, and closes them."""
    made = []

    def make(pricing):
        made.append(Rounds(pricing))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_only_one_prices_at_a_time(rounds):
    first, second = Counting(), Counting()
    leader, follower = rounds(first), rounds(second)
    for now_ns in range(3):
        leader.do([], now_ns=now_ns)
        follower.do([], now_ns=now_ns)
    assert (first.times_ns, second.times_ns) == ([0, 1, 2], [])
    leader.close()
    deadline_s = time.monotonic() + 30
    while not second.times_ns:  # the server frees the lock a moment after the connection is closed
        assert time.monotonic() < deadline_s
        follower.do([], now_ns=3)
    leader.do([], now_ns=4)
    assert (first.times_ns, second.times_ns) == ([0, 1, 2], [3])


def test_a_lost_database_is_waited_for(rounds, postgres):
    pricing = Counting()
    one = rounds(pricing)
    one.do([], now_ns=0)
    connection.close()
    connection.close_pool()
    postgres.kill()
    try:
        one.do([], now_ns=1)
        one.do([], now_ns=2)
    finally:
        postgres.start()
    deadline_s = time.monotonic() + 30
    while len(pricing.times_ns) < 2:
        assert time.monotonic() < deadline_s
        one.do([], now_ns=3)
    assert pricing.times_ns == [0, 3]


def test_it_rounds_until_it_is_told_to_stop(monkeypatch):
    monkeypatch.setattr(runner, "INTERVAL_S", 0.05)
    pricing, source = Counting(), Silent()

    async def for_a_while():
        stop = asyncio.Event()
        running = asyncio.create_task(run(source, pricing, stop=stop))
        while len(pricing.times_ns) < 4:
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(running, timeout=10)

    asyncio.run(asyncio.wait_for(for_a_while(), timeout=30))
    assert pricing.times_ns == sorted(pricing.times_ns)
    assert not source.is_open


def test_other_errors_end_the_process(monkeypatch):
    """Starting anew is what mends them, and that is the supervisor's."""

    class Broken(Counting):
        def round(self, quotes, *, now_ns):
            raise ZeroDivisionError

    source = Silent()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(run(source, Broken(), stop=asyncio.Event()))
    assert not source.is_open
