"""What the indices are made of: a TOML file says which venues count how much, and when a quote counts at all."""

import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, NamedTuple

from exchange.contract.errors import ApiError
from exchange.contract.numbers import parse_rate_ppb, parse_scaled, step_from_text
from risk.core.index_price import IndexRules
from trading.core.terms import PPB

SECOND_NS: Final = 10**9
FOLDER: Final = Path(__file__).parent / "indices"
RATES: Final = ("clamp", "outlier", "maximum_spread", "benchmark_distance")


class GuardRules(NamedTuple):
    """How long an index may be without firmness before its instruments take only makers, and then nothing.

    Afterwards each step back (cancel-only, post-only, normal) takes `step_ns` of firm index.
    """

    post_only_after_ns: int
    halt_after_ns: int
    step_ns: int


class IndexDefinition(NamedTuple):
    """The index of an asset in its currency. `weights` by venue; `benchmark` is a venue that is compared and does not
    count, "" for none; `instruments` are the symbols it gives marks to; `anchor` is where simulations begin."""

    asset: str
    tick: Decimal
    weights: dict[str, int]
    benchmark: str
    rules: IndexRules
    guard: GuardRules
    instruments: tuple[str, ...]
    anchor: Decimal


class BadDefinition(ValueError):
    """Its text says which index of the file is wrong, and how."""


def read_definitions(path: Path) -> dict[str, IndexDefinition]:
    """The indices of a file by asset. Raises BadDefinition, and OSError for a file that cannot be read."""
    try:
        tables = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadDefinition(f"{path}: {error}") from None
    definitions = {}
    for asset, table in tables.items():
        try:
            definitions[asset] = _definition(asset, table)
        except ApiError as error:
            raise BadDefinition(f"{path}, {asset}: {error.message}") from None
        except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation) as error:
            raise BadDefinition(f"{path}, {asset}: {type(error).__name__} {error}") from None
    return definitions


def _definition(asset: str, table: dict[str, Any]) -> IndexDefinition:
    weights = {str(venue): int(weight) for venue, weight in table["weights"].items()}
    if not weights or min(weights.values()) <= 0:
        raise ValueError("weights: at least one venue, and every weight above 0")
    if table.get("benchmark", "") in weights:
        raise ValueError("the benchmark must not be a constituent")
    tick = Decimal(table["tick"])
    parse_scaled(table["anchor"], step=step_from_text(table["tick"]), field="anchor")
    return IndexDefinition(
        asset=asset,
        tick=tick,
        weights=weights,
        benchmark=table.get("benchmark", ""),
        rules=_rules(table["rules"]),
        guard=_guard(table["guard"]),
        instruments=tuple(table["instruments"]),
        anchor=Decimal(table["anchor"]),
    )


def _rules(table: dict[str, Any]) -> IndexRules:
    clamp, outlier, spread, benchmark = (parse_rate_ppb(table[name], field=name) for name in RATES)
    if not 0 < clamp < PPB:
        raise ValueError("clamp: above 0 and below 1")
    return IndexRules(
        clamp_ppb=clamp,
        stale_after_ns=_nanoseconds(table["stale_after_s"]),
        minimum_sources=max(int(table["minimum_sources"]), 1),
        outlier_ppb=outlier,
        frozen_after_ns=_nanoseconds(table["frozen_after_s"]),
        maximum_spread_ppb=spread,
        benchmark_ppb=benchmark,
    )


def _guard(table: dict[str, Any]) -> GuardRules:
    rules = GuardRules(*(_nanoseconds(table[name]) for name in ("post_only_after_s", "halt_after_s", "step_s")))
    if not 0 < rules.post_only_after_ns < rules.halt_after_ns:
        raise ValueError("guard: 0 < post_only_after_s < halt_after_s")
    return rules


def _nanoseconds(seconds: int | float) -> int:
    return round(seconds * SECOND_NS)
