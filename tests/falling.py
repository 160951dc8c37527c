"""A mark that falls by one percent for a moment, in an exchange that runs: feeds bring it back within seconds."""

from tests.whole_exchange import Exchange

FALL = """
from trading.engine.commands import UpdateMarkPrice
from trading.models import Instrument
from trading.services import gateway
from trading.services.requests import stamp
mark = Instrument.objects.get(symbol="BTC-PERP").mark_price_ticks
gateway.submit(UpdateMarkPrice(*stamp(), 1, mark * 990 // 1000, mark * 990 // 1000))
"""


def let_fall(exchange: Exchange) -> None:
    exchange.run("manage.py", "shell", "-v0", "-c", FALL)
