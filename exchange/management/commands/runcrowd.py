"""A small crowd that keeps the demo's markets alive: about ten orders a second in all."""

import random
import signal
import threading
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection

from exchange.contract.errors import ApiError
from exchange.demo.crowd import Maker, Market, Taker
from exchange.demo.world import ACCOUNT_NAME, MAKERS, TAKERS, Resident
from exchange.identity.models import Account
from trading.engine.commands import CancelAllOrders, CancelOrder
from trading.models import Instrument
from trading.services import gateway
from trading.services.first_listing import FIRST_LISTING
from trading.services.requests import stamp

INTERVAL_S: Final = 0.5
TAKES_A_STEP: Final = 0.7  # chance that a taker trades in one step of one instrument


class Command(BaseCommand):
    help = "Makers and takers for the demo world; they wait calmly while the engine is away."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", default="1")
        parser.add_argument("--interval", type=float, default=INTERVAL_S, help="Seconds between steps.")

    def handle(self, *, seed: str, interval: float, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        dice = random.Random(seed)
        crowd: Crowd | None = None
        state = ""
        while not stop.is_set():
            before = state
            try:
                crowd = crowd or gather(dice)
                state = "trades" if crowd and crowd.step() else "waits for the demo world to be built"
            except ApiError as error:
                crowd, state = None, f"waits: {error.code}"
            except DatabaseError:
                crowd, state = None, "waits for the database"
            finally:
                connection.close()
            if state != before:
                self.stdout.write(f"The crowd {state}.")
            stop.wait(interval)


class Crowd:
    """All makers and takers. When the engine was away a new one begins, with no quotes."""

    def __init__(self, makers: list[Maker], takers: list[Taker], dice: random.Random) -> None:
        self.makers, self.takers, self.dice = makers, takers, dice

    def step(self) -> bool:
        """One round; False while no instrument has a mark. Raises ApiError when the engine is away."""
        markets = read_markets()
        for maker in self.makers:
            market = markets.get(maker.instrument_id)
            if market is not None and self.dice.random() < 0.5:
                send(maker, maker.requote(market))
        for taker in self.takers:
            market = markets.get(taker.instrument_id)
            if market is not None and self.dice.random() < TAKES_A_STEP / len(TAKERS):
                send(taker, [taker.trade(market)])
        return bool(markets)


def send(trader: Maker | Taker, commands: list[Any]) -> None:
    """Raises ApiError where nobody knows what became of the commands; a refusal is only a quote less."""
    if not commands:
        return
    for command, result in zip(commands, gateway.submit_many(commands), strict=True):
        if isinstance(result, ApiError):
            if result.status >= 500:
                raise result
            if isinstance(command, CancelOrder) and isinstance(trader, Maker):
                trader.forget(command.order_id)
        elif result.order is not None:
            trader.learn(result.order)


def gather(dice: random.Random) -> Crowd | None:
    """The crowd with no open orders; None while its accounts or instruments are not there yet."""
    instrument_ids = [terms.instrument_id for terms, _ in FIRST_LISTING]
    maker_ids, taker_ids = account_ids(MAKERS), account_ids(TAKERS)
    if len(maker_ids) < len(MAKERS) or len(taker_ids) < len(TAKERS) or not read_markets():
        return None
    for account_id in maker_ids:
        gateway.submit(CancelAllOrders(*stamp(), account_id))
    makers = [Maker(account_id, instrument, dice) for account_id in maker_ids for instrument in instrument_ids]
    takers = [Taker(account_id, instrument, dice) for account_id in taker_ids for instrument in instrument_ids]
    return Crowd(makers, takers, dice)


def account_ids(residents: tuple[Resident, ...]) -> list[int]:
    emails = [resident.email for resident in residents]
    rows = Account.objects.filter(owner__email__in=emails, name=ACCOUNT_NAME).order_by("id")
    return list(rows.values_list("id", flat=True))


def read_markets() -> dict[int, Market]:
    """The demo's instruments that have an index, by id: makers who followed the mark would follow themselves."""
    symbols = [terms.symbol for terms, _ in FIRST_LISTING]
    return {
        row.instrument_id: Market(row.instrument_id, row.index_price_ticks, row.index_price_ticks * row.value_units)
        for row in Instrument.objects.filter(symbol__in=symbols, index_price_ticks__gt=0)
    }
