"""A scenario: a TOML file that names prices, population, seed and parameters. Read into plain tuples, or refused.

Money is text in USDT, times are UTC, rates are decimals as text. docs/backtests/README.md explains every table.
"""

import tomllib
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, NamedTuple

from exchange.contract.errors import ApiError
from exchange.contract.numbers import parse_rate_ppb
from risk.backtest.listing import Listing, listing_of
from risk.backtest.population import PROFILES, PopulationRules
from risk.core.index_price import IndexRules
from risk.feeds.definitions import SECOND_NS, GuardRules
from trading.core.risk_text import RiskText

FOLDER: Final = Path(__file__).parent / "scenarios"
CHUNK_S: Final = 3_600
UNITS: Final = 10**6  # of a USDT
MADE_UP: Final = "made_up"
VENUE_KINDS: Final = ("spot", "perpetual", MADE_UP)
FAULTS: Final = ("scale", "freeze", "silence", "zero", "negative")


class ScenarioError(Exception):
    """Why a scenario cannot be run, in one sentence."""


class Fault(NamedTuple):
    """What is wrong with a venue for a time, in seconds from the start: one of FAULTS; `factor` is for scale."""

    starts_s: int
    ends_s: int
    kind: str
    factor: Decimal


class VenueSpec(NamedTuple):
    """A constituent: bars of `bar_s` seconds in `file`, or made-up (second, price) knots with lines between them."""

    name: str
    kind: str
    weight: int
    file: str
    bar_s: int
    knots: tuple[tuple[int, Decimal], ...]
    noise_ppb: int
    faults: tuple[Fault, ...]


class MarketSpec(NamedTuple):
    """An instrument with the venues its index is made of."""

    listing: Listing
    venues: tuple[VenueSpec, ...]


class Scenario(NamedTuple):
    """From the first to the last second, in UNIX seconds; a price every second."""

    name: str
    title: str
    note: str
    seed: int
    starts_s: int
    ends_s: int
    fund_units: int
    premium_every_s: int
    markets: tuple[MarketSpec, ...]
    population: PopulationRules
    index: IndexRules
    mark_bound_ppb: int
    guard: GuardRules


def find(given: str) -> Path:
    """The scenario's file: a name from the repository, or a path. Raises ScenarioError."""
    for candidate in (FOLDER / f"{given}.toml", Path(given)):
        if candidate.is_file():
            return candidate
    names = ", ".join(sorted(path.stem for path in FOLDER.glob("*.toml")))
    raise ScenarioError(f"There is no scenario {given}; those of the repository are {names}. A path will do, too.")


def read_table(path: Path) -> dict[str, Any]:
    """The file's content; with `like`, the name of another scenario, what it does not say is as there.

    Raises ScenarioError.
    """
    table = _read(path)
    return {**_read(find(table.pop("like"))), **table} if "like" in table else table


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as reason:
        raise ScenarioError(f"{path}: {reason}.") from None


def read_scenario(path: Path, table: dict[str, Any]) -> Scenario:
    """The scenario of a file's content. Raises ScenarioError that says what is wrong with it."""
    try:
        return _scenario(path.stem, table)
    except ApiError as refusal:
        raise ScenarioError(f"{path}: {refusal.message}") from None
    except KeyError as missing:
        raise ScenarioError(f"{path}: {missing} is missing.") from None
    except (ValueError, TypeError, AttributeError, InvalidOperation) as reason:
        raise ScenarioError(f"{path}: {reason}.") from None


def _scenario(name: str, table: dict[str, Any]) -> Scenario:
    starts_s, ends_s = _seconds(table["starts_at"]), _seconds(table["ends_at"])
    _require(starts_s % CHUNK_S == 0, "starts_at must be a full hour")
    _require(starts_s < ends_s, "ends_at must be after starts_at")
    risk = RiskText(**table.get("risk", {}))
    markets = tuple(
        MarketSpec(
            listing_of(market["underlying"], instrument_id=number, risk=risk),
            tuple(_venue(venue) for venue in market["venues"]),
        )
        for number, market in enumerate(table["markets"], 1)
    )
    _require(all(market.venues for market in markets) and markets != (), "every market needs venues")
    return Scenario(
        name=name,
        title=str(table["title"]),
        note=str(table.get("note", "")),
        seed=int(table["seed"]),
        starts_s=starts_s,
        ends_s=ends_s,
        fund_units=_units(table["fund"]),
        premium_every_s=int(table.get("premium_every_s", 60)),
        markets=markets,
        population=_population(table["population"]),
        index=_index(table.get("index", {})),
        mark_bound_ppb=_rate(table.get("mark_bound", "0.01")),
        guard=_guard(table.get("guard", {})),
    )


def _venue(table: dict[str, Any]) -> VenueSpec:
    kind = str(table["kind"])
    _require(kind in VENUE_KINDS, f"a venue's kind is one of {', '.join(VENUE_KINDS)}")
    knots = tuple((int(second), Decimal(price)) for second, price in table.get("knots", ()))
    _require((kind == MADE_UP) == bool(knots), "made-up venues have knots, others a file")
    _require(list(knots) == sorted(knots) and (not knots or knots[0][0] == 0), "knots rise from second 0")
    bar_s = 0 if knots else int(table["bar_s"])
    _require(kind == MADE_UP or (bar_s >= 4 and CHUNK_S % bar_s == 0), "bar_s must divide an hour")
    return VenueSpec(
        name=str(table["name"]),
        kind=kind,
        weight=int(table.get("weight", 1)),
        file="" if knots else str(table["file"]),
        bar_s=bar_s,
        knots=knots,
        noise_ppb=_rate(table.get("noise", "0")),
        faults=tuple(_fault(fault) for fault in table.get("faults", ())),
    )


def _fault(table: dict[str, Any]) -> Fault:
    _require(table["kind"] in FAULTS, f"a fault's kind is one of {', '.join(FAULTS)}")
    return Fault(int(table["starts_s"]), int(table["ends_s"]), str(table["kind"]), Decimal(table.get("factor", "1")))


def _population(table: dict[str, Any]) -> PopulationRules:
    readers: dict[str, Callable[[Any], Any]] = {
        "profile": str,
        "traders": int,
        "makers": int,
        "open_interest_units": _units,
        "depth_units": _units,
        "orders_per_s": float,
        "both_markets": float,
        "isolated": float,
    }
    defaults = PopulationRules()._asdict()
    given = {name if name in defaults else f"{name}_units": value for name, value in table.items()}
    unknown = sorted(set(given) - set(defaults))
    _require(not unknown, f"population knows no {', '.join(unknown)}")
    rules = PopulationRules(**{**defaults, **{name: readers[name](value) for name, value in given.items()}})
    _require(rules.profile in PROFILES, f"profile is one of {', '.join(PROFILES)}")
    _require(rules.traders >= 2 and rules.makers >= 1, "there are at least two traders and a maker")
    return rules


def _index(table: dict[str, Any]) -> IndexRules:
    return IndexRules(
        clamp_ppb=_rate(table.get("clamp", "0.005")),
        stale_after_ns=int(table.get("stale_after_s", 30)) * SECOND_NS,
        minimum_sources=int(table.get("minimum_sources", 3)),
        outlier_ppb=_rate(table.get("outlier", "0.05")),
        frozen_after_ns=int(table.get("frozen_after_s", 120)) * SECOND_NS,
        maximum_spread_ppb=0,
        benchmark_ppb=0,
    )


def _guard(table: dict[str, Any]) -> GuardRules:
    return GuardRules(
        post_only_after_ns=int(table.get("post_only_after_s", 15)) * SECOND_NS,
        halt_after_ns=int(table.get("halt_after_s", 60)) * SECOND_NS,
        step_ns=int(table.get("step_s", 10)) * SECOND_NS,
    )


def _seconds(moment: datetime) -> int:
    _require(isinstance(moment, datetime) and moment.tzinfo is not None, "times are written like 2020-03-12T00:00:00Z")
    return int(moment.timestamp())


def _units(text: str) -> int:
    return int(Decimal(text) * UNITS)


def _rate(text: str) -> int:
    return parse_rate_ppb(text, field="rate")


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise ValueError(reason)
