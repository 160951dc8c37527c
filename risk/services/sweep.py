"""The backstop of liquidations: every account is looked at again, whatever the engine's index of them says."""

import logging
from collections.abc import Iterator
from typing import Final

from django.db.models import Max
from prometheus_client import Counter

from exchange.contract.errors import ApiError
from trading.core.terms import INSURANCE_FUND
from trading.engine.commands import SweepLiquidations
from trading.engine.risk_events import LiquidationStarted
from trading.models import EngineAccount
from trading.services import gateway
from trading.services.requests import stamp

ACCOUNTS_AT_ONCE: Final = 1_000
FOUND: Final = Counter(
    "exchange_liquidations_found_by_sweep", "Liquidations that prices should have started and the sweep did."
)

logger = logging.getLogger(__name__)


def sweep_all() -> int:
    """Sends a command for each range of account ids, the insurance fund's included. Returns how many liquidations that
    started: 0 unless something is wrong, else it is logged and counted. With the engine away it ends early."""
    found = 0
    for first, last in _ranges():
        try:
            outcome = gateway.submit(SweepLiquidations(*stamp(), first, last))
        except ApiError as error:
            logger.info("The sweep of liquidations ends at account %s: %s", first, error.code)
            break
        found += sum(isinstance(event, LiquidationStarted) for event in outcome.events)
    if found:
        FOUND.inc(found)
        logger.warning("The sweep started %s liquidations that prices had not.", found)
    return found


def _ranges() -> Iterator[tuple[int, int]]:
    highest = EngineAccount.objects.aggregate(highest=Max("account_id"))["highest"] or 0
    for first in range(INSURANCE_FUND, highest + 1, ACCOUNTS_AT_ONCE):
        yield first, first + ACCOUNTS_AT_ONCE - 1
