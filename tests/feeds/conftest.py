import pytest

from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)
from tests.feeds.world import ASSETS, PRICES, Desk


@pytest.fixture
def desk(engine_gateway, clock):  # noqa: F811
    """Feeds at work: all venues agree, and both instruments have marks."""
    desk = Desk(engine_gateway, clock)
    for asset in ASSETS:
        desk.all_say(asset, PRICES[asset])
    assert desk.round()
    return desk
