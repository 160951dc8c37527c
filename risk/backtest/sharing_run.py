"""The scenario that compares two ways of deleveraging: its file, its figures and its page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, Final, NamedTuple

from risk.backtest.bars import resolve
from risk.backtest.population import PROFILES
from risk.backtest.report import Figure, never, render, usdt
from risk.backtest.scenario import UNITS, ScenarioError
from risk.backtest.sharing import Compared, Outcome, SharingRules, compare, read_sums, totals

KIND: Final = "sharing"
LARGEST: Final = 12
NAMES: Final = (
    "Winners closed against",
    "Positions closed wholly",
    "Winners who bear half of the loss of their coins",
    "Given up",
    "Lost beyond all gains",
    "Borne by nobody",
    "Worst part of a gain lost, mean of coins",
    "Closed of winners with leverage of ten and more",
)


class SharingScenario(NamedTuple):
    name: str
    title: str
    note: str
    seed: int
    file: str
    rules: SharingRules


class Table(NamedTuple):
    caption: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


def read_sharing(path: Path, table: dict[str, Any]) -> SharingScenario:
    """Raises ScenarioError that says what is wrong with the file."""
    try:
        given = dict(table["sharing"])
        capacity_units = int(given.pop("capacity_a_winner")) * UNITS
        rules = SharingRules(capacity_a_winner_units=capacity_units, **given)
        scenario = SharingScenario(
            path.stem, str(table["title"]), str(table["note"]), int(table["seed"]), str(table["file"]), rules
        )
    except (KeyError, ValueError, TypeError) as reason:
        raise ScenarioError(f"{path}: {type(reason).__name__} {reason}.") from None
    is_sound = rules.profile in PROFILES and 0 < rules.closed_share <= 1 and 0 < rules.least_gain < rules.most_gain
    if not is_sound or not 0 < rules.fewest_winners <= rules.most_winners or capacity_units <= 0:
        raise ScenarioError(f"{path}: the numbers of [sharing] do not fit.")
    return scenario


def run_sharing(scenario: SharingScenario, *, market_data_dir: str | None) -> tuple[dict[str, Any], str]:
    """(figures, page). Raises BarsError for a recording that cannot be used."""
    started = perf_counter()
    coins = read_sums(resolve(scenario.file, market_data_dir))
    compared = [compare(sums, scenario.rules, Random(f"{scenario.seed}:{sums.coin}")) for sums in coins]
    values = _values(scenario, compared, perf_counter() - started)
    return values, _page(scenario, compared, values)


def _values(scenario: SharingScenario, compared: Sequence[Compared], seconds: float) -> dict[str, Any]:
    """No engine, fund or price takes part: what only they could make is 0."""
    by_rank, pro_rata = totals(compared, lambda one: one.by_rank), totals(compared, lambda one: one.pro_rata)
    closed_units = sum(one.lots * one.loss_a_lot_units for one in compared)
    return {
        "ledger_imbalance_units": sum(
            abs(way.given_up_units + way.unborne_units - closed_units) for way in (by_rank, pro_rata)
        ),
        "bad_debt_units": by_rank.unborne_units,
        "fund_start_units": 0,
        "fund_end_units": 0,
        "fund_min_units": 0,
        "deficit_units": sum(one.sums.deficit_units for one in compared),
        "deleveraged_units": by_rank.given_up_units,
        "liquidations": len(compared),
        "wrongful_liquidations": 0,
        "max_queue": max(one.winners for one in compared),
        "events": by_rank.accounts + pro_rata.accounts,
        "seconds": round(seconds, 3),
        "scenario": scenario.name,
        "seed": scenario.seed,
        "accounts": sum(one.winners for one in compared),
        "capacity_units": sum(one.sums.capacity_units for one in compared),
        "beyond_capacity": sum(one.sums.deficit_units > one.sums.capacity_units for one in compared),
        "more_than_a_lot_beyond_deficit": sum(
            one.by_rank.given_up_units > one.sums.deficit_units + one.loss_a_lot_units for one in compared
        ),
        "by_rank": by_rank._asdict(),
        "pro_rata": pro_rata._asdict(),
    }


def _page(scenario: SharingScenario, compared: Sequence[Compared], values: dict[str, Any]) -> str:
    rules = scenario.rules
    too_much, tone = never(values["more_than_a_lot_beyond_deficit"])
    return render(
        title=scenario.title,
        note=scenario.note,
        command=f"manage.py backtest {scenario.name}",
        period="10 October 2025, 21:16 to 21:27 UTC",
        figures=[
            Figure("Coins with a deficit", f"{len(compared)}", f"{values['accounts']:,} winners drawn"),
            Figure("Deficit", usdt(values["deficit_units"]), "what bankrupt positions were short of"),
            Figure("Capacity", usdt(values["capacity_units"]), "what the winners had gained"),
            Figure("Coins beyond capacity", f"{values['beyond_capacity']}", "no way of sharing is enough there"),
            Figure("More than a lot too much", too_much, "given up beyond the deficit, by rank", tone),
        ],
        tables=[_both_ways(compared), _largest(compared)],
        population=(
            f"A winner for each {usdt(rules.capacity_a_winner_units)} of a coin's capacity, at least "
            f"{rules.fewest_winners} and at most {rules.most_winners}, by the profile {rules.profile}; gains of "
            f"{rules.least_gain:.0%} to {rules.most_gain:.0%} of their entry; {rules.closed_share:.0%} of their lots "
            f"are closed; seed {scenario.seed}. Sums from {scenario.file}, which holds sums and no accounts."
        ),
    )


def _both_ways(compared: Sequence[Compared]) -> Table:
    within = [one for one in compared if one.sums.deficit_units <= one.sums.capacity_units]
    columns = [
        totals(ones, way) for ones in (compared, within) for way in (lambda one: one.by_rank, lambda one: one.pro_rata)
    ]
    head = ("", "by rank", "pro rata", "by rank, within capacity", "pro rata, within capacity")
    return Table("Both ways", head, [(name, *cells) for name, *cells in zip(NAMES, *map(_cells, columns), strict=True)])


def _cells(outcome: Outcome) -> tuple[str, ...]:
    return (
        f"{outcome.accounts:,}",
        f"{outcome.emptied:,}",
        f"{outcome.half_borne_by:,}",
        usdt(outcome.given_up_units),
        usdt(outcome.beyond_gain_units),
        usdt(outcome.unborne_units),
        f"{outcome.worst_permille / 10:.1f} %",
        usdt(outcome.levered_lots * UNITS),
    )


def _largest(compared: Sequence[Compared]) -> Table:
    head = ("Coin", "Deficit", "Capacity", "Winners", "Closed against, by rank", "Beyond gains, by rank", "pro rata")
    largest = sorted(compared, key=lambda one: -one.sums.deficit_units)[:LARGEST]
    rows = [
        (
            one.sums.coin,
            usdt(one.sums.deficit_units),
            usdt(one.sums.capacity_units),
            f"{one.winners:,}",
            f"{one.by_rank.accounts:,}",
            usdt(one.by_rank.beyond_gain_units),
            usdt(one.pro_rata.beyond_gain_units),
        )
        for one in largest
    ]
    return Table(f"The {LARGEST} largest deficits", head, rows)
