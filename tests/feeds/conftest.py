import time

import pytest

from tests.engine_gateway import engine_gateway  # noqa: F401  (a fixture)
from tests.feeds.world import ASSETS, PRICES, Desk
from trading.services import requests


class StillClock:
    """Stands in for the `time` module: moves only when told."""

    def __init__(self):
        self._now_ns = time.time_ns()

    def time_ns(self):
        return self._now_ns

    def advance(self, seconds):
        self._now_ns += int(seconds * 10**9)


@pytest.fixture
def clock():
    return StillClock()


@pytest.fixture
def desk(engine_gateway, clock, monkeypatch):  # noqa: F811
    """Feeds at work: all venues agree, and both instruments have marks."""
    monkeypatch.setattr(requests, "time", clock)
    desk = Desk(engine_gateway, clock)
    for asset in ASSETS:
        desk.all_say(asset, PRICES[asset])
    assert desk.round()
    return desk
