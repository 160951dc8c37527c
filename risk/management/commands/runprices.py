"""Moves the mark prices of the demo's instruments about once a second."""

import signal
import threading
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection

from exchange.contract.errors import ApiError
from exchange.contract.numbers import parse_scaled, step_from_text
from risk.feeds.simulated import WanderingPrice
from trading.engine.commands import UpdateMarkPrice
from trading.models import Instrument, ParametersVersion
from trading.services import gateway
from trading.services.requests import stamp

ANCHORS: Final = {"BTC-PERP": "60000", "ETH-PERP": "3000"}
INTERVAL_S: Final = 1.0

Prices = dict[int, WanderingPrice]


class Command(BaseCommand):
    help = "Simulates prices: mark prices that wander around fixed ones, and go on from the last one after a restart."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", default="1")

    def handle(self, *, seed: str, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        prices: Prices = {}
        state = ""
        while not stop.is_set():
            before, state = state, "prices move"
            if len(prices) < len(ANCHORS):
                prices = find_prices(seed=seed)
            if len(prices) < len(ANCHORS):
                state = "waiting for the instruments to be listed"
            elif not send_next(prices):
                state = "waiting for the engine"
            if state != before:
                self.stdout.write(f"{state.capitalize()}.")
            stop.wait(INTERVAL_S)


def find_prices(*, seed: str) -> Prices:
    """A walk for each listed instrument of ANCHORS, by instrument id; it begins at the last mark, or at the anchor."""
    prices: Prices = {}
    try:
        for row in Instrument.objects.filter(symbol__in=ANCHORS):
            anchor_ticks = parse_scaled(ANCHORS[row.symbol], step=step_from_text(row.tick), field="anchor")
            version = ParametersVersion.objects.get(instrument_id=row.instrument_id, version=row.parameters_version)
            prices[row.instrument_id] = WanderingPrice(
                anchor_ticks=anchor_ticks,
                start_ticks=row.mark_price_ticks or anchor_ticks,
                maximum_ticks=version.maximum_price_ticks,
                seed=f"{seed}:{row.symbol}:{row.mark_price_ticks}",
            )
    except DatabaseError:
        return {}
    finally:
        connection.close()
    return prices


def send_next(prices: Prices) -> bool:
    """Sends the next mark of each; False when the engine did not take them all."""
    commands = [UpdateMarkPrice(*stamp(), instrument_id, price.step()) for instrument_id, price in prices.items()]
    try:
        results = gateway.submit_many(commands)
    except ApiError:
        return False
    return not any(isinstance(result, ApiError) for result in results)
