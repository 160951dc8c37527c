"""The source that settings name, with the indices it is for."""

import time
from pathlib import Path

from django.conf import settings

from risk import selectors
from risk.feeds.definitions import FOLDER, IndexDefinition, read_definitions
from risk.feeds.recorded import RecordedSource
from risk.feeds.simulated import SimulatedSource
from risk.feeds.source import PriceSource


def chosen_definitions() -> dict[str, IndexDefinition]:
    """Those of FEED_INDICES, without it those that belong to FEED_SOURCE. Raises BadDefinition, OSError."""
    name = "simulated" if settings.FEED_SOURCE == "simulated" else "venues"
    return read_definitions(Path(settings.FEED_INDICES or FOLDER / f"{name}.toml"))


def chosen_source(definitions: dict[str, IndexDefinition]) -> PriceSource:
    """Raises BadDefinition, BadRecording, OSError, DatabaseError; ValueError for a source there is not."""
    if settings.FEED_SOURCE == "simulated":
        return _simulated(definitions)
    if settings.FEED_SOURCE == "recorded":
        if not settings.FEED_RECORDING:
            raise ValueError("FEED_RECORDING must name the file of recorded prices")
        return RecordedSource(path=Path(settings.FEED_RECORDING), start_ns=time.time_ns())
    if settings.FEED_SOURCE == "venues":
        from risk.feeds.venues import VenueSource  # ccxt takes seconds and 100 MB to import

        return VenueSource(definitions=definitions)
    raise ValueError(f"FEED_SOURCE is {settings.FEED_SOURCE}, not simulated, recorded or venues")


def _simulated(definitions: dict[str, IndexDefinition]) -> SimulatedSource:
    """Goes on from the last published index."""
    ticks = selectors.latest_ticks().items()
    starts = {asset: tick.record().index_price_ticks * definitions[asset].tick for asset, tick in ticks}
    start_ns = time.time_ns()
    return SimulatedSource(definitions=definitions, seed=settings.FEED_SEED, start_ns=start_ns, starts=starts)
