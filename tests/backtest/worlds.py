"""Small scenarios, and bars made up for them."""

import gzip
from datetime import UTC, datetime

from risk.backtest.run import Run
from risk.backtest.scenario import find, read_scenario, read_table

STARTS_S = int(datetime(2025, 1, 6, tzinfo=UTC).timestamp())


def scenario_of(name, **changes):
    """A scenario of the repository with some of its numbers changed."""
    path = find(name)
    return read_scenario(path, read_table(path))._replace(**changes)


def small(name, *, hours=2, traders=150, **changes):
    """The same with few traders and hours, so that it runs in a second or two."""
    scenario = scenario_of(name)
    rules = scenario.population._replace(traders=traders, makers=2)
    defaults = {"population": rules, "ends_s": scenario.starts_s + hours * 3600}
    return scenario._replace(**{**defaults, **changes})


def with_risk(scenario, **changes):
    """The same with some risk parameters of its first market changed."""
    market = scenario.markets[0]
    parameters = market.listing.parameters
    parameters = parameters._replace(risk=parameters.risk._replace(**changes))
    market = market._replace(listing=market.listing._replace(parameters=parameters))
    return scenario._replace(markets=(market, *scenario.markets[1:]))


def finished(scenario, market_data_dir=None):
    run = Run(scenario, market_data_dir=market_data_dir, report=lambda reached: None)
    run.run()
    return run


def write_bars(path, bars, *, bar_s, starts_s=STARTS_S):
    """bars: (open, high, low, close) as text or numbers, one after the other; None leaves one out."""
    lines = ["ts,open,high,low,close,volume"]
    for number, bar in enumerate(bars):
        if bar is not None:
            moment = datetime.fromtimestamp(starts_s + number * bar_s, UTC)
            lines.append(",".join([f"{moment:%Y-%m-%dT%H:%M:%SZ}", *map(str, bar), "1"]))
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    return path


CRASH = """
title = "A crash of our own"
seed = 11
starts_at = 2025-01-06T00:00:00Z
ends_at = 2025-01-06T02:00:00Z
fund = "20000"

[population]
profile = "bitmex-2019"
traders = 150
makers = 2
open_interest = "2000000"
depth = "100000"

[index]
minimum_sources = 2

[[markets]]
underlying = "BTC"
venues = [
    {{ name = "first", kind = "spot", file = "{first}", bar_s = 900, weight = 2 }},
    {{ name = "second", kind = "perpetual", file = "{second}", bar_s = 1800 }},
]
"""


def write_crash(folder):
    """A scenario file beside its bars: 100,000 down to 82,000 within two hours, two venues, one with longer bars."""
    closes = [100_000, 99_500, 99_000, 97_000, 94_000, 90_000, 84_000, 85_000]
    first, opened = [], 100_200
    for close in closes:
        first.append((opened, max(opened, close) + 300, min(opened, close) - 400, close))
        opened = close
    second = [(100_100, 100_600, 98_900, 99_450), (99_450, 99_500, 96_400, 97_050), (97_050, 97_200, 89_800, 90_100)]
    second.append((90_100, 90_300, 82_900, 84_900))
    one = write_bars(folder / "first.csv.gz", first, bar_s=900)
    other = write_bars(folder / "second.csv.gz", second, bar_s=1800)
    path = folder / "own-crash.toml"
    path.write_text(CRASH.format(first=one, second=other))
    return path
