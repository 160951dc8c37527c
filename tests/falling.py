"""A mark that falls for a moment, in an exchange that runs: feeds bring it back within seconds."""

from tests.whole_exchange import Exchange

FALL = """
from trading.engine.commands import UpdateMarkPrice
from trading.models import Instrument
from trading.services import gateway
from trading.services.requests import stamp
row = Instrument.objects.get(symbol="{symbol}")
mark = row.mark_price_ticks * {percent} // 100
gateway.submit(UpdateMarkPrice(*stamp(), row.instrument_id, mark, mark))
"""
REOPEN = """
from trading.services.listings import set_instrument_state
set_instrument_state(symbol="{symbol}", state="normal")
"""


def let_fall(exchange: Exchange, *, symbol: str = "BTC-PERP", percent: int = 99) -> None:
    """To `percent` of what it is."""
    exchange.run("manage.py", "shell", "-v0", "-c", FALL.format(symbol=symbol, percent=percent))


def reopen(exchange: Exchange, *, symbol: str) -> None:
    exchange.run("manage.py", "shell", "-v0", "-c", REOPEN.format(symbol=symbol))
